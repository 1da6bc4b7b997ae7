"""Files of the official tensorflowjs_converter, and our files in it: `make test-converter`."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from harness import ROOT
from harness.javascript import difference, graph_job
from keras_tfjs import layers_model
from tests.keras_tfjs.case import run

HERE = Path(__file__).parent
pytestmark = pytest.mark.converter
CONVERTER = ROOT / ".venv-converter/bin/tensorflowjs_converter"


def run_there(*line) -> None:
    """Run a command in the converter's environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    result = subprocess.run(line, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr


def convert(source, target, *flags) -> None:
    run_there(CONVERTER, *flags, source, target)


def output_name(directory, names, output) -> str:
    """Return the converter's name of an output; it drops the names of several outputs."""
    given = json.loads((directory / "model.json").read_text())["signature"]["outputs"]
    number = names.index(output)
    return output if output in given else f"Identity_{number}:0" if number else "Identity:0"


@pytest.mark.parametrize("backend", ["cpu", "wasm"])
@pytest.mark.parametrize(
    ("directory", "outputs"),
    [
        ("text", ["probabilities"]),
        ("decoder", ["decoded"]),
        ("encoder", ["z_mean", "z_log_var"]),
        ("vae", ["z_mean", "z_log_var"]),
    ],
)
def test_official_converter_converts_our_saved_models(
    run_in_node, text_run, image_run, tmp_path, directory, outputs, backend
):
    text = directory == "text"
    saved = text_run / "saved_model" if text else image_run / "saved_model" / directory
    flags = ["--input_format=tf_saved_model", "--output_format=tfjs_graph_model"]
    convert(saved, tmp_path, *flags, "--control_flow_v2=true")
    serve = tf.saved_model.load(str(saved)).signatures["serving_default"]
    ((name, spec),) = serve.structured_input_signature[1].items()
    shape = [3, *spec.shape[1:]]
    value = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    names = [output_name(tmp_path, sorted(serve.structured_outputs), output) for output in outputs]
    job = graph_job(tmp_path, {name: value}, names)
    expected = serve(tf.constant(value))
    (answer,) = run_in_node(backend, [job])
    assert difference(answer, [expected[output] for output in outputs]) <= 1e-6


def test_official_layers_models_do_not_load(run_in_node, text_run, tmp_path):
    """The reason for keras_tfjs. If this test fails, the official converter supports Keras 3."""
    flags = ["--input_format=keras_keras", "--output_format=tfjs_layers_model"]
    convert(text_run / "model.keras", tmp_path, *flags)
    (answer,) = run_in_node("cpu", [{"kind": "layers", "url": f"file://{tmp_path}/model.json"}])
    assert "An InputLayer should be passed either" in answer["error"]


def test_load_reads_layers_models_of_keras_2(tmp_path):
    """The models are from HDF5 files and SavedModels, with shards, and have every shared class."""
    run_there(CONVERTER.parent / "python", HERE / "keras2_models.py", tmp_path)
    for file in tmp_path.glob("*.npz"):
        arrays = np.load(file)
        inputs = [arrays[name] for name in sorted(arrays) if name.startswith("input")]
        expected = [arrays[name] for name in sorted(arrays) if name.startswith("output")]
        for source in ("h5", "saved"):
            outputs = run(layers_model.load(tmp_path / f"{file.stem}-{source}"), inputs)
            for found, wanted in zip(outputs, expected, strict=True):
                scale = max(1, np.abs(wanted).max())
                assert np.abs(found - wanted).max() <= 1e-5 * scale, file.stem
