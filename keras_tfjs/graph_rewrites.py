"""Rules that replace operations that TensorFlow.js 4.22 lacks or computes wrongly.

The replacement computes the same as TensorFlow on every backend, to the precision of float32. A
rule returns None to leave the operation unchanged.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from keras_tfjs import backend_rewrites
from keras_tfjs.einsum import einsum
from keras_tfjs.graph_splicing import Rule, apply_rules, known_rank


def rewrite(graph: graph_pb2.GraphDef) -> None:
    """Replace, in place, the operations that TensorFlow.js lacks or computes wrongly.

    Raises:
      ValueError: an operation has no replacement; the message starts with the node's name.
    """
    apply_rules(graph, RULES)


def _erfc(_: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    """Chebyshev fit of Numerical Recipes, section 6.2; the relative error is at most 1.2e-7."""
    z = tf.abs(x)
    t = 1 / (1 + 0.5 * z)
    exponent = tf.constant(_ERFC[0], x.dtype)
    for coefficient in _ERFC[1:]:
        exponent = exponent * t + coefficient
    tail = t * tf.exp(exponent - z * z)
    return tf.where(x >= 0, tail, 2 - tail)


_ERFC = (
    *(0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807),
    *(-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223),
)


def _matrix_band_part(
    _: tf.Operation, x: tf.Tensor, lower: tf.Tensor, upper: tf.Tensor
) -> tf.Tensor:
    """Replace MatrixBandPart, because TensorFlow.js reads num_upper from num_lower."""
    lower, upper = tf.cast(lower, tf.int32), tf.cast(upper, tf.int32)
    rows, columns = tf.shape(x)[-2], tf.shape(x)[-1]
    distance = tf.range(rows)[:, None] - tf.range(columns)[None, :]
    keep_lower = tf.logical_or(lower < 0, distance <= lower)
    keep_upper = tf.logical_or(upper < 0, -distance <= upper)
    return tf.where(tf.logical_and(keep_lower, keep_upper), x, tf.zeros([], x.dtype))


def _softsign(_: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return x / (1 + tf.abs(x))


def _roll(_: tf.Operation, x: tf.Tensor, shift: tf.Tensor, axis: tf.Tensor) -> tf.Tensor:
    axes, shifts = tf.get_static_value(axis), tf.get_static_value(shift)
    if axes is None or shifts is None:
        raise ValueError("its shift and axis must be constants")
    for one_axis, one_shift in zip(np.ravel(axes), np.ravel(shifts), strict=True):
        x = _rolled(x, int(one_shift), int(one_axis) % known_rank(x))
    return x


def _rolled(x: tf.Tensor, shift: int, axis: int) -> tf.Tensor:
    before = [slice(None)] * axis
    size = x.shape[axis]
    if size == 0:
        return x
    start = -shift % size if size else tf.math.floormod(-shift, tf.shape(x)[axis])
    return tf.concat([x[(*before, slice(start, None))], x[(*before, slice(None, start))]], axis)


def _cast(operation: tf.Operation, x: tf.Tensor) -> tf.Tensor | None:
    """Compare with 0, because wasm casts to bool by copying the low byte."""
    if operation.get_attr("DstT") != tf.bool or x.dtype == tf.bool:
        return None
    return tf.not_equal(x, tf.zeros([], x.dtype))


def _one_hot(
    operation: tf.Operation, indices: tf.Tensor, depth: tf.Tensor, on: tf.Tensor, off: tf.Tensor
) -> tf.Tensor | None:
    """Build int32 one-hot vectors along the last axis.

    wasm returns zeros for float vectors, and TensorFlow.js has no other axis.
    """
    axis, dtype = operation.get_attr("axis"), operation.get_attr("T")
    plain = tf.get_static_value(on) == 1 and tf.get_static_value(off) == 0
    rank, hot = known_rank(indices), backend_rewrites.one_hot(indices, depth)
    last = axis in (-1, rank)
    if hot.op.type == "OneHot" and plain and last and dtype == indices.dtype == tf.int32:
        return None
    if not last:
        hot = tf.transpose(hot, [*range(axis), rank, *range(axis, rank)])
    return tf.cast(hot, dtype) if plain else tf.where(tf.equal(hot, 1), on, off)


def _conv2d(operation: tf.Operation, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor | None:
    """Write a grouped convolution as several convolutions, or as a depthwise convolution."""
    if operation.get_attr("data_format") != b"NHWC":
        return None
    channels, per_group = x.shape[-1], kernel.shape[2]
    if channels is None or per_group is None or channels == per_group:
        return backend_rewrites.without_padding(operation, x, kernel)
    groups, outputs = channels // per_group, kernel.shape[3]
    strides, dilations = operation.get_attr("strides"), operation.get_attr("dilations")
    padding = operation.get_attr("padding").decode()
    if per_group == 1 and padding != "EXPLICIT" and strides[1] == strides[2]:
        size = [*kernel.shape[:2], channels, outputs // channels]
        kernel = tf.reshape(kernel, size)
        return tf.nn.depthwise_conv2d(x, kernel, strides, padding, dilations=dilations[1:3])
    if padding == "EXPLICIT":
        flat = operation.get_attr("explicit_paddings")
        padding = [flat[i : i + 2] for i in range(0, 8, 2)]
    inputs, kernels = tf.split(x, groups, -1), tf.split(kernel, groups, -1)
    pairs = zip(inputs, kernels, strict=True)
    return tf.concat(
        [tf.nn.conv2d(a, b, strides, padding, "NHWC", dilations) for a, b in pairs], -1
    )


def _max_pool_3d(operation: tf.Operation, x: tf.Tensor) -> tf.Tensor | None:
    """Pool planes, then depth, because wasm loses negative maxima in three dimensions."""
    if operation.get_attr("data_format") != b"NDHWC":
        return None
    _, *size, _ = operation.get_attr("ksize")
    _, *strides, _ = operation.get_attr("strides")
    padding = operation.get_attr("padding").decode()
    shape = tf.shape(x)
    planes = tf.reshape(x, [shape[0] * shape[1], *_sizes(x, 2)])
    planes = tf.nn.max_pool2d(planes, size[1:], strides[1:], padding)
    height, width, channels = _sizes(planes, 1)
    columns = tf.reshape(planes, [shape[0], shape[1], height * width, channels])
    columns = tf.nn.max_pool2d(columns, [size[0], 1], [strides[0], 1], padding)
    return tf.reshape(columns, [shape[0], _sizes(columns, 1)[0], height, width, channels])


def _sizes(x: tf.Tensor, first: int) -> list[Any]:
    """Return the sizes of the axes from `first` on: integers, or tensors where unknown."""
    shape = tf.shape(x)
    return [shape[i] if size is None else size for i, size in enumerate(x.shape)][first:]


def _gather(
    operation: tf.Operation, x: tf.Tensor, indices: tf.Tensor, axis: tf.Tensor
) -> tf.Tensor | None:
    """Gather from flattened rows, because wasm reads outside its memory with batch dimensions."""
    batch, axis = operation.get_attr("batch_dims"), tf.get_static_value(axis)
    if batch == 0:  # tfjs-node takes no negative axis
        if axis is None or axis >= 0:
            return None
        return tf.gather(x, indices, axis=axis % known_rank(x))
    if axis is None:
        raise ValueError("its axis must be a constant")
    axis, batch = int(axis) % known_rank(x), batch % known_rank(indices)
    outer = list(range(batch, axis))
    order = [*range(batch), axis, *outer, *range(axis + 1, x.shape.rank)]
    x = x if order == sorted(order) else tf.transpose(x, order)
    sizes, index_sizes = _sizes(x, 0), _sizes(indices, batch)
    count = math.prod(sizes[1:batch], start=sizes[0])
    start = tf.range(count) * sizes[batch]
    flat = tf.cast(tf.reshape(indices, [count, -1]), tf.int32) + start[:, None]
    rows = tf.reshape(x, [count * sizes[batch], *sizes[batch + 1 :]])
    found = tf.gather(rows, tf.reshape(flat, [-1]))
    found = tf.reshape(found, [*sizes[:batch], *index_sizes, *sizes[batch + 1 :]])
    if not outer:
        return found
    middle = batch + len(index_sizes)
    order = [*range(middle, middle + len(outer)), *range(batch, middle)]
    return tf.transpose(
        found, [*range(batch), *order, *range(batch + len(order), found.shape.rank)]
    )


def _ensure_shape(_: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return x


def _bitcast(operation: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    """Return -2**31 for negative numbers and -0, else 0; keras.ops.signbit needs no other bits."""
    if x.dtype == operation.get_attr("type"):
        return x
    if x.dtype != tf.float32 or not all(map(_needs_sign_only, operation.outputs[0].consumers())):
        raise ValueError("TensorFlow.js cannot read the bits of a number; compute with the number")
    negative = tf.logical_or(x < 0, tf.logical_and(tf.equal(x, 0), 1 / x < 0))
    return tf.where(negative, tf.constant(_SIGN_BIT, tf.int32), tf.constant(0, tf.int32))


def _needs_sign_only(consumer: tf.Operation) -> bool:
    if consumer.type == "BitwiseAnd":
        return any(_is_filled(x, _SIGN_BIT) for x in consumer.inputs)
    return consumer.type == "Less" and _is_filled(consumer.inputs[1], 0)


def _is_filled(x: tf.Tensor, number: int) -> bool:
    value = tf.get_static_value(x)
    return value is not None and bool(np.all(value == number))


_SIGN_BIT = -(2**31)
_BIT_VALUES = [2**k for k in range(31)]


def _bitwise_and(_: tf.Operation, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    for a, b in ((x, y), (y, x)):
        if _is_filled(b, _SIGN_BIT):
            return tf.where(a < 0, tf.constant(_SIGN_BIT, a.dtype), tf.constant(0, a.dtype))
    return _bitwise(x, y, lambda a, b: a * b)


def _bitwise_or(_: tf.Operation, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return _bitwise(x, y, tf.maximum)


def _bitwise_xor(_: tf.Operation, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return _bitwise(x, y, lambda a, b: tf.abs(a - b))


def _bitwise(x: tf.Tensor, y: tf.Tensor, combine: Any) -> tf.Tensor:
    """Combine integers bit by bit, because bitwise operations fail in TensorFlow.js.

    A negative number x is stored as its complement -1 - x, which keeps sums small and exact on
    WebGL.
    """
    if x.dtype not in (tf.int32, tf.int64):
        raise ValueError(f"TensorFlow.js has no {x.dtype.name}")
    powers = tf.constant(_BIT_VALUES, x.dtype)

    def negative(value: tf.Tensor) -> tf.Tensor:
        return tf.cast(value < 0, value.dtype)[..., None]

    def flipped(bits: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
        return bits + sign - 2 * bits * sign

    def bits_of(value: tf.Tensor) -> tf.Tensor:
        magnitude = tf.where(value < 0, -1 - value, value)[..., None]
        return flipped(tf.math.floormod(magnitude // powers, 2), negative(value))

    sign = combine(negative(x), negative(y))
    bits = flipped(combine(bits_of(x), bits_of(y)), sign)
    magnitude = tf.reduce_sum(bits * powers, -1)
    return tf.where(tf.equal(sign[..., 0], 1), -1 - magnitude, magnitude)


def _invert(_: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    return -1 - x


RULES: dict[str, Rule] = {
    "AvgPool3D": backend_rewrites.without_padding,
    "BiasAdd": backend_rewrites.bias_add,
    "Bitcast": _bitcast,
    "BitwiseAnd": _bitwise_and,
    "BitwiseOr": _bitwise_or,
    "BitwiseXor": _bitwise_xor,
    "Bucketize": backend_rewrites.bucketize,
    "Cast": _cast,
    "Conv2D": _conv2d,
    "Conv3D": backend_rewrites.without_padding,
    "Cumprod": backend_rewrites.cumulative,
    "Cumsum": backend_rewrites.cumulative,
    "DenseBincount": backend_rewrites.dense_bincount,
    "DepthwiseConv2dNative": backend_rewrites.without_padding,
    "Einsum": einsum,
    "EnsureShape": _ensure_shape,
    "Erfc": _erfc,
    "GatherV2": _gather,
    "Invert": _invert,
    "MatrixBandPart": _matrix_band_part,
    "MaxPool3D": _max_pool_3d,
    "OneHot": _one_hot,
    "Prod": backend_rewrites.reduction,
    "Roll": _roll,
    "Round": backend_rewrites.round_,
    "Softmax": backend_rewrites.softmax,
    "Softsign": _softsign,
    "Sum": backend_rewrites.reduction,
    "TensorScatterUpdate": backend_rewrites.scatter_update,
}
