"""The architectures of `keras.applications` at their smallest input, with random weights."""

import inspect

import keras
import numpy as np
import tensorflow as tf

from tests.keras_tfjs.zoo.registry import Example, images

# All others take 32 x 32.
_SMALLEST = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}


def names() -> list[str]:
    """Return the names of the functions in `keras.applications` that make models."""
    return [name for name, value in vars(keras.applications).items() if inspect.isfunction(value)]


def architecture(name: str) -> Example:
    """Return an architecture as an example whose outputs are logits."""
    size = _SMALLEST.get(name, 32)

    def build() -> keras.Model:
        make = getattr(keras.applications, name)
        model = make(weights=None, input_shape=(size, size, 3), classifier_activation=None)
        return _calibrated(model, draw)

    draw = images(size, size, 3, most=255)
    return Example(name, "applications", build, draw)


def _calibrated(model: keras.Model, draw) -> keras.Model:
    """Keep the activations from vanishing or exploding.

    BatchNormalization takes the statistics of a random batch. Without such layers (VGG), the
    kernels get the scale that keeps the variance after ReLU.
    """
    normalizations = [
        layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in normalizations:
        layer.momentum = 0.0
    if normalizations:
        model(draw(np.random.default_rng(4), 8), training=True)
    for layer in model.layers if not normalizations else []:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            layer.kernel.assign(layer.kernel * 2**0.5)
    return model


def float_operations(model: keras.Model) -> int:
    """Return the number of floating point operations for one image."""
    spec = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32)
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops
