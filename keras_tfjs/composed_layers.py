"""Layers that TensorFlow.js lacks, each as a composition of layers that it has."""

from typing import Any

import keras
import numpy as np

from keras_tfjs.composed_attention import COMPOSED_ATTENTION
from keras_tfjs.composition_parts import Composition, L, Parts, channels_last
from keras_tfjs.layer_config import input_shapes

_ALWAYS = lambda layer: True  # noqa: E731


def _as_two_dimensional(layer_class: Any) -> Any:
    """Return the composition of a layer of one dimension by the one of two, of width 1."""

    def build(parts: Parts, layer: keras.Layer, x: Any) -> Any:
        channels_last(layer)
        config = layer.get_config()
        for field in ("kernel_size", "size"):
            if field in config:
                config[field] = (*np.ravel(config[field]).tolist(), 1)
        for field in ("strides", "dilation_rate"):
            if field in config:
                config[field] = (*np.ravel(config[field]).tolist() * 2,)
        for field in ("padding", "cropping"):
            if not isinstance(config.get(field, ""), str):
                config[field] = (tuple(config[field]), (0, 0))
        if layer_class is L.Conv2DTranspose:
            config["strides"] = (config["strides"][0], 1)
        config.setdefault("data_format", "channels_last")
        x = parts.reshape(x, x.shape[1], 1, x.shape[2])
        activation = config.get("activation")
        if activation and _other_activation(layer):
            config["activation"] = "linear"
        weights = [w if w.ndim == 1 else np.expand_dims(w, 1) for w in layer.get_weights()]
        y = parts.call_weighted(layer_class, config, weights, x)
        if activation and _other_activation(layer):
            y = ACTIVATIONS[activation](parts, y)
        return parts.reshape(y, y.shape[1], y.shape[3])

    return build


def _pad_before(parts: Parts, layer: Any, x: Any) -> Any:
    width = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
    return parts.add(L.ZeroPadding2D, ((width, 0), (0, 0)))(x)


def _causal(parts: Parts, layer: keras.Layer, x: Any) -> Any:
    channels_last(layer)
    padded = _pad_before(parts, layer, parts.reshape(x, x.shape[1], 1, x.shape[2]))
    x = parts.reshape(padded, padded.shape[1], padded.shape[3])
    config = layer.get_config() | {"padding": "valid"}
    if _other_activation(layer):
        return _activated(parts, layer, x, config)
    return parts.call_weighted(type(layer), config, layer.get_weights(), x)


def _global_pooling(parts: Parts, layer: Any, x: Any) -> Any:
    channels_last(layer)
    rank, channels = len(x.shape) - 2, x.shape[-1]
    layer_class = type(layer)
    if rank == 3:  # TensorFlow.js has them up to two dimensions
        size = None if None in x.shape[1:4] else int(np.prod(x.shape[1:4]))
        x = parts.reshape(x, size, channels)
        layer_class = getattr(L, layer_class.__name__.replace("3D", "1D"))
    y = parts.add(layer_class)(x)
    return parts.reshape(y, *[1] * rank, channels) if layer.keepdims else y


def _max_pooling_3d(parts: Parts, layer: Any, x: Any) -> Any:
    """Take the maximum over two dimensions, then over the third."""
    channels_last(layer)
    _, depth, height, width, channels = x.shape
    pool, strides = layer.pool_size, layer.strides
    x = parts.reshape(x, depth, height, width * channels)
    x = parts.add(L.MaxPooling2D, pool[:2], strides[:2], layer.padding)(x)
    depth, height = x.shape[1:3]
    x = parts.reshape(x, depth * height, width, channels)
    x = parts.add(L.MaxPooling2D, (1, pool[2]), (1, strides[2]), layer.padding)(x)
    return parts.reshape(x, depth, height, x.shape[2], channels)


def _up_sampling_3d(parts: Parts, layer: Any, x: Any) -> Any:
    channels_last(layer)
    _, depth, height, width, channels = x.shape
    x = parts.reshape(x, depth, height, width * channels)
    x = parts.add(L.UpSampling2D, layer.size[:2])(x)
    depth, height = x.shape[1:3]
    x = parts.reshape(x, depth * height, width, channels)
    x = parts.add(L.UpSampling2D, (1, layer.size[2]))(x)
    return parts.reshape(x, depth, height, x.shape[2], channels)


