"""Each rule of graph_rewrites.py computes the same as TensorFlow, on all backends and in a loop."""

import numpy as np
import pytest
import tensorflow as tf

from harness.javascript import PLACES, difference, graph_job
from keras_tfjs import BACKENDS, graph_model
from keras_tfjs.graph_rewrites import RULES

LIMIT = 2e-6
_RNG = np.random.default_rng(0)
FLOATS = np.array([[-3.5, -1, -0.25, 0], [0, 0.25, 1, 3.5], [-6, 6, 1e-6, -1e-6]], np.float32)
INTEGERS = np.array([[-7, -1, 0, 2], [255, 256, 512, -256], [1, 3, 5, -5]], np.int32)
IMAGES = _RNG.normal(size=(2, 8, 8, 4)).astype(np.float32)
VIDEOS = -_RNG.uniform(1, 2, (1, 4, 4, 4, 2)).astype(np.float32)
GROUPS = _RNG.normal(size=(3, 3, 2, 6)).astype(np.float32)
SMALL = _RNG.normal(size=(3, 3, 4, 5)).astype(np.float32)
DEPTHWISE = _RNG.normal(size=(2, 2, 4, 1)).astype(np.float32)
MASKED = np.array([[-2e38, -2e38, -2e38, -2e38], [0, 1, -2e38, 2], [1, 2, 3, 4]], np.float32)


def _bitwise(x):
    return [tf.bitwise.bitwise_and(x, 6), tf.bitwise.bitwise_or(x, 6), tf.bitwise.bitwise_xor(x, 6)]


KERNEL_3D = _RNG.normal(size=(1, 1, 2, 2, 3)).astype(np.float32)

# By operation: a function and its input.
CASES = {
    "AvgPool3D": (lambda x: tf.nn.avg_pool3d(x, 1, 2, "SAME"), VIDEOS),
    "BiasAdd": (
        lambda x: tf.nn.bias_add(x, tf.range(float(x.shape[1])), data_format="NCHW"),
        IMAGES,
    ),
    "Bitcast": (lambda x: tf.bitcast(x, tf.int32) < 0, FLOATS),
    "BitwiseAnd": (lambda x: _bitwise(x)[0], INTEGERS),
    "BitwiseOr": (lambda x: _bitwise(x)[1], INTEGERS),
    "BitwiseXor": (lambda x: _bitwise(x)[2], INTEGERS),
    "Bucketize": (lambda x: tf.raw_ops.Bucketize(input=x, boundaries=[-1.0, 0, 0.25]), FLOATS),
    "Cast": (lambda x: tf.cast(x, tf.bool), INTEGERS),
    "Conv2D": (lambda x: tf.nn.conv2d(x, GROUPS, 1, "SAME"), IMAGES),
    "Conv2D, strides": (lambda x: tf.nn.conv2d(x, SMALL, 4, "SAME"), IMAGES),
    "Conv3D": (lambda x: tf.nn.conv3d(x, KERNEL_3D, [1, 2, 2, 2, 1], "SAME"), VIDEOS),
    "Cumprod": (lambda x: tf.math.cumprod(x, -1), FLOATS),
    "Cumsum": (lambda x: tf.cumsum(x, -2, exclusive=True, reverse=True), FLOATS),
    "DenseBincount": (
        lambda x: tf.math.bincount(tf.abs(x) % 7, minlength=5, maxlength=5, axis=-1),
        INTEGERS,
    ),
    "DepthwiseConv2dNative": (
        lambda x: tf.nn.depthwise_conv2d(x, DEPTHWISE, [1, 3, 3, 1], "SAME"),
        IMAGES,
    ),
    "Einsum": (lambda x: tf.einsum("abcd,aecd->adbe", x, x[:, :3]), IMAGES),
    "EnsureShape": (lambda x: tf.ensure_shape(x, [None, 4]), FLOATS),
    "Erfc": (lambda x: tf.math.erfc(x), FLOATS),
    "GatherV2": (lambda x: tf.gather(x, [[0, 3], [1, 1], [2, 0]], batch_dims=1), FLOATS),
    "GatherV2, last axis": (lambda x: tf.gather(x, [3, 0], axis=-1), FLOATS),
    "Invert": (lambda x: tf.bitwise.invert(x), INTEGERS),
    "MatrixBandPart": (lambda x: tf.linalg.band_part(x, 1, 0), FLOATS),
    "MaxPool3D": (lambda x: tf.nn.max_pool3d(x, 2, 2, "SAME"), VIDEOS),
    "OneHot": (lambda x: tf.one_hot(x, 4, axis=0), INTEGERS),
    "OneHot, one class": (lambda x: tf.one_hot(x, 1), INTEGERS),
    "Prod": (lambda x: x * tf.cast(tf.reduce_prod(tf.shape(x)[:0]), x.dtype), FLOATS),
    "Roll": (lambda x: tf.roll(x, [1, -2], [0, 1]), FLOATS),
    "Round": (lambda x: tf.round(x) + 0, INTEGERS),
    "Softmax": (lambda x: tf.nn.softmax(x), MASKED),
    "Softsign": (lambda x: tf.nn.softsign(x), FLOATS),
    "Sum": (lambda x: x + tf.cast(tf.reduce_sum(tf.shape(x)[:0]), x.dtype), FLOATS),
    "TensorScatterUpdate": (
        lambda x: tf.tensor_scatter_nd_update(x, [[1]], [[9.0, 9, 9, 9]]) - x,
        FLOATS,
    ),
}


