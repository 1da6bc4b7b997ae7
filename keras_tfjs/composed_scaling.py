"""Layers that scale by constants: their weights are the constants, and are not trainable."""

from typing import Any

import numpy as np
from keras import layers

from keras_tfjs.layer_builder import LayerBuilder


def scale_channels(
    builder: LayerBuilder, x: Any, scale: Any, offset: Any, offset_first: bool = False
) -> Any:
    """Return scale * x + offset, or scale * (x + offset) if `offset_first`.

    Scale and offset are numbers, vectors for the last axis, or arrays of the shape of x.
    """
    scale, offset = np.asarray(scale, np.float32), np.asarray(offset, np.float32)
    if scale.size == offset.size == 1:
        if offset_first:
            return builder.scale(builder.scale(x, 1, offset.item()), scale.item())
        return builder.scale(x, scale.item(), offset.item())
    size = x.shape[-1]
    for value in (scale, offset):
        if any(n != 1 and n != m for n, m in zip(value.shape[::-1], x.shape[::-1], strict=False)):
            raise ValueError(
                "TensorFlow.js cannot broadcast a tensor to the shape of a larger constant"
            )
    if not {scale.size, offset.size} <= {1, size}:
        return _scale_elements(builder, x, scale, offset, offset_first)
    scale, offset = (np.broadcast_to(value.ravel(), size) for value in (scale, offset))
    if offset_first:
        x = builder.fixed_dense(x, np.eye(size), offset, "offset")
        return builder.fixed_dense(x, np.diag(scale), np.zeros(size), "scale")
    return builder.fixed_dense(x, np.diag(scale), offset, "scale")


def _scale_elements(
    builder: LayerBuilder, x: Any, scale: Any, offset: Any, offset_first: bool
) -> Any:
    """Scale each element with a 1 x 1 DepthwiseConv2D; the elements become channels."""
    shape = x.shape[1:]
    if None in shape or max(scale.ndim, offset.ndim) > len(shape) + 1:
        raise ValueError("the input size must be known; give keras.Input the size")
    scale, offset = (np.broadcast_to(value, (1, *shape)).ravel() for value in (scale, offset))
    if offset_first:
        offset = scale * offset
    config = {"kernel_size": 1, "trainable": False}
    y = builder.reshape(x, 1, 1, scale.size)
    y = builder.call_weighted(
        layers.DepthwiseConv2D, config, [scale.reshape(1, 1, -1, 1), offset], y
    )
    return builder.reshape(y, *shape)
