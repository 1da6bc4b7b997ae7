"""Activations that TensorFlow.js lacks, as compositions of layers that it has."""

from collections.abc import Callable
from typing import Any

import keras

from keras_tfjs.composition_parts import L, Parts


def leaky_relu(parts: Parts, layer: Any, x: Any) -> Any:
    """Compose a ReLU with a slope for negative numbers."""
    if layer.max_value is not None or layer.threshold:
        raise ValueError("negative_slope: cannot be written with a max_value or a threshold")
    return parts.add(L.LeakyReLU, layer.negative_slope)(x)


def elu(parts: Parts, layer: Any, x: Any) -> Any:
    """Compose an ELU with an alpha other than 1 of the positive and the negative part."""
    negative = parts.scale(parts.add(L.ReLU)(parts.scale(x, -1)), -1)
    curved = parts.scale(parts.add(L.ELU)(negative), layer.alpha)
    return parts.add(L.Add)([parts.add(L.ReLU)(x), curved])


def _hard_sigmoid(parts: Parts, x: Any) -> Any:
    return parts.scale(parts.add(L.ReLU, 6.0)(parts.scale(x, 1, 3)), 1 / 6)


def _hard_tanh(parts: Parts, x: Any) -> Any:
    return parts.scale(parts.add(L.ReLU, 2.0)(parts.scale(x, 1, 1)), 1, -1)


# By Keras's name: a function of a `Parts` and a tensor.
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


def other_activation(layer: Any) -> bool:
    """Tell whether a layer's activation is one of `ACTIVATIONS`."""
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", None)
    return name in ACTIVATIONS and function is keras.activations.get(name)


def activated(parts: Parts, layer: Any, call: Callable[[Any], Any], config: Any = None) -> Any:
    """Call a layer, and where TensorFlow.js lacks its activation, the activation's composition.

    Args:
      layer: the layer.
      call: calls a layer with a config.
      config: the config, by default that of the layer.
    """
    config = config or layer.get_config()
    if not other_activation(layer):
        return call(config)
    return ACTIVATIONS[layer.activation.__name__](parts, call(config | {"activation": "linear"}))
