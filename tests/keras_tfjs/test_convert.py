"""The converting command, used as a user uses it."""

import json
import re
import shutil
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer, which the files name)
from keras_tfjs import convert, layers_model, official_flags
from tests.keras_tfjs import javascript
from tests.keras_tfjs.case import randomize
from tests.support.commands import assert_one_line, command
from tests.support.fuzzing import bounded_memory, damaged, fuzzed


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "small.keras"
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3), keras.layers.Dense(2)])
    model.compile("rmsprop", "mse")  # as the models of a run are
    randomize(model).save(path)
    return path


def test_there_and_back(call, tmp_path, keras_file):
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


def test_a_compiled_model_within_a_compiled_model(call, tmp_path):
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    inner.compile("adam", "mse")
    model = keras.Sequential([keras.Input((3,)), inner])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.keras")
    code, _, err = call(convert, tmp_path / "model.keras", tmp_path / "js")
    assert code == 0, err
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(layers_model.load(tmp_path / "js")(x), model(x))


def test_a_saved_model_becomes_a_graph_model(call, tmp_path, text_run):
    assert call(convert, text_run / "saved_model", tmp_path)[0] == 0
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["format"] == "graph-model"
    assert list(content["signature"]["outputs"]) == ["probabilities"]


def test_a_keras_model_becomes_a_graph_model(call, tmp_path, image_run):
    assert call(convert, image_run / "decoder.keras", tmp_path, "--format=graph_model")[0] == 0
    content = json.loads((tmp_path / "model.json").read_text())
    assert list(content["signature"]["inputs"]) == ["decoder_input"]