def _axis_last(parts: Parts, layer: Any, x: Any) -> Any:
    """Bring the layer's axis to the end, call the layer, bring the axis back."""
    rank = len(x.shape)
    axis = layer.axis % rank
    if axis == 0:
        raise ValueError("axis: must not be the batch")
    others = [i for i in range(1, rank) if i != axis]
    there = [*others, axis]
    back = [there.index(i) + 1 for i in range(1, rank)]
    config = layer.get_config() | {"axis": -1}
    y = parts.permute(x, *there)
    y = parts.call_weighted(type(layer), config, layer.get_weights(), y)
    return parts.permute(y, *back)


def _has_other_axis(layer: Any) -> bool:
    shapes = input_shapes(layer)
    return isinstance(layer.axis, int) and layer.axis not in (
        -1,
        len(shapes[0]) - 1 if shapes else -1,
    )


def _leaky_relu(parts: Parts, layer: Any, x: Any) -> Any:
    if layer.max_value is not None or layer.threshold:
        raise ValueError("negative_slope: cannot be written with a max_value or a threshold")
    return parts.add(L.LeakyReLU, layer.negative_slope)(x)


def _elu(parts: Parts, layer: Any, x: Any) -> Any:
    negative = parts.scale(parts.add(L.ReLU)(parts.scale(x, -1)), -1)
    curved = parts.scale(parts.add(L.ELU)(negative), layer.alpha)
    return parts.add(L.Add)([parts.add(L.ReLU)(x), curved])


def _hard_sigmoid(parts: Parts, x: Any) -> Any:
    return parts.scale(parts.add(L.ReLU, 6.0)(parts.scale(x, 1, 3)), 1 / 6)


def _hard_tanh(parts: Parts, x: Any) -> Any:
    return parts.scale(parts.add(L.ReLU, 2.0)(parts.scale(x, 1, 1)), 1, -1)


ACTIVATIONS = {
    "celu": lambda parts, x: parts.add(L.ELU)(x),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda parts, x: parts.add(L.Multiply)([x, _hard_sigmoid(parts, x)]),
    "hard_tanh": _hard_tanh,
    "leaky_relu": lambda parts, x: parts.add(L.LeakyReLU, 0.2)(x),
    "tanh_shrink": lambda parts, x: parts.add(L.Add)(
        [x, parts.scale(parts.add(L.Activation, "tanh")(x), -1)]
    ),
}


def _other_activation(layer: Any) -> bool:
    name = getattr(layer.activation, "__name__", None)
    return name in ACTIVATIONS and layer.activation is keras.activations.get(name)


def _activated(parts: Parts, layer: Any, x: Any, config: Any = None) -> Any:
    """Call the layer without its activation, then the activation's composition."""
    config = (config or layer.get_config()) | {"activation": "linear"}
    activation = ACTIVATIONS[layer.activation.__name__]
    if isinstance(layer, L.Activation):
        return activation(parts, x)
    return activation(parts, parts.call_weighted(type(layer), config, layer.get_weights(), x))


def _spatial_dropout(parts: Parts, layer: Any, x: Any) -> Any:
    channels_last(layer)
    shape = (None, *[1] * (len(x.shape) - 2), None)
    return parts.add(L.Dropout, layer.rate, noise_shape=shape)(x)


def _normalization(parts: Parts, layer: Any, x: Any) -> Any:
    """Subtract the mean, then divide: two layers, so that large means lose no precision."""
    if layer.invert:
        raise ValueError("invert: TensorFlow.js has False only")
    mean = np.asarray(keras.ops.convert_to_numpy(layer.mean), np.float32)
    deviation = np.sqrt(np.asarray(keras.ops.convert_to_numpy(layer.variance), np.float32))
    return scale_channels(
        parts, x, 1 / np.maximum(deviation, keras.config.epsilon()), -mean, offset_first=True
    )


