"""Compositions of layers that TensorFlow.js has, for layers that it lacks."""

from typing import Any

import keras
import numpy as np
from keras import layers

from keras_tfjs.composed_activations import (
    ACTIVATIONS,
    activated,
    elu,
    leaky_relu,
    other_activation,
)
from keras_tfjs.composed_attention import COMPOSED_ATTENTION
from keras_tfjs.composed_images import (
    center_crop,
    max_pooling_3d,
    resize,
    spatial_dropout,
    up_sampling_3d,
)
from keras_tfjs.composed_scaling import scale_channels
from keras_tfjs.layer_builder import Composition, LayerBuilder, check_channels_last
from keras_tfjs.layer_config import input_shapes


def _as_two_dimensional(layer_class: Any) -> Any:
    """Return a 1D layer's composition: the 2D layer on images of width 1."""

    def build(builder: LayerBuilder, layer: keras.Layer, x: Any) -> Any:
        check_channels_last(layer)
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
        if layer_class is layers.Conv2DTranspose:
            config["strides"] = (config["strides"][0], 1)
        config.setdefault("data_format", "channels_last")
        x = builder.reshape(x, x.shape[1], 1, x.shape[2])
        weights = [w if w.ndim == 1 else np.expand_dims(w, 1) for w in layer.get_weights()]
        y = activated(
            builder,
            layer,
            lambda config: builder.call_weighted(layer_class, config, weights, x),
            config,
        )
        return builder.reshape(y, y.shape[1], y.shape[3])

    return build


