"""The command `convert`: conversions and errors."""

import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer, which the files name)
from keras_tfjs import convert, layers_model, official_flags
from tests.support.commands import assert_one_line, command


def test_layers_model_converts_back_unchanged(call, tmp_path, keras_file):
    code, out, err = call(convert, keras_file, tmp_path / "js")
    assert (code, err) == (0, "")
    assert out == (
        f"Wrote {tmp_path / 'js'}: a layers model with 0.4 kB of weights.\n"
        "It runs on the backends cpu, wasm, webgl, tensorflow.\n"
    )
    assert sorted(p.name for p in (tmp_path / "js").iterdir()) == ["model.json", "weights.bin"]
    for source in ("js", "js/model.json"):
        target = tmp_path / "deep" / "back.keras"
        assert call(convert, tmp_path / source, target)[0] == 0
        x = np.ones((2, 6, 4), np.float32)
        back, model = (keras.models.load_model(p, compile=False) for p in (target, keras_file))
        assert np.array_equal(back(x), model(x))
        target.unlink()


def test_nested_compiled_models_convert(call, tmp_path):
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    inner.compile("adam", "mse")
    model = keras.Sequential([keras.Input((3,)), inner])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    code, _, err = call(convert, tmp_path / "model.keras", tmp_path / "js")
    assert code == 0, err
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(layers_model.load(tmp_path / "js")(x), model(x))


def test_saved_model_converts_to_graph_model(call, tmp_path, text_run):
    assert call(convert, text_run / "saved_model", tmp_path)[0] == 0
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["format"] == "graph-model"
    assert list(content["signature"]["outputs"]) == ["probabilities"]


def test_keras_model_converts_to_graph_model(call, tmp_path, image_run):
    assert call(convert, image_run / "decoder.keras", tmp_path, "--format=graph_model")[0] == 0
    content = json.loads((tmp_path / "model.json").read_text())
    assert list(content["signature"]["inputs"]) == ["decoder_input"]


def test_custom_class_needs_register(image_run, tmp_path):
    """Run the command in a new process, which has not imported the class."""
    result = command(convert.__name__, image_run / "encoder.keras", tmp_path / "js")
    assert_one_line(
        (result.returncode, result.stdout, result.stderr),
        "encoder.keras has ZLayer in it: name the module that registers it with --register",
    )
    register = "--register=fashion_mnist_vae.model"
    for line in (["encoder.keras", "js"], ["encoder", "encoder.keras"]):
        result = command(convert.__name__, image_run / line[0], tmp_path / line[1], register)
        assert result.returncode == 0, result.stderr
    back = keras.models.load_model(tmp_path / "encoder.keras", compile=False)
    assert [layer.name for layer in layers_model.load(tmp_path / "js").layers] == [
        layer.name for layer in back.layers
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["name the input and the output"]),
        (["{keras}"], ["name the input and the output"]),
        (["{tmp}/nothing", "{tmp}/out"], ["there is no", "nothing"]),
        (["{tmp}/text.txt", "{tmp}/out"], ["text.txt is neither a .keras or .h5 file"]),
        (["{tmp}", "{tmp}/out"], ["is neither a SavedModel", "no saved_model.pb", "no model.json"]),
        (["{keras}", "{tmp}/text.txt"], ["text.txt is a file; name a directory"]),
        (["{keras}", "{tmp}/out", "--format=keras"], ["is a Keras model: only a layers model"]),
        (
            ["{run}/decoder", "{tmp}/out"],
            ["decoder is a layers model: name an OUT.keras"],
        ),
        (["{run}/decoder", "{tmp}/out", "--format=keras"], ["ends with .keras, unlike"]),
        (
            ["{run}/saved_model/decoder", "{tmp}/out.keras"],
            ["is a SavedModel: only a layers model"],
        ),
        (["{run}/saved_model/vae", "{tmp}/out", "--format=layers_model"], ["has no layers"]),
        (
            ["{run}/graph_model/decoder", "{tmp}/out.keras"],
            ["is a graph model: it is frozen"],
        ),
        (["{tmp}/bad.json", "{tmp}/out.keras"], ["bad.json: Expecting property name"]),
        (["{tmp}/bad.keras", "{tmp}/out"], ["bad.keras"]),
        (["{keras}", "{tmp}/out", "--register=no.such"], ["--register=no.such: No module named"]),
        (["{keras}", "{tmp}/out", "--register=.x"], ["--register=.x: "]),
        (["{keras}", "{tmp}/out", "--quantize=int8"], ["--quantize=int8: must be float16, uint8"]),
        (["{keras}", "{tmp}/out", "--quantize=uint8:x"], ["no weight is named x; some names are"]),
        (["{keras}", "{tmp}/out", "--metadata={tmp}/no"], ["/no: No such file", "a JSON file"]),
        (["{keras}", "{tmp}/out", "--metadata={tmp}/bad.json"], ["bad.json: Expecting property"]),
        (["{keras}", "{tmp}/out", "--metadata={tmp}/list.json"], ["list.json: must be an object"]),
        (["{keras}", "{tmp}/out", "--metadata="], ["--metadata=: Is a directory; name a JSON"]),
        (
            ["{keras}", "{tmp}/out", "--backends=wasm,tpu"],
            ["--backends: there is no tpu, only"],
        ),
        (["{keras}", "{tmp}/out", "--signature=x"], ["--signature is for SavedModels"]),
        (["{run}/saved_model/vae", "{tmp}/out", "--signature=x"], ["has no signature x"]),
        (["{run}/decoder", "{tmp}/out.keras", "--quantize=uint8"], ["--quantize is for models of"]),
        (
            ["{run}/decoder", "{tmp}/out.keras", "--check"],
            ["--check is for models of"],
        ),
    ],
)
def test_bad_input_prints_one_line(call, tmp_path, keras_file, image_run, arguments, words):
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "bad.keras").write_bytes(keras_file.read_bytes()[:-200])
    before = sorted(tmp_path.rglob("*"))
    line = [a.format(tmp=tmp_path, keras=keras_file, run=image_run) for a in arguments]
    assert_one_line(call(convert, *line), *words)
    assert sorted(tmp_path.rglob("*")) == before