def scale_channels(
    parts: Parts, x: Any, scale: Any, offset: Any, offset_first: bool = False
) -> Any:
    """Return scale x + offset, or scale (x + offset), by numbers or vectors for the last axis."""
    scale, offset = np.asarray(scale, np.float32), np.asarray(offset, np.float32)
    if scale.size == offset.size == 1:
        if offset_first:
            return parts.scale(parts.scale(x, 1, offset.item()), scale.item())
        return parts.scale(x, scale.item(), offset.item())
    size = x.shape[-1]
    if not {scale.size, offset.size} <= {1, size}:
        raise ValueError("axis: TensorFlow.js can scale the last axis only")
    scale, offset = (np.broadcast_to(value.ravel(), size) for value in (scale, offset))
    if offset_first:
        x = parts.fixed_dense(x, np.eye(size), offset, "offset")
        return parts.fixed_dense(x, np.diag(scale), np.zeros(size), "scale")
    return parts.fixed_dense(x, np.diag(scale), offset, "scale")


def _subtract(parts: Parts, layer: Any, inputs: Any) -> Any:
    first, second = inputs
    return parts.add(L.Add)([first, parts.scale(second, -1)])


def _resize(parts: Parts, layer: Any, x: Any, training: Any = None) -> Any:
    """Interpolate by a matrix for each of the two axes."""
    channels_last(layer)
    antialias = getattr(layer, "antialias", False)
    if getattr(layer, "crop_to_aspect_ratio", False) or getattr(
        layer, "pad_to_aspect_ratio", False
    ):
        raise ValueError("crop_to_aspect_ratio, pad_to_aspect_ratio: must be False")
    _, height, width, _ = x.shape
    if height is None or width is None:
        raise ValueError("TensorFlow.js cannot compute it for inputs of unknown size")
    if isinstance(layer, L.Resizing):
        sizes = layer.height, layer.width
    else:
        sizes = height * layer.size[0], width * layer.size[1]
    rows, columns = (
        _interpolation_matrix(before, after, layer.interpolation, antialias)
        for before, after in zip((height, width), sizes, strict=True)
    )
    x = parts.permute(x, 1, 3, 2)
    x = parts.fixed_dense(x, columns, np.zeros(sizes[1]), "columns")
    x = parts.permute(x, 3, 2, 1)
    x = parts.fixed_dense(x, rows, np.zeros(sizes[0]), "rows")
    return parts.permute(x, 3, 1, 2)


def _interpolation_matrix(before: int, after: int, interpolation: str, antialias: bool) -> Any:
    """Return the matrix [before, after] by which Keras resizes an axis."""
    images = np.eye(before, dtype=np.float32)[None, :, None]
    resized = keras.ops.image.resize(
        images, (after, 1), interpolation, antialias, data_format="channels_last"
    )
    return keras.ops.convert_to_numpy(resized)[0, :, 0].T


