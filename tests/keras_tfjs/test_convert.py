"""The converting command, used as a user uses it."""

import json
import re
import sys
import zipfile

import keras
import numpy as np
import pytest

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer, which the files name)
from keras_tfjs import convert, layers_model
from tests.conftest import assert_one_line, command
from tests.keras_tfjs.case import randomize


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "small.keras"
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3), keras.layers.Dense(2)])
    model.compile("rmsprop", "mse")  # as the models of a run are
    randomize(model).save(path)
    return path


def test_there_and_back(call, tmp_path, keras_file):
    code, out, err = call(convert, keras_file, tmp_path / "js")
    assert (code, out, err) == (0, f"Wrote {tmp_path / 'js'}.\n", "")
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
        (["{tmp}/text.txt", "{tmp}/out"], ["text.txt is neither a .keras file"]),
        (["{tmp}", "{tmp}/out"], ["is neither a .keras file"]),
        (["{keras}", "{tmp}/text.txt"], ["text.txt is a file; name a directory"]),
        (["{keras}", "{tmp}/out", "--format=keras"], ["cannot make keras of", "a keras model"]),
        (["{run}/decoder", "{tmp}/out"], ["cannot make layers_model of", "name an OUT.keras"]),
        (["{run}/decoder", "{tmp}/out", "--format=keras"], ["ends with .keras, unlike"]),
        (["{run}/saved_model/decoder", "{tmp}/out.keras"], ["cannot make keras of", "a saved mod"]),
        (["{run}/saved_model/vae", "{tmp}/out", "--format=layers_model"], ["has no layers"]),
        (["{run}/graph_model/decoder", "{tmp}/out.keras"], ["format: must be layers-model"]),
        (["{tmp}/bad.json", "{tmp}/out.keras"], ["bad.json: Expecting property name"]),
        (["{tmp}/bad.keras", "{tmp}/out"], ["bad.keras"]),
        (["{keras}", "{tmp}/out", "--format=graph_model"], ["TensorListReserve"]),
        (["{keras}", "{tmp}/out", "--register=no.such"], ["--register=no.such: No module named"]),
        (["{keras}", "{tmp}/out", "--register=.x"], ["--register=.x: "]),
    ],
)
def test_bad_input(call, tmp_path, keras_file, image_run, arguments, words):
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.keras").write_bytes(keras_file.read_bytes()[:-200])
    before = sorted(tmp_path.rglob("*"))
    line = [a.format(tmp=tmp_path, keras=keras_file, run=image_run) for a in arguments]
    assert_one_line(call(convert, *line), *words)
    assert sorted(tmp_path.rglob("*")) == before


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
