"""Replacements for operations that some backends of TensorFlow.js 4.22 compute wrongly."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_tfjs.graph_splicing import REWRITTEN, known_rank
from keras_tfjs.recurrent import UNSHARED_UPDATE

# WebGL starts its search for a maximum at -1e20, so it finds no maximum among smaller numbers.
_SMALLEST_LOGIT = -1e19


def cumulative(operation: tf.Operation, x: tf.Tensor, axis: tf.Tensor) -> tf.Tensor | None:
    """Replace a negative axis, because TensorFlow.js takes axes of at least 0."""
    number = tf.get_static_value(axis)
    if number is None or number >= 0:
        return None
    function = {"Cumsum": tf.cumsum, "Cumprod": tf.math.cumprod}[operation.type]
    exclusive, reverse = operation.get_attr("exclusive"), operation.get_attr("reverse")
    return function(x, int(number) % known_rank(x), exclusive, reverse)


def round_(_: tf.Operation, x: tf.Tensor) -> tf.Tensor | None:
    """Skip the rounding of integers, because the backends round integers to even numbers."""
    return x if x.dtype.is_integer else None


def softmax(operation: tf.Operation, x: tf.Tensor) -> tf.Tensor | None:
    """Clip fully masked rows (-2e38 in attention), because WebGL finds no maximum in them."""
    if REWRITTEN in operation.name:
        return None
    return tf.raw_ops.Softmax(logits=tf.maximum(x, _SMALLEST_LOGIT))


def without_padding(operation: tf.Operation, x: tf.Tensor, *kernel: tf.Tensor) -> Any:
    """Replace padding "same" where strides are larger than the kernel.

    With such strides, "same" skips a part of the input. wasm crops the input instead; in three
    dimensions, all backends do.
    """
    if operation.get_attr("padding") != b"SAME" or operation.get_attr("data_format")[-1:] != b"C":
        return None
    if any(tensor.shape.rank is None for tensor in (x, *kernel)):  # in the body of a loop
        return None
    strides = operation.get_attr("strides")
    sizes = kernel[0].shape.as_list() if kernel else operation.get_attr("ksize")[1:]
    dilations = operation.get_attr("dilations") if kernel else [1] * len(strides)
    # For each axis, by how much the last window exceeds the input. Negative: the unused input.
    missing = []
    for axis in range(1, x.shape.rank - 1):
        size, stride = x.shape[axis], strides[axis]
        if size is None:
            return None
        steps = -(-size // stride)
        missing.append((steps - 1) * stride + (sizes[axis - 1] - 1) * dilations[axis] + 1 - size)
    if min(missing) >= 0 or (not kernel and max(missing) > 0):
        return None
    if max(missing) > 0:
        margins = [(max(m, 0) // 2, max(m, 0) - max(m, 0) // 2) for m in missing]
        x = tf.pad(x, [(0, 0), *margins, (0, 0)])
    if operation.type == "DepthwiseConv2dNative":
        return tf.nn.depthwise_conv2d(x, *kernel, strides, "VALID", dilations=dilations[1:3])
    if operation.type == "AvgPool3D":
        return tf.nn.avg_pool3d(x, operation.get_attr("ksize"), strides, "VALID")
    function = {"Conv2D": tf.nn.conv2d, "Conv3D": tf.nn.conv3d}[operation.type]
    return function(x, *kernel, strides, "VALID", dilations=dilations)


def bucketize(operation: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    """Count the boundaries that are not above each number."""
    boundaries = np.array(operation.get_attr("boundaries"), np.float32)
    reached = tf.cast(x, tf.float32)[..., None] >= boundaries
    return tf.reduce_sum(tf.cast(reached, tf.int32), -1)


def one_hot(indices: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """Return one-hot vectors of int32, along a new last axis.

    Equal replaces OneHot for a depth that is below 2, which TensorFlow.js refuses, or unknown.
    For larger depths,
    OneHot is up to 40 times as fast.
    """
    indices, size = tf.cast(indices, tf.int32), tf.get_static_value(depth)
    if size is not None and size >= 2:
        return tf.one_hot(indices, depth, dtype=tf.int32)
    numbers = tf.range(tf.cast(depth, tf.int32))
    return tf.cast(tf.equal(indices[..., None], numbers), tf.int32)


def bias_add(operation: tf.Operation, x: tf.Tensor, bias: tf.Tensor) -> tf.Tensor | None:
    """Use Add for a bias of the second axis, because TensorFlow.js always adds to the last axis."""
    if operation.get_attr("data_format") != b"NCHW":
        return None
    return x + tf.reshape(bias, [-1, *[1] * (known_rank(x) - 2)])


def reduction(operation: tf.Operation, x: tf.Tensor, axis: tf.Tensor) -> tf.Tensor | None:
    """Replace the sum or product of an empty tensor, which is random on wasm and fails on WebGL."""
    shape = operation.outputs[0].shape
    if x.shape.num_elements() != 0 or not shape.is_fully_defined():
        return None
    return tf.fill(shape, tf.cast({"Prod": 1, "Sum": 0}[operation.type], x.dtype))


def dense_bincount(
    operation: tf.Operation, x: tf.Tensor, size: tf.Tensor, weights: tf.Tensor
) -> tf.Tensor:
    """Sum one-hot vectors: tfjs-node lacks bincount; the others miscount values out of range."""
    hot = one_hot(x, size)
    if operation.get_attr("binary_output"):
        return tf.cast(tf.reduce_max(hot, -2), weights.dtype)
    hot = tf.cast(hot, weights.dtype)
    if weights.shape.num_elements() != 0:
        hot *= weights[..., None]
    return tf.reduce_sum(hot, -2)


def scatter_update(
    operation: tf.Operation, x: tf.Tensor, indices: tf.Tensor, updates: tf.Tensor
) -> tf.Tensor | None:
    """Copy the input, because the cpu backend overwrites it.

    The copy is the maximum of the input and the lowest number. The lowest number is computed from
    the indices, because the optimizer would fold a maximum of constants into a constant.
    """
    if UNSHARED_UPDATE in operation.name or REWRITTEN in operation.name or x.dtype == tf.bool:
        return None
    lowest = tf.minimum(tf.cast(tf.reduce_min(indices), tf.int32), tf.int32.min)
    lowest = tf.cast(lowest, x.dtype)
    if x.dtype.is_floating:
        lowest *= 1e30  # minus infinity
    return tf.tensor_scatter_nd_update(tf.maximum(x, lowest), indices, updates)
