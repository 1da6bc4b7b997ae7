"""Weights in shards and in fewer bits: written, read, and as TensorFlow.js reads them."""

import json
import tracemalloc

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_tfjs import graph_model, layers_model, quantization, weights
from keras_tfjs.tracing import function_of
from tests.keras_tfjs.case import randomize
from tests.keras_tfjs.javascript import difference, graph_job, layers_job
from tests.keras_tfjs.untrusted import assert_refused
from tests.reliability.fuzzing import JSON_VALUES, fuzzed, places

L = keras.layers
DTYPES = ["float16", "uint8", "uint16"]


def small_model() -> keras.Model:
    x = keras.Input((12,), name="x")
    y = L.Dense(9, "tanh", name="hidden")(x)
    return randomize(keras.Model(x, L.Dense(3, name="out")(y), name="small"))


def manifest(path) -> dict:
    (group,) = json.loads((path / "model.json").read_text())["weightsManifest"]
    return group


def write(path, quantize=None, **arrays) -> None:
    weights.write_model_files(path, {}, arrays.items(), quantize)


def read(path) -> dict[str, np.ndarray]:
    return weights.read_weights(
        path, json.loads((path / "model.json").read_text())["weightsManifest"]
    )


# ---- Shards


def test_weights_up_to_4_mb_are_one_file(tmp_path):
    write(tmp_path, a=np.zeros(2**20, np.float32))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", "weights.bin"]
    assert (tmp_path / "weights.bin").stat().st_size == 4 * 2**20


def test_larger_weights_are_shards(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "a": rng.normal(size=700_001).astype(np.float32),
        "flag": np.array([True]),  # what follows does not begin at a multiple of 4
        "b": rng.normal(size=(1500, 1000)).astype(np.float32),
        "none": np.zeros((0, 3), np.float32),
    }
    write(tmp_path, **arrays)
    names = [f"weights-{number}of3.bin" for number in (1, 2, 3)]
    assert manifest(tmp_path)["paths"] == names
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", *names]
    sizes = [(tmp_path / name).stat().st_size for name in names]
    assert sizes[:2] == [4 * 2**20] * 2 and sum(sizes) == 1 + 4 * (700_001 + 1_500_000)
    for name, value in read(tmp_path).items():
        assert np.array_equal(value, arrays[name]) and value.flags.aligned


def test_smaller_model_deletes_old_shards(tmp_path):
    (tmp_path / "weights.txt").write_text("mine")
    for size, count in ((3 * 2**20, 3), (2**21, 2), (10, 1)):
        write(tmp_path, a=np.ones(size, np.float32))
        assert len(list(tmp_path.glob("weights*.bin"))) == count
    assert (tmp_path / "weights.txt").exists()


@pytest.mark.parametrize("deep", ["", "deep/er"])
def test_error_leaves_no_files(tmp_path, deep):
    def fail():
        yield "a", np.ones(2**21, np.float32)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        weights.write_model_files(tmp_path / "new" / deep, {}, fail())
    for arrays in ({"a": np.zeros(2, np.float64)}, {"a": np.zeros(2, np.complex64)}):
        with pytest.raises(ValueError, match="a: TensorFlow.js has no dtype"):
            write(tmp_path / "new" / deep, **arrays)
    with pytest.raises(ValueError, match="not JSON compliant"):
        weights.write_model_files(tmp_path / "new", {"x": float("nan")}, [])
    assert not list(tmp_path.iterdir())


def test_directory_below_a_file_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(NotADirectoryError, match="file/model"):
        write(tmp_path / "file" / "model", a=np.zeros(2, np.float32))


def test_writing_holds_one_weight_in_memory(tmp_path):
    def named():
        for number in range(20):
            yield f"w{number}", np.full(10**6, number, np.float32)

    for quantize in (None, "float16", "uint8"):
        tracemalloc.start()
        weights.write_model_files(tmp_path, {}, named(), quantize)
        assert tracemalloc.get_traced_memory()[1] < 5e7  # of 8e7
        tracemalloc.stop()


# ---- Quantization


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
    # At worst, zero is one step from an end of the range.
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


# ---- TensorFlow.js


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensorflow_js_reads_quantized_layers_models(run_in_node, tmp_path, dtype):
    """With the weights that `load` computes, so both give the same outputs."""
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
    model = keras.Sequential([keras.Input((3,)), L.Dense(40, use_bias=False, name="d")])
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
    layers = [L.Dense(1500, name="a"), L.Dense(1100, name="b"), L.Dense(1000, name="c")]
    model = randomize(keras.Sequential([keras.Input((1000,)), *layers, L.Dense(2, name="d")]))
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


# ---- What others write, and what is damaged