def test_a_model_with_a_class_of_its_own(image_run, tmp_path):
    """In a process that has not imported the class."""
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
        ([], ["name what to read and what to write"]),
        (["{keras}"], ["name what to read and what to write"]),
        (["{tmp}/nothing", "{tmp}/out"], ["there is no", "nothing"]),
        (["{tmp}/text.txt", "{tmp}/out"], ["text.txt is neither a .keras or .h5 file"]),
        (["{tmp}", "{tmp}/out"], ["is neither a SavedModel", "no saved_model.pb", "no model.json"]),
        (["{keras}", "{tmp}/text.txt"], ["text.txt is a file; name a directory"]),
        (["{keras}", "{tmp}/out", "--format=keras"], ["cannot make keras of", "a Keras model"]),
        (
            ["{run}/decoder", "{tmp}/out"],
            ["decoder is a layers model: name an OUT.keras"],
        ),
        (["{run}/decoder", "{tmp}/out", "--format=keras"], ["ends with .keras, unlike"]),
        (
            ["{run}/saved_model/decoder", "{tmp}/out.keras"],
            ["cannot make keras", "a SavedM"],
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
        (["{keras}", "{tmp}/out", "--quantize=uint8:x"], ["no weight is named x; there are lstm"]),
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
def test_bad_input(call, tmp_path, keras_file, image_run, arguments, words):
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
    "frozen.pb": (b"", "is a graph without signature: save a SavedModel"),
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
def test_of_anything_else_it_says_what_to_do(call, tmp_path, name):
    content, words = OTHERS[name]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    source = file.parent if file.parent != tmp_path else file
    assert_one_line(call(convert, source, tmp_path / "out"), words)
    assert not (tmp_path / "out").exists()


def test_an_unpacked_keras_file(call, tmp_path, keras_file):
    with zipfile.ZipFile(keras_file) as archive:
        archive.extractall(tmp_path / "unpacked")
    result = call(convert, tmp_path / "unpacked", tmp_path / "out")
    assert_one_line(result, "unpacked is an unpacked .keras file: zip its files")


@pytest.mark.parametrize("flag", official_flags.ANSWERS)
def test_a_flag_of_the_official_converter_is_answered_with_ours(call, flag):
    result = call(convert, "in", "out", f"--{flag}=x")
    words = (f"--{flag} is of tensorflowjs_converter: ", official_flags.ANSWERS[flag])
    assert_one_line(result, *words, status=2)


# ---- Other inputs and outputs


@pytest.fixture
def model():
    layers = [keras.Input((6,), name="x"), keras.layers.Dense(4, name="a")]
    return randomize(keras.Sequential([*layers, keras.layers.Dense(2, name="b")]))


def test_a_whole_model_in_hdf5(call, tmp_path, model):
    model.compile("adam", "mse")
    model.save(tmp_path / "model.h5")
    assert call(convert, tmp_path / "model.h5", tmp_path / "js")[0] == 0
    x = np.ones((2, 6), np.float32)
    assert np.array_equal(layers_model.load(tmp_path / "js")(x), model(x))


@pytest.mark.parametrize("format_", ["layers_model", "graph_model"])
def test_a_layers_model_becomes_another_model_for_tensorflow_js(call, tmp_path, model, format_):
    layers_model.save(model, tmp_path / "js")
    line = [tmp_path / "js", tmp_path / "out", f"--format={format_}", "--quantize=uint16"]
    code, out, _ = call(convert, *line)
    assert code == 0
    assert f"a {format_.replace('_', ' ')} with 0.1 kB of weights instead of 0.2 kB.\n" in out
    content = json.loads((tmp_path / "out/model.json").read_text())
    assert content["format"] == format_.replace("_", "-")


def test_another_signature(call, tmp_path):
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
def test_metadata(call, tmp_path, keras_file, model, format_):
    (tmp_path / "classes.json").write_text('{"classes": ["caf\u00e9"]}', encoding="utf-8")
    model.save(tmp_path / "model.keras")
    flags = [f"--format={format_}", f"--metadata={tmp_path / 'classes.json'}"]
    assert call(convert, tmp_path / "model.keras", tmp_path / "js", *flags)[0] == 0
    content = json.loads((tmp_path / "js/model.json").read_text())
    assert content["userDefinedMetadata"]["classes"] == ["caf\u00e9"]


# ---- What is reported


@pytest.mark.parametrize("format_", ["layers_model", "graph_model"])
def test_quantization_tells_sizes_and_difference(call, tmp_path, model, format_):
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
    assert out.endswith("The outputs were not compared: its outputs are random.\n")


@pytest.fixture
def in_node_modules(monkeypatch):
    """Be where TensorFlow.js is installed."""
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


def test_check_of_several_inputs_and_outputs(call, tmp_path, in_node_modules):
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


def test_check_of_a_model_that_tensorflow_js_cannot_run(call, tmp_path, in_node_modules):
    """Its class is in the page's code, which --check does not have."""
    keras.Sequential([keras.Input((2,)), Doubled()]).save(tmp_path / "model.keras")
    result = call(convert, tmp_path / "model.keras", tmp_path / "js", "--check")
    assert_one_line(result, "TensorFlow.js cannot run", "js on cpu: Unknown layer: Doubled")


@pytest.mark.parametrize(
    ("path", "words"),
    [("", "--check needs Node"), (None, "npm install @tensorflow/tfjs @tensorflow/tfjs-backend")],
)
def test_check_without_node_or_tensorflow_js(call, tmp_path, keras_file, monkeypatch, path, words):
    monkeypatch.chdir(tmp_path)
    if path is not None:
        monkeypatch.setenv("PATH", path)
    elif not shutil.which("node"):
        pytest.skip("Node is not installed")
    assert_one_line(call(convert, keras_file, tmp_path / "js", "--check"), words)
    assert not list(tmp_path.iterdir())


# ---- Keras files from strangers


def rewrite(source, target, change, compression=zipfile.ZIP_STORED):
    """Copy a Keras file with a change of its configuration."""
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(files["config.json"])
    change(config)
    files["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target


def call_a_command(config):
    config["config"]["layers"][2] |= {
        "module": "os", "class_name": "system", "config": {"command": "touch stolen"},
        "registered_name": None,
    }  # fmt: skip


def name_a_function(config):
    config["config"]["layers"][2]["config"]["activation"] = {
        "module": "builtins", "class_name": "function", "config": "eval",
        "registered_name": "function",
    }  # fmt: skip


def import_a_module(config):
    config["config"]["layers"][2] |= {"module": "antigravity", "class_name": "fly"}


def claim_memory(config):
    config["config"]["layers"][2]["config"]["units"] = 10**9


def nest_deeply(config):
    inner = config
    for _ in range(700):
        inner["config"] = {"module": "keras", "class_name": "Sequential", "config": {}}
        inner = inner["config"]


def name_no_module(config):
    config["config"]["layers"][2]["module"] = 5


def give_a_list(config):
    initializer = {"module": "keras.initializers", "class_name": "Constant"}
    config["config"]["layers"][2]["config"]["bias_initializer"] = initializer | {
        "config": {"value": [1, 2, 3]}, "registered_name": None,
    }  # fmt: skip


def give_a_text(config):
    config["config"]["layers"][2]["config"]["units"] = "x"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (call_a_command, "has system in it"),
        (name_a_function, "has eval in it"),
        (import_a_module, "has fly in it"),
        (claim_memory, r"cannot be loaded: it claims 16,000,000,\d+ bytes of weights, but has"),
        (nest_deeply, "cannot be loaded: "),
        (name_no_module, "cannot be loaded: "),
        (give_a_list, "cannot be loaded: "),
        (give_a_text, "cannot be loaded: "),
    ],
)
def test_a_keras_file_from_a_stranger(call, tmp_path, keras_file, monkeypatch, change, words):
    """Nothing of it is run, and no memory taken that the file does not have."""
    monkeypatch.chdir(tmp_path)
    path = rewrite(keras_file, tmp_path / "strange.keras", change)
    result = call(convert, path, tmp_path / "out")
    assert_one_line(result, "strange.keras")
    assert re.search(words, result[2]), result[2]
    assert [p.name for p in tmp_path.iterdir()] == ["strange.keras"]
    assert "antigravity" not in sys.modules


def test_a_keras_file_with_a_function_of_python(call, tmp_path):
    """Keras's safe mode: bytecode in a file is not run."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "lambda.keras")
    assert_one_line(call(convert, tmp_path / "lambda.keras", tmp_path / "out"), "Lambda", "lambda")


def test_a_keras_file_that_unpacks_to_more_than_it_is(call, tmp_path, keras_file):
    def note(config):
        config["comment"] = "a" * 10**6

    path = rewrite(keras_file, tmp_path / "bomb.keras", note, zipfile.ZIP_DEFLATED)
    assert_one_line(
        call(convert, path, tmp_path / "out"), "bomb.keras cannot be loaded: it is compressed"
    )


def change_config(file, change):
    config = json.loads(file.attrs["model_config"])
    change(config)
    file.attrs["model_config"] = json.dumps(config)


def link_to_a_file(file):
    del file["model_weights/a"]
    file["model_weights/a"] = h5py.ExternalLink("/etc/passwd", "/")


def keep_data_elsewhere(file):
    file.create_dataset("more", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def claim_units(config):
    config["config"]["layers"][2]["config"]["units"] = 10**9


def call_a_function(config):
    function = {"name": "x", "function": ["4wEAAAA=", None, None], "function_type": "lambda"}
    config["config"]["layers"][2] = {"class_name": "Lambda", "config": function}


HDF5 = {
    "no model": (lambda file: file.attrs.pop("model_config"), "it has weights only; build the"),
    "a link": (link_to_a_file, "/model_weights/a is a link"),
    "data elsewhere": (keep_data_elsewhere, "/more is in another file"),
    "a claim": (lambda file: file.create_dataset("more", (10**10,)), "claims 40,000,000,"),
    "units": (lambda file: change_config(file, claim_units), "cannot be loaded: "),
    "code": (lambda file: change_config(file, call_a_function), "Lambda"),
    "class": (
        lambda file: change_config(file, lambda c: c["config"]["layers"][2].update(class_name="X")),
        "has X in it: name the module that registers it with --register",
    ),
    "no JSON": (lambda file: file.attrs.modify("model_config", "{"), "cannot be loaded: Expecting"),
    "no weights": (lambda file: file.pop("model_weights"), "cannot be loaded: "),
}


@pytest.mark.parametrize("name", HDF5)
def test_an_hdf5_file_from_a_stranger(call, tmp_path, model, name):
    change, words = HDF5[name]
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        change(file)
    with bounded_memory():
        assert_one_line(call(convert, tmp_path / "model.h5", tmp_path / "js"), words)
    assert not (tmp_path / "js").exists()


@fuzzed(40)
@given(data=st.data())
def test_a_damaged_hdf5_file(call, tmp_path, model, data):
    model.save(tmp_path / "model.h5")
    content = (tmp_path / "model.h5").read_bytes()
    (tmp_path / "model.h5").write_bytes(data.draw(damaged(content)))
    result = call(convert, tmp_path / "model.h5", tmp_path / "js")
    if result[0]:
        assert_one_line(result, "model.h5")


def test_a_keras_file_whose_weights_are_in_another_file(call, tmp_path, keras_file):
    with zipfile.ZipFile(keras_file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")
    files["model.weights.h5"] = (tmp_path / "weights.h5").read_bytes()
    with zipfile.ZipFile(tmp_path / "linked.keras", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    result = call(convert, tmp_path / "linked.keras", tmp_path / "out")
    assert_one_line(result, "linked.keras cannot be loaded: //layers is a link")
