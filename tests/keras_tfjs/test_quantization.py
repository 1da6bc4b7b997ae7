"""Quantized weights: precision, rules, and the same numbers in TensorFlow.js."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from harness.javascript import difference, graph_job, layers_job
from keras_tfjs import graph_model, layers_model, quantization
from keras_tfjs.tracing import function_of
from tests.keras_tfjs.case import randomize
from tests.keras_tfjs.weight_files import DTYPES, manifest, read, small_model, write
from tests.support.fuzzing import fuzzed


@pytest.mark.parametrize(("dtype", "limit"), [("float16", 5e-4), ("uint8", 4e-3), ("uint16", 2e-5)])
def test_quantized_values_are_within_the_limit(tmp_path, dtype, limit):
    value = np.random.default_rng(0).normal(size=(70, 50)).astype(np.float32)
    value[:10] = 0
    write(tmp_path, dtype, w=value)
    (spec,) = manifest(tmp_path)["weights"]
    assert spec["dtype"] == "float32" and spec["quantization"]["dtype"] == dtype
    size = value.size * np.dtype(dtype).itemsize
    assert (tmp_path / "weights.bin").stat().st_size == size
    back = read(tmp_path)["w"]
    assert back.dtype == np.float32
    assert np.abs(back - value).max() <= limit * np.abs(value).max()
    assert not back[:10].any()  # 0 stays 0


VALUES = st.lists(st.floats(-(2.0**96), 2.0**96, width=32), min_size=2, max_size=9)


@fuzzed(300)
@given(values=VALUES, dtype=st.sampled_from(["uint8", "uint16"]))
def test_linear_quantization_error_is_at_most_half_a_step(values, dtype):
    value = np.array(values, np.float32)
    spec = quantization.spec_for(quantization.parse_rules(dtype), "w", value)
    stored = np.concatenate(list(quantization.quantized(value, spec)))
    back = quantization.dequantized(stored, spec, np.dtype("float32"))
    step = spec["scale"] if value.min() < value.max() else 0
    span = float(value.max()) - float(value.min())
    assert np.abs(back.astype(np.float64) - value).max() <= 0.5 * step + 1e-6 * np.abs(value).max()
    # In the worst case, 0 is one step from the end of the range.
    assert step <= 2.01 * max(span, np.abs(value).max()) / np.iinfo(dtype).max + 1e-37


def test_integers_and_large_values_are_not_quantized(tmp_path):
    arrays = {
        "ints": np.arange(5, dtype=np.int32),
        "flags": np.array([True, False]),
        "single": np.array([1e-12], np.float32),
        "infinite": np.array([0, -np.inf], np.float32),
        "nan": np.array([0, np.nan], np.float32),
        "none": np.zeros((0,), np.float32),
    }
    for dtype in DTYPES:
        write(tmp_path, dtype, **arrays, large=np.array([1, -1e9], np.float32))
        found = {spec["name"]: "quantization" in spec for spec in manifest(tmp_path)["weights"]}
        assert found == dict.fromkeys(arrays, False) | {"large": dtype != "float16"}
        for name, value in arrays.items():
            assert np.array_equal(read(tmp_path)[name], value, equal_nan=name == "nan")


def test_first_matching_rule_applies(tmp_path):
    model = small_model()
    rules = "float32:out/*, uint8:*/kernel,float16"
    layers_model.save(model, tmp_path, quantize=rules)
    found = {
        spec["name"]: spec.get("quantization", {}).get("dtype")
        for spec in manifest(tmp_path)["weights"]
    }
    assert found == {
        "hidden/kernel": "uint8", "hidden/bias": "float16", "out/kernel": None, "out/bias": None,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "int8", "float16:", "float16,", "*:float16", "uint8 *"])
def test_bad_rules_are_refused(tmp_path, text):
    with pytest.raises(ValueError, match="must be float16, uint8, uint16, or several with a glob"):
        layers_model.save(small_model(), tmp_path / "out", quantize=text)
    assert not (tmp_path / "out").exists()


def test_rule_for_no_weight_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no weight is named kernel; some names are hidden/kernel"):
        layers_model.save(small_model(), tmp_path / "out", quantize="uint8:kernel")
    assert not (tmp_path / "out").exists()


def test_constant_weights_are_exact(tmp_path):
    for dtype in ("uint8", "uint16"):
        value = np.full((3, 3), 0.1, np.float32)
        write(tmp_path, dtype, w=value)
        assert np.array_equal(read(tmp_path)["w"], value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensorflow_js_reads_quantized_layers_models(run_in_node, tmp_path, dtype):
    """TensorFlow.js and `load` dequantize to equal weights, so the outputs are equal."""
    model = small_model()
    layers_model.save(model, tmp_path, quantize=dtype)
    x = np.random.default_rng(0).normal(size=(4, 12)).astype(np.float32)
    again = layers_model.load(tmp_path)
    assert not np.array_equal(again(x), model(x))
    (answer,) = run_in_node("cpu", [layers_job(tmp_path, x)])
    assert difference(answer, again(x)) <= 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensorflow_js_dequantizes_equal_numbers(run_in_node, tmp_path, dtype):
    values = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
    values[0, :4] = [0, 6e4, -6e4, 6e-8]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(40, use_bias=False, name="d")])
    model.set_weights([values])
    layers_model.save(model, tmp_path, quantize=dtype)
    (answer,) = run_in_node("cpu", [layers_job(tmp_path, np.eye(3, dtype=np.float32))])
    assert difference(answer, layers_model.load(tmp_path).get_weights()) == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("backend", ["cpu", "wasm"])
def test_tensorflow_js_reads_quantized_graph_models(run_in_node, tmp_path, backend, dtype):
    matrix = np.random.default_rng(0).normal(size=(12, 40)).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, 12], tf.float32, "x")])
    def function(x):
        return {"y": x @ tf.constant(matrix)}

    graph_model.save(function, tmp_path, quantize=dtype)
    (answer,) = run_in_node(backend, [graph_job(tmp_path, {"x": np.eye(12)}, ["y"])])
    assert difference(answer, [read(tmp_path)[spec["name"]] for spec in quantized(tmp_path)]) == 0


def quantized(path) -> list[dict]:
    return [spec for spec in manifest(path)["weights"] if "quantization" in spec]


@pytest.mark.parametrize("quantize", [None, "uint8", "float32:b/*,uint16"])
def test_tensorflow_js_reads_shards(run_in_node, tmp_path, quantize):
    layers = [
        keras.layers.Dense(1500, name="a"),
        keras.layers.Dense(1100, name="b"),
        keras.layers.Dense(1000, name="c"),
    ]
    model = randomize(
        keras.Sequential([keras.Input((1000,)), *layers, keras.layers.Dense(2, name="d")])
    )
    layers_model.save(model, tmp_path / "layers", quantize=quantize)
    graph_model.save(function_of(model, ["y"]), tmp_path / "graph")
    assert len(manifest(tmp_path / "layers")["paths"]) == {None: 5, "uint8": 2}.get(quantize, 3)
    x = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32) / 1000
    graph = graph_job(tmp_path / "graph", {model.inputs[0].name: x}, ["y"])
    answers = run_in_node("cpu", [layers_job(tmp_path / "layers", x), graph])
    again = layers_model.load(tmp_path / "layers")
    scale = float(np.abs(model(x)).max())
    assert difference(answers[0], again(x)) <= 1e-5 * scale
    assert difference(answers[1], model(x)) <= 1e-5 * scale


def test_graph_model_keeps_metadata(tmp_path):
    model = small_model()
    graph_model.save(function_of(model, ["y"]), tmp_path, metadata={"classes": ["é"]})
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["userDefinedMetadata"] == {"classes": ["é"], "structuredOutputKeys": ["y"]}
