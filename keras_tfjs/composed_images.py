"""Layers for images and volumes that TensorFlow.js lacks, as compositions of layers that it has."""

from typing import Any

import keras
import numpy as np
from keras import layers

from keras_tfjs.layer_builder import LayerBuilder, check_channels_last


def max_pooling_3d(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Take the maximum over two dimensions, then over the third."""
    check_channels_last(layer)
    _, depth, height, width, channels = x.shape
    pool, strides = layer.pool_size, layer.strides
    x = builder.reshape(x, depth, height, width * channels)
    x = builder.add(layers.MaxPooling2D, pool[:2], strides[:2], layer.padding)(x)
    depth, height = x.shape[1:3]
    x = builder.reshape(x, depth * height, width, channels)
    x = builder.add(layers.MaxPooling2D, (1, pool[2]), (1, strides[2]), layer.padding)(x)
    return builder.reshape(x, depth, height, x.shape[2], channels)


def up_sampling_3d(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Repeat two dimensions, then the third."""
    check_channels_last(layer)
    _, depth, height, width, channels = x.shape
    x = builder.reshape(x, depth, height, width * channels)
    x = builder.add(layers.UpSampling2D, layer.size[:2])(x)
    depth, height = x.shape[1:3]
    x = builder.reshape(x, depth * height, width, channels)
    x = builder.add(layers.UpSampling2D, (1, layer.size[2]))(x)
    return builder.reshape(x, depth, height, x.shape[2], channels)


def spatial_dropout(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Drop whole channels: the noise is the same at all positions."""
    check_channels_last(layer)
    shape = (None, *[1] * (len(x.shape) - 2), None)
    return builder.add(layers.Dropout, layer.rate, noise_shape=shape)(x)


def resize(builder: LayerBuilder, layer: Any, x: Any, training: Any = None) -> Any:
    """Resize by one matrix product for each axis."""
    check_channels_last(layer)
    antialias = getattr(layer, "antialias", False)
    if getattr(layer, "crop_to_aspect_ratio", False) or getattr(
        layer, "pad_to_aspect_ratio", False
    ):
        raise ValueError("crop_to_aspect_ratio, pad_to_aspect_ratio: must be False")
    _, height, width, _ = x.shape
    if height is None or width is None:
        raise ValueError("the input size must be known; give keras.Input the size")
    if isinstance(layer, layers.Resizing):
        sizes = layer.height, layer.width
    else:
        sizes = height * layer.size[0], width * layer.size[1]
    rows, columns = (
        _interpolation_matrix(before, after, layer.interpolation, antialias)
        for before, after in zip((height, width), sizes, strict=True)
    )
    x = builder.permute(x, 1, 3, 2)
    x = builder.fixed_dense(x, columns, np.zeros(sizes[1]), "columns")
    x = builder.permute(x, 3, 2, 1)
    x = builder.fixed_dense(x, rows, np.zeros(sizes[0]), "rows")
    return builder.permute(x, 3, 1, 2)


def _interpolation_matrix(before: int, after: int, interpolation: str, antialias: bool) -> Any:
    """Return the matrix [before, after] that resizes an axis as Keras does."""
    images = np.eye(before, dtype=np.float32)[None, :, None]
    resized = keras.ops.image.resize(
        images, (after, 1), interpolation, antialias, data_format="channels_last"
    )
    return keras.ops.convert_to_numpy(resized)[0, :, 0].T


def center_crop(builder: LayerBuilder, layer: Any, x: Any, training: Any = None) -> Any:
    """Crop the margins around the center."""
    check_channels_last(layer)
    margins = []
    for before, after in zip(x.shape[1:3], (layer.height, layer.width), strict=True):
        if before is None or before < after:
            raise ValueError("the image size must be known, and at least the size after the crop")
        margins.append(((before - after) // 2, before - after - (before - after) // 2))
    return builder.add(layers.Cropping2D, tuple(margins))(x)
