"""Loading a damaged or hostile model file raises a ValueError that names the place in the file."""

import copy
import json
import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from keras_tfjs import layers_model
from tests.keras_tfjs.untrusted import assert_refused
from tests.support.fuzzing import JSON_VALUES, fuzzed, places


def recurrent_part(x):
    """Cells and an initial state."""
    cells = [layers.LSTMCell(2, name="cell"), layers.SimpleRNNCell(3, name="upper")]
    h = layers.RNN(cells, name="stack")(layers.Permute((1, 2), name="same")(x))
    y = layers.Permute((1, 2), name="also")(x)
    return layers.SimpleRNN(3, name="states")(y, initial_state=layers.Dense(3, name="state")(h))


def image_part(x):
    """Three dimensions, and a sequence of images."""
    y = layers.Reshape((2, 3, 4, 1), name="images")(x)
    z = layers.ConvLSTM2D(2, 2, name="moving")(y)
    volume = layers.AveragePooling3D((1, 2, 2), name="pool")(layers.Conv3D(2, 1, name="volume")(y))
    return layers.Concatenate(name="flats")(
        [
            layers.Flatten(name="flat1")(z),
            layers.Flatten(name="flat2")(layers.Cropping2D(0, name="crop")(z)),
            layers.Flatten(name="flat3")(volume),
        ]
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return a model with many kinds of layers, as JSON and as bytes of weights."""
    path = tmp_path_factory.mktemp("good")
    x = keras.Input((6, 4), name="input")
    recurrent = layers.GRU(
        2, reset_after=False, kernel_constraint="max_norm", return_sequences=True
    )
    extra = layers.TimeDistributed(layers.Dense(2, kernel_regularizer="l2"), name="steps")(
        layers.Bidirectional(recurrent, name="both_ways")(layers.PReLU(name="prelu")(x))
    )
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3, "relu", name="inside")], name="inner"
    )
    y = inner(layers.LSTM(3, name="lstm")(x))
    z = layers.Concatenate(name="both")(
        [y, layers.Dense(2, name="dense")(layers.Flatten(name="flat")(x))]
    )
    z = layers.Concatenate(name="all")(
        [z, layers.LSTM(2, return_state=True, name="last")(extra)[0]]
    )
    z = layers.Concatenate(name="more")([z, recurrent_part(x), image_part(x)])
    layers_model.save(keras.Model(x, layers.BatchNormalization(name="norm")(z), name="model"), path)
    return json.loads((path / "model.json").read_text()), (path / "weights.bin").read_bytes()


@pytest.fixture
def write(tmp_path, good):
    """Return a function that writes the good model with one changed value or other weights."""

    def write_changed(keys=(), value=None, data=None):
        content = copy.deepcopy(good[0])
        place = content
        for key in keys[:-1]:
            if isinstance(place, list) and isinstance(key, str):  # find a layer or weight by name
                key = [item["name"] for item in place].index(key)
            place = place[key]
        if keys:
            place[keys[-1]] = value
        (tmp_path / "model.json").write_text(json.dumps(content))
        (tmp_path / "weights.bin").write_bytes(good[1] if data is None else data)
        return tmp_path

    return write_changed


LAYERS = ["modelTopology", "config", "layers"]
GROUP = ["weightsManifest", 0]
SPEC = [*GROUP, "weights", "lstm/kernel"]


def config(layer: str, field: str) -> list:
    return [*LAYERS, layer, "config", field]


def calls(layer: str) -> list:
    return [*LAYERS, layer, "inbound_nodes"]


def cell(field: str) -> list:
    return [*config("stack", "cell"), "config", "cells", 0, "config", field]


HOSTILE = {
    "path out of the directory": ([*GROUP, "paths"], ["../weights.bin"], "paths: .*leads out"),
    "absolute path": ([*GROUP, "paths"], ["/etc/passwd"], "paths: '/etc/passwd' leads out"),
    "URL": ([*GROUP, "paths"], ["https://example.com/weights.bin"], "paths: .*leads out"),
    "Windows path": ([*GROUP, "paths"], ["..\\weights.bin"], "paths: .*leads out"),
    "drive": ([*GROUP, "paths"], ["C:weights.bin"], "paths: .*leads out"),
    "empty path": ([*GROUP, "paths"], [""], "paths: must be names of files"),
    "NUL in a path": ([*GROUP, "paths"], ["a\0b"], "paths: must be names of files"),
    "path of a directory": ([*GROUP, "paths"], ["."], "paths: '.' is missing"),
    "missing shard": ([*GROUP, "paths"], ["weights.bin", "two.bin"], "paths: 'two.bin' is missing"),
    "the same shard twice": ([*GROUP, "paths"], ["weights.bin"] * 2, "bytes, but weights.bin"),
    "manifest": (["weightsManifest"], {}, "weightsManifest: must be a list"),
    "group": (GROUP, 7, r"weightsManifest\[0\]: must be an object"),
    "weights": ([*GROUP, "weights"], [1], "weights: each must have a name, unlike 1"),
    "shape": ([*SPEC, "shape"], [4, 13], r"weights: need \d+ bytes, but weights.bin have"),
    "negative size": ([*SPEC, "shape"], [-4, -12], "shape: must be a list of whole numbers"),
    "huge size": ([*SPEC, "shape"], [2**31 - 1] * 8, r"weights: need \d+... bytes"),
    "larger size": ([*SPEC, "shape"], [10**400], "shape: must be a list of whole numbers"),
    "fraction": ([*SPEC, "shape"], [4.0, 12.0], "shape: must be a list of whole numbers"),
    "transposed shape": ([*SPEC, "shape"], [12, 4], r"kernel: the shape is \(12, 4\), but must be"),
    "dtype": ([*SPEC, "dtype"], "float64", "dtype: must be one of float32"),
    "quantization": ([*SPEC, "quantization"], {"dtype": "uint8"}, "quantization: scale: must be"),
    "long path": ([*GROUP, "paths"], ["a" * 5000], "cannot be opened"),
    "name of a weight": ([*SPEC, "name"], "lstm/bias", "weights: 'lstm/bias' occurs twice"),
    "weight of no layer": ([*SPEC, "name"], "x/kernel", "weights: 'lstm/kernel' is missing"),
    "no topology": (["modelTopology"], None, "modelTopology: must be {class_name, config}"),
    "graph model": (["format"], "graph-model", "format: must be layers-model"),
    "class of the model": (["modelTopology", "class_name"], "Sub", "must be Sequential or Model"),
    "no layers": (LAYERS, [], "layers: must be a list that is not empty"),
    "unknown class": (
        [*LAYERS, "lstm", "class_name"],
        "Lambda",
        "Lambda..: the class is neither known",
    ),
    "class that is no text": (
        [*LAYERS, "lstm", "class_name"],
        ["LSTM"],
        "must be {class_name, config}",
    ),
    "units": (config("lstm", "units"), 4, "kernel: the shape is"),
    "units of a cell": (cell("units"), 5, "RNNCell_0/kernel: the shape is"),
    "huge units of a cell": (cell("units"), 2**31 - 1, "RNNCell_0/kernel: the shape is"),
    "dropout of a cell": (cell("dropout"), 0.5, "dropout: TensorFlow.js has 0.0 only"),
    "class of a cell": ([*cell("units")[:-2], "class_name"], "Lambda", "neither known nor in"),
    "no cells": (cell("units")[:-3], [], "cells: a layer must be"),
    "no cell": (config("stack", "cell"), None, "layer 'stack'"),
    "cell that is a layer": (
        config("stack", "cell"),
        {"class_name": "Dense", "config": {"name": "d", "units": 2}},
        "layer 'stack'",
    ),
    "filters of a ConvLSTM2D": (config("moving", "filters"), 2**30, "kernel: the shape is"),
    "kernel of a ConvLSTM2D": (config("moving", "kernel_size"), [9999, 9999], "moving"),
    "kernel of a Conv3D": (config("volume", "kernel_size"), [2, 2, 2], "kernel: the shape is"),
    "permutation": (config("same", "dims"), [1, 1], "layer 'same'"),
    "cropping": (config("crop", "cropping"), [[9, 9], [9, 9]], "layer 'crop'"),
    "negative cropping": (config("crop", "cropping"), -1, "cropping: must be whole numbers"),
    "states": (calls("states"), [[["also", 0, 0, {}]] * 3], "layer 'states'"),
    "negative units": (config("lstm", "units"), -1, "units: must be a whole number of at least 1"),
    "huge units": (config("dense", "units"), 2**31 - 1, "kernel: the shape is"),
    "larger units": (config("dense", "units"), 10**30, "units: must be a whole number"),
    "huge input": (config("input", "batch_input_shape"), [None, 2**30, 2**30], "the shape is"),
    "shape of the input": (
        config("input", "batch_input_shape"),
        [None, "x"],
        "whole numbers or null",
    ),
    "dtype of the input": (config("input", "dtype"), "string", "dtype: must be float32 or int32"),
    "dtype of a layer": (config("dense", "dtype"), "float16", "dtype: must be float32"),
    "activation": (
        config("dense", "activation"),
        "eval",
        "activation: Keras has no equal activation",
    ),
    "initializer": (config("dense", "kernel_initializer"), {"class_name": "eval"}, "unknown class"),
    "flag": (config("dense", "use_bias"), "yes", "use_bias: must be true or false"),
    "unknown field": (config("dense", "groups"), 2, "groups: is not a known field"),
    "name": (config("dense", "name"), "a/b", "name: must be a name without /"),
    "two layers of one name": ([*LAYERS, "flat", "name"], "lstm", "two layers are named 'lstm'"),
    "axis": (config("both", "axis"), 99, "axis: must be an axis"),
    "axis that is not there": (config("norm", "axis"), 7, "layer 'norm'"),
    "cycle": (calls("lstm"), [[["norm", 0, 0, {}]]], "for itself in a cycle"),
    "call of itself": (calls("lstm"), [[["lstm", 0, 0, {}]]], "for itself in a cycle"),
    "call on nothing": (calls("lstm"), [[["nothing", 0, 0, {}]]], "a layer that is missing"),
    "call that is not there": (calls("flat"), [[["input", 0, 5, {}]]], "there is no tensor"),
    "call with arguments": (calls("flat"), [[["input", 0, 0, {"a": 1}]]], "without arguments"),
    "many calls": (calls("flat"), [[["input", 0, 0, {}]]] * 1001, "a list of at most 1000"),
    "initializer's value": (
        config("dense", "bias_initializer"),
        {"class_name": "Constant", "config": {"value": "x"}},
        "value: must be a number",
    ),
    "nodes": (calls("flat"), [[]], "inbound_nodes: must hold lists"),
    "negative index": (calls("flat"), [[["input", -1, 0, {}]]], "must be .layer, call, output"),
    "outputs": (["modelTopology", "config", "output_layers"], [["norm", 3, 0]], "output_layers: "),
    "no outputs": (
        ["modelTopology", "config", "output_layers"],
        [],
        "output_layers: must be a list",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_models_are_refused(write, name):
    keys, value, pattern = HOSTILE[name]
    assert_refused(write(keys, value), pattern)


def test_undamaged_model_loads(write, good):
    assert layers_model.load(write()).count_params() == len(good[1]) // 4


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"modelTopology": NaN}', "\xff"])
def test_damaged_json_is_refused(tmp_path, text):
    (tmp_path / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="model.json: "):
        layers_model.load(tmp_path)


@pytest.mark.parametrize("depth", [500, 100_000])
def test_deep_nesting_is_refused(tmp_path, good, depth):
    (tmp_path / "model.json").write_text("[" * depth + "]" * depth)
    with pytest.raises(ValueError, match="model.json: "):
        layers_model.load(tmp_path)
    inner = '{"class_name": "Sequential", "config": {"name": "a", "layers": ['
    text = '{"modelTopology": ' + inner * depth + "]}}" * depth + ', "weightsManifest": []}'
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ValueError, match="model.json: "):
        layers_model.load(tmp_path)


def test_missing_file_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        layers_model.load(tmp_path / "model.json")


def test_weights_behind_a_link_are_refused(write, tmp_path_factory):
    path = write()
    outside = tmp_path_factory.mktemp("outside") / "secret"
    (path / "weights.bin").rename(outside)
    (path / "weights.bin").symlink_to(outside)
    with pytest.raises(ValueError, match="paths: 'weights.bin' leads out of"):
        layers_model.load(path)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0"])
def test_weights_of_wrong_length_are_refused(write, good, change):
    with pytest.raises(ValueError, match="the files are damaged or belong to another model"):
        layers_model.load(write(data=change(good[1])))


def test_many_layers_in_reverse_order_load(tmp_path):
    """The reader calls a layer as soon as its inputs exist, so the time is linear in any order."""
    layers = [
        {
            "class_name": "Activation",
            "name": f"a{i}",
            "config": {"name": f"a{i}", "activation": "linear"},
            "inbound_nodes": [[[f"a{i - 1}" if i else "x", 0, 0, {}]]],
        }
        for i in range(300)
    ]
    layers.append(
        {
            "class_name": "InputLayer",
            "name": "x",
            "config": {"name": "x", "batch_input_shape": [None, 2]},
            "inbound_nodes": [],
        }
    )
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["a299", 0, 0]]}
    topology = {"class_name": "Model", "config": {"name": "m", "layers": layers[::-1], **ends}}
    content = {"modelTopology": topology, "weightsManifest": []}
    (tmp_path / "model.json").write_text(json.dumps(content))
    x = np.ones((1, 2), np.float32)
    assert np.array_equal(layers_model.load(tmp_path)(x), x)


@pytest.mark.long
@fuzzed(400)
@given(data=st.data())
def test_mutated_models_load_or_raise_value_error(write, good, data):
    """With any value in the JSON, the model loads and fits the file, or `load` raises an error."""
    keys = data.draw(st.sampled_from(places(good[0])))
    path = write(keys, data.draw(JSON_VALUES))
    try:
        model = layers_model.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path / 'model.json'}: ")
    else:
        sizes = [math.prod(weight.shape) for weight in model.weights]
        assert 4 * sum(sizes) <= len(good[1])