def _pad_before(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    width = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
    return builder.add(layers.ZeroPadding2D, ((width, 0), (0, 0)))(x)


def _call_activated(builder: LayerBuilder, layer: Any, x: Any, config: Any = None) -> Any:
    if isinstance(layer, layers.Activation):
        return ACTIVATIONS[layer.activation.__name__](builder, x)
    weights = layer.get_weights()
    return activated(
        builder,
        layer,
        lambda config: builder.call_weighted(type(layer), config, weights, x),
        config,
    )


def _causal(builder: LayerBuilder, layer: keras.Layer, x: Any) -> Any:
    check_channels_last(layer)
    padded = _pad_before(builder, layer, builder.reshape(x, x.shape[1], 1, x.shape[2]))
    x = builder.reshape(padded, padded.shape[1], padded.shape[3])
    return _call_activated(builder, layer, x, layer.get_config() | {"padding": "valid"})


def _global_pooling(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    check_channels_last(layer)
    rank, channels = len(x.shape) - 2, x.shape[-1]
    layer_class = type(layer)
    if rank == 3:  # TensorFlow.js has global pooling of one and two dimensions
        size = None if None in x.shape[1:4] else int(np.prod(x.shape[1:4]))
        x = builder.reshape(x, size, channels)
        layer_class = getattr(layers, layer_class.__name__.replace("3D", "1D"))
    y = builder.add(layer_class)(x)
    return builder.reshape(y, *[1] * rank, channels) if layer.keepdims else y


def _axis_last(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    config = layer.get_config() | {"axis": -1}
    return builder.with_axis_last(
        x,
        layer.axis,
        lambda y: builder.call_weighted(type(layer), config, layer.get_weights(), y),
    )


def _batch_normalization(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    if len(x.shape) < 5 or layer.axis not in (-1, len(x.shape) - 1):
        return _axis_last(builder, layer, x)
    # TensorFlow.js accepts at most two spatial dimensions, so join all but the last.
    size = None if None in x.shape[1:-2] else int(np.prod(x.shape[1:-2]))
    config = layer.get_config() | {"axis": -1}
    y = builder.reshape(x, size, *x.shape[-2:])
    y = builder.call_weighted(type(layer), config, layer.get_weights(), y)
    return builder.reshape(y, *x.shape[1:])


def _needs_other_shape(layer: Any) -> bool:
    shapes = input_shapes(layer)
    return _has_other_axis(layer) or (bool(shapes) and len(shapes[0]) > 4)


def _has_other_axis(layer: Any) -> bool:
    shapes = input_shapes(layer)
    return isinstance(layer.axis, int) and layer.axis not in (
        -1,
        len(shapes[0]) - 1 if shapes else -1,
    )


def _normalization(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Subtract the mean, then divide; two layers keep the precision if the mean is large."""
    if layer.invert:
        raise ValueError("invert: TensorFlow.js has False only")
    mean = np.asarray(keras.ops.convert_to_numpy(layer.mean), np.float32)
    deviation = np.sqrt(np.asarray(keras.ops.convert_to_numpy(layer.variance), np.float32))
    return scale_channels(
        builder, x, 1 / np.maximum(deviation, keras.config.epsilon()), -mean, offset_first=True
    )


def _merge_distinct(builder: LayerBuilder, layer: Any, inputs: Any) -> Any:
    return builder.call_weighted(type(layer), layer.get_config(), [], builder.distinct(inputs))


def _takes_a_tensor_twice(layer: Any) -> bool:
    try:
        tensors = keras.tree.flatten(layer.input)
    except (AttributeError, ValueError):  # the layer is called several times
        return True
    return len(set(map(id, tensors))) < len(tensors)


def _subtract(builder: LayerBuilder, layer: Any, inputs: Any) -> Any:
    first, second = inputs
    return builder.add(layers.Add)([first, builder.scale(second, -1)])


def _group_normalization(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Apply LayerNormalization to groups, then scale channels by a 1 x 1 DepthwiseConv2D."""
    rank, channels = len(x.shape), x.shape[-1]
    if layer.axis % rank != rank - 1 or None in x.shape[1:]:
        raise ValueError("axis: must be the last, and the input shape must be known")
    if layer.center and not layer.scale:
        raise ValueError("scale: must be True if center is True")
    if layer.gamma_constraint or layer.beta_constraint:
        raise ValueError("gamma_constraint, beta_constraint: cannot be written")
    groups = channels if layer.groups == -1 else layer.groups
    shape, size = x.shape[1:], int(np.prod(x.shape[1:-1]))
    x = builder.permute(builder.reshape(x, size, groups, channels // groups), 2, 1, 3)
    config = {"axis": [2, 3], "epsilon": layer.epsilon, "center": False, "scale": False}
    x = builder.permute(builder.add(layers.LayerNormalization, **config)(x), 2, 1, 3)
    if layer.scale:
        weights = [np.reshape(keras.ops.convert_to_numpy(layer.gamma), (1, 1, channels, 1))]
        weights += [keras.ops.convert_to_numpy(layer.beta)] if layer.center else []
        config = {
            "kernel_size": 1,
            "use_bias": layer.center,
            "depthwise_regularizer": layer.gamma_regularizer,
            "bias_regularizer": layer.beta_regularizer,
        }
        x = builder.reshape(x, size, 1, channels)
        x = builder.call_weighted(layers.DepthwiseConv2D, config, weights, x)
    return builder.reshape(x, *shape)


def _category_encoding(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Look up one-hot vectors with Embedding, because tfjs-node has no bincount."""
    tokens, mode = layer.num_tokens, layer.output_mode
    if layer.sparse or len(x.shape) != 2:
        raise ValueError("sparse must be False, and the input [batch, n]")
    config = {"input_dim": tokens, "output_dim": tokens, "trainable": False}
    x = builder.call_weighted(layers.Embedding, config, [np.eye(tokens)], x)
    if mode == "one_hot":
        return builder.reshape(x, tokens) if x.shape[1] == 1 else x
    if mode == "multi_hot":
        return builder.add(layers.GlobalMaxPooling1D)(x)
    if mode != "count" or x.shape[1] is None:
        raise ValueError("output_mode: 'count' needs a known number of inputs")
    return builder.scale(builder.add(layers.GlobalAveragePooling1D)(x), x.shape[1])


def _flatten(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    check_channels_last(layer)
    size = None if None in x.shape[1:] else int(np.prod(x.shape[1:]))
    return builder.reshape(x, size)


def _needs_reshape(layer: Any) -> bool:
    shapes = input_shapes(layer)
    return bool(shapes) and (len(shapes[0]) < 3 or None in shapes[0][1:])


def _grouped_convolution(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Convolve each group of channels, then concatenate the outputs."""
    check_channels_last(layer)
    kernel, *bias = layer.get_weights()
    size, filters = x.shape[-1] // layer.groups, layer.filters // layer.groups
    config = layer.get_config() | {"groups": 1, "filters": filters, "activation": "linear"}
    outputs = []
    for group in range(layer.groups):
        channels = builder.crop(x, len(x.shape) - 1, slice(group * size, (group + 1) * size))
        own = slice(group * filters, (group + 1) * filters)
        weights = [kernel[..., own], *(values[own] for values in bias)]
        name = f"group{group}"
        outputs.append(builder.call_weighted(type(layer), config, weights, channels, name))
    joined = builder.add(layers.Concatenate)(outputs)
    if other_activation(layer):
        return ACTIVATIONS[layer.activation.__name__](builder, joined)
    return builder.add(layers.Activation, layer.activation)(joined)


def _convolution(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    return (_grouped_convolution if layer.groups > 1 else _call_activated)(builder, layer, x)


def _conv_1d(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    return (_causal if layer.padding == "causal" else _convolution)(builder, layer, x)


COMPOSED_LAYERS = {
    **COMPOSED_ATTENTION,
    **{
        f"{kind}1D": Composition(_as_two_dimensional(getattr(layers, f"{kind}2D")))
        for kind in ("SeparableConv", "DepthwiseConv", "UpSampling", "ZeroPadding", "Cropping")
    },
    "Conv1DTranspose": Composition(_as_two_dimensional(layers.Conv2DTranspose)),
    "Conv1D": Composition(
        _conv_1d,
        lambda layer: layer.padding == "causal" or layer.groups > 1 or other_activation(layer),
    ),
    **{
        name: Composition(_convolution, lambda layer: layer.groups > 1 or other_activation(layer))
        for name in ("Conv2D", "Conv3D")
    },
    **{
        name: Composition(_call_activated, other_activation)
        for name in (
            *("Activation", "Dense", "Conv2DTranspose", "SeparableConv2D", "DepthwiseConv2D"),
        )
    },
    **{
        f"Global{kind}Pooling{rank}D": Composition(_global_pooling, lambda layer: layer.keepdims)
        for kind in ("Average", "Max")
        for rank in (1, 2)
    },
    "GlobalAveragePooling3D": Composition(_global_pooling),
    "GlobalMaxPooling3D": Composition(_global_pooling),
    **{
        name: Composition(_merge_distinct, _takes_a_tensor_twice)
        for name in ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply")
    },
    "BatchNormalization": Composition(_batch_normalization, _needs_other_shape),
    "CategoryEncoding": Composition(_category_encoding),
    "CenterCrop": Composition(center_crop),
    "ELU": Composition(elu, lambda layer: layer.alpha != 1),
    "Flatten": Composition(_flatten, _needs_reshape),
    "GroupNormalization": Composition(_group_normalization),
    "Identity": Composition(lambda builder, layer, x: builder.add(layers.Activation, "linear")(x)),
    "MaxPooling3D": Composition(max_pooling_3d),
    "Normalization": Composition(_normalization),
    "ReLU": Composition(leaky_relu, lambda layer: bool(layer.negative_slope)),
    "Rescaling": Composition(
        lambda builder, layer, x: scale_channels(builder, x, layer.scale, layer.offset),
        lambda layer: np.size(layer.scale) > 1 or np.size(layer.offset) > 1,
    ),
    "Resizing": Composition(resize),
    "Softmax": Composition(_axis_last, _has_other_axis),
    "SpatialDropout2D": Composition(spatial_dropout),
    "SpatialDropout3D": Composition(spatial_dropout),
    "Subtract": Composition(_subtract),
    "UpSampling2D": Composition(resize, lambda layer: layer.interpolation != "nearest"),
    "UpSampling3D": Composition(up_sampling_3d),
}
