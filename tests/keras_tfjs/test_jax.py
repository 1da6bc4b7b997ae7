"""Layers models with Keras on JAX, without TensorFlow: `make test-jax`."""

import json
import os
import subprocess

import keras
import numpy as np
import pytest
from keras import layers

from harness import ROOT
from keras_tfjs import layers_model
from tests.keras_tfjs.case import randomize

pytestmark = pytest.mark.jax
PYTHON = ROOT / ".venv-jax/bin/python"


def python(*line, cwd=None, **variables) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KERAS_"))}
    environment |= variables
    line = [str(part) for part in (PYTHON, *line)]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True)


def convert(*line, **kwargs) -> str:
    result = python("-m", "keras_tfjs.convert", *line, **kwargs)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture(scope="module")
def model():
    x = keras.Input((6, 4), name="x")
    y = layers.BatchNormalization()(layers.Conv1D(5, 3, activation="relu")(x))
    y = layers.Concatenate()([layers.LSTM(3)(y), layers.Flatten()(y)])
    return randomize(keras.Model(x, layers.Dense(2, "softmax")(y)))


def test_tensorflow_is_not_installed():
    assert "No module named 'tensorflow'" in python("-c", "import tensorflow").stderr


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("flags", [[], ["--quantize=uint8"], ["--quantize=float16"]])
def test_jax_and_tensorflow_write_equal_files(tmp_path, model, suffix, flags):
    model.save(tmp_path / f"model{suffix}")
    convert(tmp_path / f"model{suffix}", tmp_path / "jax", *flags)
    quantize = flags[0].partition("=")[2] if flags else None
    layers_model.save(model, tmp_path / "tensorflow", quantize=quantize)
    for name in ("model.json", "weights.bin"):
        first, second = (tmp_path / backend / name for backend in ("jax", "tensorflow"))
        assert first.read_bytes() == second.read_bytes()


def test_layers_model_converts_back_unchanged(tmp_path, model):
    layers_model.save(model, tmp_path / "js")
    assert convert(tmp_path / "js", tmp_path / "back.keras") == f"Wrote {tmp_path}/back.keras.\n"
    x = np.ones((2, 6, 4), np.float32)
    assert np.array_equal(keras.models.load_model(tmp_path / "back.keras")(x), model(x))


def test_check_finds_equal_outputs(tmp_path, model):
    """The outputs of JAX and TensorFlow.js are equal."""
    model.save(tmp_path / "model.keras")
    out = convert(tmp_path / "model.keras", tmp_path / "js", "--check", cwd=ROOT)
    differences = [float(line.split("most ")[1].split()[0]) for line in out.splitlines()[2:]]
    assert len(differences) == 2 and max(differences) <= 1e-6


@pytest.mark.parametrize(
    ("flags", "variables", "words"),
    [
        (["--format=graph_model"], {}, "graph models and SavedModels need TensorFlow: pip install"),
        ([], {"KERAS_BACKEND": "tensorflow"}, "cannot use KERAS_BACKEND=tensorflow: No module nam"),
        ([], {"KERAS_BACKEND": "x"}, "Keras cannot use KERAS_BACKEND=x: "),
    ],
)
def test_errors_print_one_line(tmp_path, model, flags, variables, words):
    model.save(tmp_path / "model.keras")
    line = [tmp_path / "model.keras", tmp_path / "js", *flags]
    result = python("-m", "keras_tfjs.convert", *line, **variables)
    assert result.returncode == 1 and words in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "js").exists()


def test_damaged_file_prints_one_line(tmp_path, model):
    model.save(tmp_path / "model.keras")
    data = (tmp_path / "model.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(data[:-100])
    result = python("-m", "keras_tfjs.convert", tmp_path / "model.keras", tmp_path / "js")
    assert result.returncode == 1 and result.stderr.count("\n") == 1


def test_save_and_load_from_python(tmp_path, model):
    layers_model.save(model, tmp_path / "js")
    code = (
        "import json, numpy as np; from keras_tfjs import layers_model\n"
        "model = layers_model.load('js')\n"
        "layers_model.save(model, 'again', metadata={'a': 1})\n"
        "print(json.dumps(np.asarray(model(np.ones((1, 6, 4), 'float32'))).tolist()))"
    )
    result = python("-c", code, cwd=tmp_path, KERAS_BACKEND="jax")
    assert result.returncode == 0, result.stderr
    expected = model(np.ones((1, 6, 4), np.float32))
    assert np.allclose(json.loads(result.stdout), expected, atol=1e-6)
    assert layers_model.load_metadata(tmp_path / "again") == {"a": 1}
