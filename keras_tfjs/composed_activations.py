"""Activations that TensorFlow.js lacks, as compositions of layers that it has."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from keras_tfjs.layer_builder import LayerBuilder


def leaky_relu(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Compose a ReLU with a negative slope."""
    if layer.max_value is not None or layer.threshold:
        raise ValueError("negative_slope: cannot be written with a max_value or a threshold")
    return builder.add(layers.LeakyReLU, layer.negative_slope)(x)


def elu(builder: LayerBuilder, layer: Any, x: Any) -> Any:
    """Compose an ELU whose alpha is not 1, from its positive and its negative part."""
    negative = builder.scale(builder.add(layers.ReLU)(builder.scale(x, -1)), -1)
    curved = builder.scale(builder.add(layers.ELU)(negative), layer.alpha)
    return builder.add(layers.Add)([builder.add(layers.ReLU)(x), curved])


def _hard_sigmoid(builder: LayerBuilder, x: Any) -> Any:
    return builder.scale(builder.add(layers.ReLU, 6.0)(builder.scale(x, 1, 3)), 1 / 6)


def _hard_tanh(builder: LayerBuilder, x: Any) -> Any:
    return builder.scale(builder.add(layers.ReLU, 2.0)(builder.scale(x, 1, 1)), 1, -1)


# Keras's name: a function of a `LayerBuilder` and a tensor.
ACTIVATIONS = {
    "celu": lambda builder, x: builder.add(layers.ELU)(x),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda builder, x: builder.add(layers.Multiply)([x, _hard_sigmoid(builder, x)]),
    "hard_tanh": _hard_tanh,
    "leaky_relu": lambda builder, x: builder.add(layers.LeakyReLU, 0.2)(x),
    "tanh_shrink": lambda builder, x: builder.add(layers.Add)(
        [x, builder.scale(builder.add(layers.Activation, "tanh")(x), -1)]
    ),
}


def other_activation(layer: Any) -> bool:
    """Tell whether a layer's activation is one of `ACTIVATIONS`."""
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", None)
    return name in ACTIVATIONS and function is keras.activations.get(name)


def activated(
    builder: LayerBuilder, layer: Any, call: Callable[[Any], Any], config: Any = None
) -> Any:
    """Call a layer, then the composition of its activation if TensorFlow.js lacks the activation.

    Args:
      layer: the layer.
      call: builds and calls a layer, given its config.
      config: the config; the default is the layer's config.
    """
    config = config or layer.get_config()
    if not other_activation(layer):
        return call(config)
    return ACTIVATIONS[layer.activation.__name__](builder, call(config | {"activation": "linear"}))
