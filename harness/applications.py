"""The architectures of `keras.applications` at their smallest input, with random weights."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from harness.zoo.registry import Draw, Example, images, randomize_statistics

# The other architectures accept 32 x 32.
_SMALLEST = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}


def names() -> list[str]:
    """Return the names of the functions in `keras.applications` that make models."""
    return [name for name, value in vars(keras.applications).items() if inspect.isfunction(value)]


def architecture(name: str) -> Example:
    """Return an architecture as an example whose outputs are logits."""
    size = _SMALLEST.get(name, 32)

    def build() -> keras.Model:
        make = getattr(keras.applications, name)
        return make(weights=None, input_shape=(size, size, 3), classifier_activation=None)

    draw = _coarse_images(size)
    return Example(name, "applications", build, draw, partial(_calibrated, draw=draw))


def _coarse_images(size: int) -> Draw:
    """Draw images of large squares, which differ more than images of noise.

    A network that separates images of noise amplifies rounding errors as well.
    """
    coarse = images(4, 4, 3, most=255)
    places = np.arange(size) * 4 // size
    return lambda rng, batch: coarse(rng, batch)[:, places][:, :, places]


def _calibrated(model: keras.Model, draw: Draw) -> keras.Model:
    """Keep the activations from vanishing or exploding.

    The statistics of each BatchNormalization are scaled to its inputs. The true means and variances
    of each channel are no solution: with random weights, the network then amplifies rounding errors
    to the size of the outputs. In a network without BatchNormalization (VGG), the kernels are
    scaled.
    """
    randomize_statistics(model)
    normalizations = [
        layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in normalizations:
        layer.call = partial(_scale_statistics, layer, layer.call)
    model(draw(np.random.default_rng(4), 8), training=False)
    for layer in normalizations:
        del layer.call
    for layer in model.layers if not normalizations else []:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            layer.kernel.assign(layer.kernel * 2**0.5)
    return model


def _scale_statistics(
    layer: keras.layers.BatchNormalization, call: Callable, inputs: tf.Tensor, **arguments: Any
) -> tf.Tensor:
    """Scale the random statistics of a layer to the size of its inputs, then call it."""
    square = tf.reduce_mean(tf.square(inputs))
    layer.moving_mean.assign(layer.moving_mean * tf.sqrt(square))
    layer.moving_variance.assign(layer.moving_variance * square)
    return call(inputs, **arguments)


def float_operations(model: keras.Model) -> int:
    """Return the number of floating point operations for one image."""
    spec = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32)
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops
