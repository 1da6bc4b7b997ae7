"""The report of the command `convert`: sizes, differences, and the check in Node."""

import re
import shutil

import keras
import pytest

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer, which the files name)
from harness import javascript
from keras_tfjs import convert
from tests.support.commands import assert_one_line


@pytest.mark.parametrize("format_", ["layers_model", "graph_model"])
def test_quantize_prints_sizes_and_difference(call, tmp_path, model, format_):
    model.save(tmp_path / "model.keras")
    line = [tmp_path / "model.keras", tmp_path / "js", f"--format={format_}", "--quantize=uint8"]
    code, out, err = call(convert, *line)
    assert (code, err) == (0, "")
    last = out.splitlines()[-1]
    found = re.fullmatch(r"The quantized weights: outputs differ by at most (.*) on .*\.", last)
    assert found and 1e-5 < float(found[1]) < 2e-2


def test_random_outputs_are_not_compared(call, tmp_path, image_run):
    line = [image_run / "encoder.keras", tmp_path / "js", "--quantize=float16"]
    code, out, _ = call(convert, *line)
    assert code == 0
    assert out.endswith("The outputs were not compared: the model's outputs are random.\n")


@pytest.fixture
def in_node_modules(monkeypatch):
    """Run the test in the directory where TensorFlow.js is installed."""
    if missing := javascript.missing_for_node():
        pytest.skip(missing)
    monkeypatch.chdir(javascript.ROOT)


@pytest.mark.parametrize("flags", [[], ["--format=graph_model"], ["--quantize=uint16"]])
def test_check_runs_the_model_in_node(call, tmp_path, model, in_node_modules, flags):
    model.save(tmp_path / "model.keras")
    code, out, err = call(convert, tmp_path / "model.keras", tmp_path / "js", "--check", *flags)
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if line.startswith("TensorFlow.js")]
    pattern = r"TensorFlow.js 4.22.0 on (\w+): outputs differ by at most (\S+) on random inputs\."
    found = [re.fullmatch(pattern, line) for line in lines]
    assert [match[1] for match in found] == ["cpu", "wasm"]
    assert all(float(match[2]) < (1e-3 if "quant" in str(flags) else 1e-6) for match in found)


def test_check_compares_several_inputs_and_outputs(call, tmp_path, in_node_modules):
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b", dtype="int32")
    embedded = keras.layers.Flatten()(keras.layers.Embedding(5, 4)(b))
    both = keras.layers.Concatenate()([a, embedded])
    model = keras.Model([a, b], [keras.layers.Dense(2)(both), keras.layers.Dense(3)(both)])
    model.save(tmp_path / "model.keras")
    for flags in ([], ["--format=graph_model"]):
        line = [tmp_path / "model.keras", tmp_path / "js", "--check", *flags]
        code, out, err = call(convert, *line)
        assert code == 0, err
        assert len(re.findall(r"differ by at most (?:0\.0e\+00|\S+e-0[6-9]) on", out)) == 2, out


@keras.saving.register_keras_serializable("tests")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_check_of_a_custom_class_fails(call, tmp_path, in_node_modules):
    """The page would register the class; --check has no page."""
    keras.Sequential([keras.Input((2,)), Doubled()]).save(tmp_path / "model.keras")
    result = call(convert, tmp_path / "model.keras", tmp_path / "js", "--check")
    assert_one_line(result, "TensorFlow.js cannot run", "js on cpu: Unknown layer: Doubled")


@pytest.mark.parametrize(
    ("path", "words"),
    [("", "--check needs Node"), (None, "npm install @tensorflow/tfjs @tensorflow/tfjs-backend")],
)
def test_check_without_node_or_tensorflow_js_fails(
    call, tmp_path, keras_file, monkeypatch, path, words
):
    monkeypatch.chdir(tmp_path)
    if path is not None:
        monkeypatch.setenv("PATH", path)
    elif not shutil.which("node"):
        pytest.skip("Node is not installed")
    assert_one_line(call(convert, keras_file, tmp_path / "js", "--check"), words)
    assert not list(tmp_path.iterdir())