def _center_crop(parts: Parts, layer: Any, x: Any, training: Any = None) -> Any:
    channels_last(layer)
    margins = []
    for before, after in zip(x.shape[1:3], (layer.height, layer.width), strict=True):
        if before is None or before < after:
            raise ValueError("TensorFlow.js can crop images of known and sufficient size only")
        margins.append(((before - after) // 2, before - after - (before - after) // 2))
    return parts.add(L.Cropping2D, tuple(margins))(x)


def _group_normalization(parts: Parts, layer: Any, x: Any) -> Any:
    """Normalize groups as layers, then scale the channels by a convolution of one pixel."""
    rank, channels = len(x.shape), x.shape[-1]
    if layer.axis % rank != rank - 1 or None in x.shape[1:]:
        raise ValueError("TensorFlow.js can normalize groups of the last axis only")
    if layer.center and not layer.scale:
        raise ValueError("scale: TensorFlow.js has True only, with center")
    if layer.gamma_constraint or layer.beta_constraint:
        raise ValueError("gamma_constraint, beta_constraint: cannot be written")
    groups = channels if layer.groups == -1 else layer.groups
    shape, size = x.shape[1:], int(np.prod(x.shape[1:-1]))
    x = parts.permute(parts.reshape(x, size, groups, channels // groups), 2, 1, 3)
    config = {"axis": [2, 3], "epsilon": layer.epsilon, "center": False, "scale": False}
    x = parts.permute(parts.add(L.LayerNormalization, **config)(x), 2, 1, 3)
    if layer.scale:
        weights = [np.reshape(keras.ops.convert_to_numpy(layer.gamma), (1, 1, channels, 1))]
        weights += [keras.ops.convert_to_numpy(layer.beta)] if layer.center else []
        config = {
            "kernel_size": 1,
            "use_bias": layer.center,
            "depthwise_regularizer": layer.gamma_regularizer,
            "bias_regularizer": layer.beta_regularizer,
        }
        x = parts.reshape(x, size, 1, channels)
        x = parts.call_weighted(L.DepthwiseConv2D, config, weights, x)
    return parts.reshape(x, *shape)


def _category_encoding(parts: Parts, layer: Any, x: Any) -> Any:
    """Look up one-hot vectors, which tfjs-node can; it cannot count."""
    tokens, mode = layer.num_tokens, layer.output_mode
    if layer.sparse or len(x.shape) != 2:
        raise ValueError("sparse, or inputs that are not [batch, n], cannot be written")
    config = {"input_dim": tokens, "output_dim": tokens, "trainable": False}
    x = parts.call_weighted(L.Embedding, config, [np.eye(tokens)], x)
    if mode == "one_hot":
        return parts.reshape(x, tokens) if x.shape[1] == 1 else x
    if mode == "multi_hot":
        return parts.add(L.GlobalMaxPooling1D)(x)
    if mode != "count" or x.shape[1] is None:
        raise ValueError("output_mode: can be counted for a known number of inputs only")
    return parts.scale(parts.add(L.GlobalAveragePooling1D)(x), x.shape[1])


COMPOSED_LAYERS = {
    **{
        f"{kind}1D": Composition(_ALWAYS, _as_two_dimensional(getattr(L, f"{kind}2D")))
        for kind in ("SeparableConv", "DepthwiseConv", "UpSampling", "ZeroPadding", "Cropping")
    },
    "Conv1DTranspose": Composition(_ALWAYS, _as_two_dimensional(L.Conv2DTranspose)),
    **dict.fromkeys(
        [
            *("Activation", "Dense", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D"),
            "DepthwiseConv2D",
        ],
        Composition(_other_activation, _activated),
    ),
    **{
        f"Global{kind}Pooling{rank}D": Composition(
            _ALWAYS if rank == 3 else lambda layer: layer.keepdims, _global_pooling
        )
        for kind in ("Average", "Max")
        for rank in (1, 2, 3)
    },
    **dict.fromkeys(
        ["SpatialDropout2D", "SpatialDropout3D"], Composition(_ALWAYS, _spatial_dropout)
    ),
    **dict.fromkeys(["Softmax", "BatchNormalization"], Composition(_has_other_axis, _axis_last)),
    "CategoryEncoding": Composition(_ALWAYS, _category_encoding),
    "CenterCrop": Composition(_ALWAYS, _center_crop),
    "ELU": Composition(lambda layer: layer.alpha != 1, _elu),
    "GroupNormalization": Composition(_ALWAYS, _group_normalization),
    "Identity": Composition(_ALWAYS, lambda parts, layer, x: parts.add(L.Activation, "linear")(x)),
    "MaxPooling3D": Composition(_ALWAYS, _max_pooling_3d),
    "Normalization": Composition(_ALWAYS, _normalization),
    "ReLU": Composition(lambda layer: layer.negative_slope, _leaky_relu),
    "Rescaling": Composition(
        lambda layer: np.size(layer.scale) > 1 or np.size(layer.offset) > 1,
        lambda parts, layer, x: scale_channels(parts, x, layer.scale, layer.offset),
    ),
    "Resizing": Composition(_ALWAYS, _resize),
    "Subtract": Composition(_ALWAYS, _subtract),
    "UpSampling2D": Composition(lambda layer: layer.interpolation != "nearest", _resize),
    "UpSampling3D": Composition(_ALWAYS, _up_sampling_3d),
}
COMPOSED_LAYERS["Conv1D"] = Composition(
    lambda layer: layer.padding == "causal" or _other_activation(layer),
    lambda parts, layer, x: (_causal if layer.padding == "causal" else _activated)(parts, layer, x),
)
COMPOSED_LAYERS |= COMPOSED_ATTENTION
