"""Hostile Keras files: `convert` executes nothing in them, and limits memory."""

import json
import re
import sys
import zipfile

import h5py
import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_tfjs import convert
from tests.support.commands import assert_one_line
from tests.support.fuzzing import bounded_memory, damaged, fuzzed


def rewrite(source, target, change, compression=zipfile.ZIP_STORED):
    """Copy a Keras file and change its configuration."""
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
def test_hostile_keras_file_is_refused(call, tmp_path, keras_file, monkeypatch, change, words):
    """`convert` executes nothing, and allocates no more memory than the file has."""
    monkeypatch.chdir(tmp_path)
    path = rewrite(keras_file, tmp_path / "strange.keras", change)
    result = call(convert, path, tmp_path / "out")
    assert_one_line(result, "strange.keras")
    assert re.search(words, result[2]), result[2]
    assert [p.name for p in tmp_path.iterdir()] == ["strange.keras"]
    assert "antigravity" not in sys.modules


def test_keras_file_with_python_code_is_refused(call, tmp_path):
    """Keras's safe mode does not execute bytecode in a file."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "lambda.keras")
    assert_one_line(call(convert, tmp_path / "lambda.keras", tmp_path / "out"), "Lambda", "lambda")


def test_compressed_keras_file_is_refused(call, tmp_path, keras_file):
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
def test_hostile_hdf5_file_is_refused(call, tmp_path, model, name):
    change, words = HDF5[name]
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        change(file)
    with bounded_memory():
        assert_one_line(call(convert, tmp_path / "model.h5", tmp_path / "js"), words)
    assert not (tmp_path / "js").exists()


@fuzzed(40)
@given(data=st.data())
def test_damaged_hdf5_file_loads_or_prints_one_line(call, tmp_path, model, data):
    model.save(tmp_path / "model.h5")
    content = (tmp_path / "model.h5").read_bytes()
    (tmp_path / "model.h5").write_bytes(data.draw(damaged(content)))
    result = call(convert, tmp_path / "model.h5", tmp_path / "js")
    if result[0]:
        assert_one_line(result, "model.h5")


def test_keras_file_with_linked_weights_is_refused(call, tmp_path, keras_file):
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