ONLY_WEIGHTS = "has weights only: build the model in Python"
OTHERS = {
    "model.tflite": (b"TFL3", "is a LiteRT model"),
    "model.onnx": (b"", "is an ONNX model: run it with onnxruntime-web"),
    "frozen.pb": (b"", "is a graph without a signature: save a SavedModel"),
    "model.weights.h5": (b"", ONLY_WEIGHTS),
    "model.safetensors": (b"", ONLY_WEIGHTS),
    "model.pth": (b"", ONLY_WEIGHTS),
    "directory/checkpoint": (b"", ONLY_WEIGHTS),
    "directory/model.weights.h5": (b"", ONLY_WEIGHTS),
    "model.keras": (b"\x89HDF\r\n\x1a\n", "is an HDF5 file: give it a name that ends with .h5"),
    "model.h5": (b"", "is neither a .keras or .h5 file of Keras, nor a SavedModel"),
    "directory/saved_model.pb": (b"\xff", "saved_model.pb"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_format_prints_advice(call, tmp_path, name):
    content, words = OTHERS[name]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    source = file.parent if file.parent != tmp_path else file
    assert_one_line(call(convert, source, tmp_path / "out"), words)
    assert not (tmp_path / "out").exists()


def test_unpacked_keras_file_prints_advice(call, tmp_path, keras_file):
    with zipfile.ZipFile(keras_file) as archive:
        archive.extractall(tmp_path / "unpacked")
    result = call(convert, tmp_path / "unpacked", tmp_path / "out")
    assert_one_line(result, "unpacked is an unpacked .keras file: zip its files")


@pytest.mark.parametrize("flag", official_flags.ANSWERS)
def test_official_flag_prints_advice(call, flag):
    result = call(convert, "in", "out", f"--{flag}=x")
    words = (f"--{flag} is a flag of tensorflowjs_converter: ", official_flags.ANSWERS[flag])
    assert_one_line(result, *words, status=2)


def test_hdf5_model_converts(call, tmp_path, model):
    model.compile("adam", "mse")
    model.save(tmp_path / "model.h5")
    assert call(convert, tmp_path / "model.h5", tmp_path / "js")[0] == 0
    x = np.ones((2, 6), np.float32)
    assert np.array_equal(layers_model.load(tmp_path / "js")(x), model(x))


@pytest.mark.parametrize("format_", ["layers_model", "graph_model"])
def test_layers_model_converts_to_other_formats(call, tmp_path, model, format_):
    layers_model.save(model, tmp_path / "js")
    line = [tmp_path / "js", tmp_path / "out", f"--format={format_}", "--quantize=uint16"]
    code, out, _ = call(convert, *line)
    assert code == 0
    assert f"a {format_.replace('_', ' ')} with 0.1 kB of weights instead of 0.2 kB.\n" in out
    content = json.loads((tmp_path / "out/model.json").read_text())
    assert content["format"] == format_.replace("_", "-")


def test_signature_flag_chooses_the_signature(call, tmp_path):
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.float32, "x")
    functions = {
        "serving_default": tf.function(lambda x: {"y": x + 1}, [spec]),
        "double": tf.function(lambda x: {"twice": 2 * x}, [spec]),
    }
    tf.saved_model.save(module, tmp_path / "saved", signatures=functions)
    assert call(convert, tmp_path / "saved", tmp_path / "out", "--signature=double")[0] == 0
    content = json.loads((tmp_path / "out/model.json").read_text())
    assert list(content["signature"]["outputs"]) == ["twice"]


@pytest.mark.parametrize("format_", ["layers_model", "graph_model"])
def test_metadata_flag_writes_metadata(call, tmp_path, keras_file, model, format_):
    (tmp_path / "classes.json").write_text('{"classes": ["caf\u00e9"]}', encoding="utf-8")
    model.save(tmp_path / "model.keras")
    flags = [f"--format={format_}", f"--metadata={tmp_path / 'classes.json'}"]
    assert call(convert, tmp_path / "model.keras", tmp_path / "js", *flags)[0] == 0
    content = json.loads((tmp_path / "js/model.json").read_text())
    assert content["userDefinedMetadata"]["classes"] == ["caf\u00e9"]