def test_read_weights_of_the_official_converter(tmp_path):
    """Groups of their own, a quantized int32, names of files as it gives them."""
    floats = np.array([0, 255, 51], np.uint8)
    ints = np.array([3, 0], np.uint16)
    (tmp_path / "group1-shard1of2.bin").write_bytes(floats.tobytes()[:2])
    (tmp_path / "group1-shard2of2.bin").write_bytes(floats.tobytes()[2:] + ints.tobytes())
    (tmp_path / "group2-shard1of1.bin").write_bytes(np.array([1.5, -2], np.float16).tobytes())
    listed = [
        {
            "paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"],
            "weights": [
                {"name": "a", "shape": [3], "dtype": "float32", "quantization": {
                    "dtype": "uint8", "min": -1.0, "scale": 0.1, "original_dtype": "float32"}},
                {"name": "n", "shape": [2], "dtype": "int32", "quantization": {
                    "dtype": "uint16", "min": -2, "scale": 1, "original_dtype": "int32"}},
            ],
        },
        {
            "paths": ["group2-shard1of1.bin"],
            "weights": [{"name": "h", "shape": [2], "dtype": "float32", "quantization": {
                "dtype": "float16", "original_dtype": "float32"}}],
        },
    ]  # fmt: skip
    found = weights.read_weights(tmp_path, listed)
    assert np.array_equal(found["a"], (floats * 0.1 - 1).astype(np.float32))
    assert found["n"].tolist() == [1, -2] and found["n"].dtype == np.int32
    assert found["h"].tolist() == [1.5, -2]


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A model in shards with a weight of each dtype."""
    path = tmp_path_factory.mktemp("good")
    rules = "uint8:hidden/kernel,uint16:hidden/bias,float16:out/kernel"
    layers_model.save(small_model(), path, quantize=rules)
    content = json.loads((path / "model.json").read_text())
    data = (path / "weights.bin").read_bytes()
    content["weightsManifest"][0]["paths"] = ["1.bin", "2.bin"]
    return content, (data[:50], data[50:])


@pytest.fixture
def damaged(tmp_path, good):
    """Write the good model with another value at a path of keys."""

    def write_changed(keys=(), value=None):
        content = json.loads(json.dumps(good[0]))
        place = content
        for key in keys[:-1]:
            place = place[key]
        if keys:
            place[keys[-1]] = value
        (tmp_path / "model.json").write_text(json.dumps(content))
        for number, data in enumerate(good[1], start=1):
            (tmp_path / f"{number}.bin").write_bytes(data)
        return tmp_path

    return write_changed


def of_kernel(*keys) -> list:
    return ["weightsManifest", 0, "weights", 0, *keys]


HOSTILE = {
    "no object": (of_kernel("quantization"), 7, "quantization: must have a dtype, one of float16"),
    "no dtype": (of_kernel("quantization"), {}, "quantization: must have a dtype"),
    "a dtype": (of_kernel("quantization", "dtype"), "int4", "quantization: must have a dtype"),
    "a list": (of_kernel("quantization", "dtype"), [], "quantization: must have a dtype"),
    "wider": (of_kernel("quantization", "dtype"), "uint16", r"weights: need \d+ bytes, but 1.bin"),
    "bool": (of_kernel("dtype"), "bool", "quantization: bool cannot be stored as uint8"),
    "float16 of int32": (
        ["weightsManifest", 0, "weights", 2, "dtype"], "int32", "int32 cannot be stored as float16",
    ),
    "no scale": (of_kernel("quantization"), {"dtype": "uint8"}, "scale: must be a number"),
    "a scale of text": (of_kernel("quantization", "scale"), "1", "scale: must be a number"),
    "a large scale": (of_kernel("quantization", "scale"), 1e308, "scale: must be a number of at"),
    "a huge min": (of_kernel("quantization", "min"), 10**400, "min: must be a number of at most"),
    "a bool": (of_kernel("quantization", "min"), True, "min: must be a number"),
    "huge shape": (of_kernel("shape"), [2**31 - 1] * 8, r"weights: need \d+... bytes"),
    "a shard twice": (["weightsManifest", 0, "paths"], ["1.bin"] * 2, "bytes, but 1.bin, 1.bin"),
    "a shard less": (["weightsManifest", 0, "paths"], ["1.bin"], "have 50; the files are damaged"),
    "a shard too many": (["weightsManifest", 0, "paths", 1], "3.bin", "'3.bin' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_manifests_are_refused(damaged, name):
    keys, value, pattern = HOSTILE[name]
    assert_refused(damaged(keys, value), pattern)


def test_undamaged_model_loads(damaged):
    assert layers_model.load(damaged()).count_params() == small_model().count_params()


def test_integers_beyond_int32_are_refused(tmp_path):
    listed = [{"paths": ["w"], "weights": [{"name": "w", "shape": [2], "dtype": "int32",
               "quantization": {"dtype": "uint8", "scale": 1e9, "min": 0}}]}]  # fmt: skip
    (tmp_path / "w").write_bytes(bytes([1, 3]))
    with pytest.raises(ValueError, match="weights: 'w': has integers that are larger than int32"):
        weights.read_weights(tmp_path, listed)


@fuzzed(300)
@given(data=st.data())
def test_mutated_manifests_load_or_raise_value_error(damaged, good, data):
    keys = data.draw(st.sampled_from([k for k in places(good[0]) if k[0] == "weightsManifest"]))
    path = damaged(keys, data.draw(JSON_VALUES))
    try:
        model = layers_model.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path / 'model.json'}: ")
    else:
        assert model.count_params() == small_model().count_params()
