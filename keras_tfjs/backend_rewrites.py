"""Operations that single backends of TensorFlow.js 4.22 compute wrongly, in other forms."""

from typing import Any

import numpy as np
import tensorflow as tf

# WebGL searches for a maximum from -1e20 on, so it finds none among smaller numbers.
_SMALLEST_LOGIT = -1e19


def cumulative(operation: tf.Operation, x: tf.Tensor, axis: tf.Tensor) -> tf.Tensor | None:
    """TensorFlow.js takes axes from 0 on only."""
    number = tf.get_static_value(axis)
    if number is None or number >= 0:
        return None
    function = {"Cumsum": tf.cumsum, "Cumprod": tf.math.cumprod}[operation.type]
    exclusive, reverse = operation.get_attr("exclusive"), operation.get_attr("reverse")
    return function(x, int(number) % x.shape.rank, exclusive, reverse)


def round_(_: tf.Operation, x: tf.Tensor) -> tf.Tensor | None:
    """The backends round integers to even ones."""
    return x if x.dtype.is_integer else None


def softmax(_: tf.Operation, x: tf.Tensor) -> tf.Tensor | None:
    """On WebGL a row that is masked everywhere, as attention does with -2e38, has no maximum."""
    if x.op.type == "Maximum":
        return None
    return tf.raw_ops.Softmax(logits=tf.maximum(x, _SMALLEST_LOGIT))


def convolution(operation: tf.Operation, x: tf.Tensor, kernel: tf.Tensor) -> Any:
    """The wasm backend pads wrongly where strides are larger than the kernel.

    There nothing needs to be padded, so the padding can be valid.
    """
    if operation.get_attr("padding") != b"SAME" or operation.get_attr("data_format") != b"NHWC":
        return None
    strides, dilations = operation.get_attr("strides"), operation.get_attr("dilations")
    for axis in (1, 2):
        size, stride = x.shape[axis], strides[axis]
        extent = (kernel.shape[axis - 1] - 1) * dilations[axis] + 1
        if stride <= extent or size is None or (-(-size // stride) - 1) * stride + extent > size:
            return None
    if operation.type == "Conv2D":
        return tf.nn.conv2d(x, kernel, strides, "VALID", dilations=dilations)
    return tf.nn.depthwise_conv2d(x, kernel, strides, "VALID", dilations=dilations[1:3])


def bucketize(operation: tf.Operation, x: tf.Tensor) -> tf.Tensor:
    """Count the boundaries that a number reaches."""
    boundaries = np.array(operation.get_attr("boundaries"), np.float32)
    reached = tf.cast(x, tf.float32)[..., None] >= boundaries
    return tf.reduce_sum(tf.cast(reached, tf.int32), -1)