def in_loop(function):
    """Call a function in the body of a loop, which is a library function of the graph."""

    def looped(x):
        outputs = function(x)
        start = (tf.constant(0), tf.zeros_like(outputs))
        return tf.while_loop(lambda i, _: i < 2, lambda i, _: (i + 1, function(x)), start)[1]

    return looped


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    root, jobs, expected = tmp_path_factory.mktemp("rewrites"), [], {}
    for name, (function, value) in CASES.items():
        for way, computed in (("plain", function), ("loop", in_loop(function))):
            spec = tf.TensorSpec([None, *value.shape[1:]], value.dtype, "x")
            if value is INTEGERS and name.startswith("OneHot"):
                spec = tf.TensorSpec(value.shape, value.dtype, "x")
            graph = tf.function(lambda x, f=computed: {"y": f(x)}, input_signature=[spec])
            path = root / str(len(jobs))
            graph_model.save(graph, path)
            jobs.append(graph_job(path, {"x": value}, ["y"]))
            expected[name, way] = np.asarray(function(tf.constant(value)))
    return jobs, expected


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_rewritten_operations_compute_the_same(request, saved, place):
    where, backend = place
    jobs, expected = saved
    answers = request.getfixturevalue(f"run_in_{where}")(backend, jobs)
    wrong = {}
    for (key, wanted), answer in zip(expected.items(), answers, strict=True):
        scale = max(1.0, float(np.abs(wanted).max()))
        if (largest := difference(answer, [wanted.astype(np.float32)])) > LIMIT * scale:
            wrong[key] = largest
    assert not wrong


UNKNOWN_RANK = {
    "BiasAdd": lambda x: tf.nn.bias_add(x, [1.0, 2.0], data_format="NCHW"),
    "Cumsum": lambda x: tf.cumsum(x, -1),
    "Einsum": lambda x: tf.einsum("...i->...", x),
    "GatherV2": lambda x: tf.raw_ops.GatherV2(params=x, indices=[0], axis=-1),
    "OneHot": lambda x: tf.one_hot(tf.cast(x, tf.int32), 3),
    "Roll": lambda x: tf.roll(x, 1, -1),
}


@pytest.mark.parametrize("operation", UNKNOWN_RANK)
def test_unknown_rank_is_refused(tmp_path, operation):
    def computed(x, shape):
        return {"y": tf.reduce_max(UNKNOWN_RANK[operation](tf.reshape(x, shape))), "x": x}

    specs = [tf.TensorSpec([None], tf.float32, "x"), tf.TensorSpec([None], tf.int32, "shape")]
    graph = tf.function(computed, input_signature=specs)
    with pytest.raises(ValueError, match=rf"{operation}.*the rank of an input is unknown"):
        graph_model.save(graph, tmp_path)


def test_unique_of_a_matrix_is_refused(tmp_path):
    def unique(shape):
        spec = tf.TensorSpec(shape, tf.float32, "x")
        return tf.function(lambda x: tf.raw_ops.UniqueV2(x=x, axis=[0]).y, input_signature=[spec])

    assert graph_model.save(unique([None]), tmp_path) == list(BACKENDS)
    with pytest.raises(ValueError, match="flatten the input"):
        graph_model.save(unique([None, 4]), tmp_path)


def test_every_rule_has_a_case():
    assert {name.partition(",")[0] for name in CASES} == set(RULES)
