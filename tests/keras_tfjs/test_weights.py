"""Weight files: shards, files of the official converter, and damaged manifests."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_tfjs import layers_model, weights
from tests.keras_tfjs.untrusted import assert_refused
from tests.keras_tfjs.weight_files import manifest, read, small_model, write
from tests.support.fuzzing import JSON_VALUES, fuzzed, places


def test_weights_up_to_4_mb_are_one_file(tmp_path):
    write(tmp_path, a=np.zeros(2**20, np.float32))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", "weights.bin"]
    assert (tmp_path / "weights.bin").stat().st_size == 4 * 2**20


def test_larger_weights_are_shards(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "a": rng.normal(size=700_001).astype(np.float32),
        "flag": np.array([True]),  # the next weight does not begin at a multiple of 4
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
        assert tracemalloc.get_traced_memory()[1] < 5e7  # the weights have 8e7 bytes
        tracemalloc.stop()


def test_read_weights_of_the_official_converter(tmp_path):
    """Several groups, a quantized int32, and the converter's file names."""
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
    """Return a model in shards with a weight of each dtype."""
    path = tmp_path_factory.mktemp("good")
    rules = "uint8:hidden/kernel,uint16:hidden/bias,float16:out/kernel"
    layers_model.save(small_model(), path, quantize=rules)
    content = json.loads((path / "model.json").read_text())
    data = (path / "weights.bin").read_bytes()
    content["weightsManifest"][0]["paths"] = ["1.bin", "2.bin"]
    return content, (data[:50], data[50:])


@pytest.fixture
def damaged(tmp_path, good):
    """Return a function that writes the good model with one changed value."""

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
