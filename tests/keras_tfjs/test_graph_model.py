"""Graph models in the real TensorFlow.js, and functions that are refused."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from harness.javascript import difference, graph_job
from keras_tfjs import graph_model
from keras_tfjs.tracing import function_of
from tests.keras_tfjs.case import randomize

Spec = tf.TensorSpec


def run(run_in_node, path, inputs, outputs, backend="wasm"):
    return run_in_node(backend, [graph_job(path, inputs, outputs)])[0]


@pytest.mark.parametrize("backend", ["cpu", "wasm"])
def test_saved_model_with_a_loop_computes_the_same(
    run_in_node, differences, text_run, tmp_path, backend
):
    """The text model's SavedModel has a loop of plain tensors."""
    graph_model.save(text_run / "saved_model", tmp_path)
    serve = tf.saved_model.load(str(text_run / "saved_model")).signatures["serving_default"]
    _, length, size = serve.structured_input_signature[1]["windows"].shape
    picks = np.random.default_rng(0).integers(0, size, (3, length))
    windows = np.eye(size, dtype=np.float32)[picks]
    answer = run(run_in_node, tmp_path, {"windows": windows}, ["probabilities"], backend)
    largest = difference(answer, serve(tf.constant(windows)))
    name = "lstm_text_generation, SavedModel as a graph"
    differences(name, "Keras to TensorFlow.js", f"node {backend}", largest)
    assert largest <= 1e-6


def test_inputs_and_outputs_keep_their_names(run_in_node, tmp_path):
    """The outputs: two equal ones, an input, a constant, and an integer."""

    @tf.function(input_signature=[Spec([None], tf.float32, "b"), Spec([None], tf.float32, "a")])
    def function(b, a):
        total = a + 2 * b
        count = tf.cast(tf.shape(a, tf.int64)[0], tf.int64) + tf.constant(7, tf.int64)
        return {"x": total, "total": total, "b": b, "seven": tf.constant([7.0]), "n": count}

    graph_model.save(function, tmp_path)
    inputs = {"a": np.array([1, 2], np.float32), "b": np.array([10, 20], np.float32)}
    answer = run(run_in_node, tmp_path, inputs, ["b", "n", "seven", "total", "x"])
    expected = [np.array(value) for value in ([10, 20], 9, [7], [21, 42], [21, 42])]
    assert difference(answer, expected) == 0
    signature = json.loads((tmp_path / "model.json").read_text())["signature"]
    assert signature["outputs"]["n"]["dtype"] == "DT_INT32"
    assert list(signature["inputs"]) == ["b", "a"]


def test_equal_constants_are_written_once(run_in_node, tmp_path):
    matrix = np.random.default_rng(0).normal(size=(50, 50)).astype(np.float32) / 50

    @tf.function(input_signature=[Spec([None, 50], tf.float32, "x")])
    def function(x):
        for _ in range(20):
            x = tf.tanh(x @ tf.constant(matrix))
        return {"y": x}

    graph_model.save(function, tmp_path)
    assert matrix.nbytes <= (tmp_path / "weights.bin").stat().st_size < 1.1 * matrix.nbytes
    x = np.ones((2, 50), np.float32)
    assert difference(run(run_in_node, tmp_path, {"x": x}, ["y"]), function(x)) <= 1e-5


def test_constants_in_loops_and_branches_are_kept(run_in_node, tmp_path):
    @tf.function(input_signature=[Spec([3], tf.float32, "x"), Spec([], tf.int32, "n")])
    def function(x, n):
        def body(i, x):
            return i + 1, tf.cond(i % 2 == 0, lambda: x * [1.0, 2.0, 3.0], lambda: x + 0.5)

        return {"y": tf.while_loop(lambda i, _: i < n, body, (0, x))[1]}

    graph_model.save(function, tmp_path)
    x, n = np.array([1, -1, 2], np.float32), np.array(5, np.int32)
    assert difference(run(run_in_node, tmp_path, {"x": x, "n": n}, ["y"]), function(x, n)) <= 1e-5


def test_variables_are_frozen(tmp_path):
    model = randomize(keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2)]))
    graph_model.save(function_of(model, ["y"]), tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    operations = {node["op"] for node in content["modelTopology"]["node"]}
    assert operations <= {"Placeholder", "Const", "MatMul", "BiasAdd", "AddV2", "Identity"}
    assert (tmp_path / "weights.bin").stat().st_size == 4 * model.count_params()


REFUSED = {
    "missing operation": (lambda x: tf.linalg.logdet(x), "cannot run the operation"),
    "lists of tensors": (
        lambda x: tf.TensorArray(tf.float32, 4).unstack(x).stack(),
        "cannot run the operation TensorList",
    ),
    "large numbers": (
        lambda x: tf.cast(tf.cast(x, tf.float64) * tf.constant(1e50, tf.float64), tf.float32),
        r"TensorFlow.js has no numbers as large as 1e\+50",
    ),
    "uint8": (lambda x: tf.cast(tf.cast(x, tf.uint8) + 1, tf.float32), "has no DT_UINT8"),
    "float16": (lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32), "has no DT_HALF"),
    "mean of integers": (lambda x: tf.reduce_mean(tf.cast(x, tf.int32)), "is not rounded"),
    "training": (
        lambda x: tf.compat.v1.nn.fused_batch_norm(x[None, None], tf.ones(4), tf.ones(4))[0],
        "normalizes by the batch",
    ),
    "large integers": (
        lambda x: tf.cast(x, tf.int64) + tf.constant(2**40, tf.int64),
        "TensorFlow.js has no integers as large as 1099511627776",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unsupported_function_is_refused(tmp_path, name):
    make, pattern = REFUSED[name]

    @tf.function(input_signature=[Spec([4, 4], tf.float32, "x")])
    def function(x):
        return {"y": make(x)}

    with pytest.raises(ValueError, match=pattern):
        graph_model.save(function, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_missing_or_equal_names_are_refused(tmp_path):
    x, y = (Spec([2], tf.float32, name) for name in ("x", "x"))
    twice = tf.function(lambda a, b: {"y": a + b}, input_signature=[x, y])
    odd = tf.function(lambda a: {"a:0": a + 1}, input_signature=[x])
    for function in (twice, odd):
        with pytest.raises(ValueError, match="put needs a unique name"):
            graph_model.save(function, tmp_path / "model")
    shapeless = tf.function(lambda a: a, input_signature=[Spec(None, tf.float32, "x")])
    with pytest.raises(ValueError, match="the rank of .* is unknown: give its tf.TensorSpec"):
        graph_model.save(shapeless, tmp_path / "model")
    with pytest.raises(ValueError, match="the tf.function has no input_signature"):
        graph_model.save(tf.function(lambda a: a), tmp_path / "model")
    with pytest.raises(ValueError, match="is not a Keras model, a tf.function or"):
        graph_model.save(lambda a: a, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_saved_model_without_the_signature_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "empty"))
    with pytest.raises(ValueError, match="has no signature serving_default"):
        graph_model.save(tmp_path / "empty", tmp_path / "model")
