"""A small model for a test: a layer, and the shapes of its inputs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np


class Case(NamedTuple):
    """A model and its inputs.

    Attributes:
      layer: returns the layer, or a function of the inputs.
      shapes: the shape of each input, without the batch axis.
      below: draw integers below this number for the inputs; 0 draws floats.
    """

    layer: Callable[..., Any]
    shapes: Sequence[tuple[int, ...]]
    below: int = 0

    def model(self) -> keras.Model:
        dtype = "int32" if self.below else "float32"
        inputs = [keras.Input(shape, dtype=dtype) for shape in self.shapes]
        given = inputs if len(inputs) > 1 else inputs[0]
        return randomize(keras.Model(given, self.layer()(given)))

    def inputs(self, batch: int = 3) -> list[np.ndarray]:
        rng = np.random.default_rng(1)
        if self.below:
            return [rng.integers(0, self.below, (batch, *s)).astype(np.int32) for s in self.shapes]
        shapes = [[7 if size is None else size for size in shape] for shape in self.shapes]
        return [rng.normal(size=(batch, *s)).astype(np.float32) for s in shapes]


def randomize(model: keras.Model) -> keras.Model:
    """Give all weights random values, as after training."""
    rng = np.random.default_rng(2)
    weights = []
    for weight in model.weights:
        positive = "variance" in weight.name
        low, high = (0.5, 2.0) if positive else (-0.6, 0.6)
        weights.append(rng.uniform(low, high, weight.shape))
    model.set_weights(weights)
    return model


def run(model: keras.Model, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Return the outputs of a model at inference."""
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(value) for value in keras.tree.flatten(outputs)]
