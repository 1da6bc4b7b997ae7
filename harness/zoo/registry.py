"""The list of example models, and random inputs for them.

A model is a function with the decorator `example`, which says what the model is called on.
"""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

Draw = Callable[[np.random.Generator, int], np.ndarray]


def randomize_statistics(model: keras.Model) -> keras.Model:
    """Move weights away from their initial values, as training does."""
    rng = np.random.default_rng(2)
    for weight in model.weights:
        if not weight.dtype.startswith("float"):
            continue
        if weight.name == "embeddings":
            weight.assign_add(rng.normal(0, 0.5, weight.shape).astype("float32"))
        elif weight.name.endswith("variance"):
            weight.assign(weight * rng.uniform(0.7, 1.5, weight.shape).astype("float32"))
        elif len(weight.shape) == 1 or "bias" in weight.name:
            weight.assign_add(rng.uniform(-0.2, 0.2, weight.shape).astype("float32"))
    return model


class Example(NamedTuple):
    """A small model in the style of the Keras examples.

    Attributes:
      name: the name of the function that builds the model.
      domain: the module of the function.
      build: makes the model with new random weights.
      draws: draw the inputs, in the structure that the model is called on.
      randomize: moves the weights of a new model away from their initial values.
    """

    name: str
    domain: str
    build: Callable[[], keras.Model]
    draws: Any
    randomize: Callable[[keras.Model], keras.Model] = randomize_statistics

    def model(self) -> keras.Model:
        """Return the built model, always with the same weights."""
        keras.utils.set_random_seed(zlib.crc32(self.name.encode()))
        model = self.build()
        model(self.inputs(2), training=False)
        return self.randomize(model)

    def inputs(self, batch: int) -> Any:
        """Return random inputs, which differ for each batch size."""
        rng = np.random.default_rng([batch, zlib.crc32(self.name.encode())])
        return keras.tree.map_structure(lambda draw: draw(rng, batch), self.draws)


EXAMPLES: dict[str, Example] = {}


def example(*draws: Draw, **named_draws: Draw) -> Callable:
    """Add a function that returns a model to `EXAMPLES`.

    Args:
      draws: draw the inputs of a model that takes one array or a list of them.
      named_draws: draw the inputs of a model that takes a dict.
    """

    def add(build: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
        given = named_draws or (list(draws) if len(draws) > 1 else draws[0])
        domain = build.__module__.rpartition(".")[2]
        EXAMPLES[build.__name__] = Example(build.__name__, domain, build, given)
        return build

    return add


def floats(*shape: int) -> Draw:
    """Draw from a normal distribution."""
    return lambda rng, batch: rng.normal(size=(batch, *shape)).astype(np.float32)


def images(*shape: int, most: float = 1) -> Draw:
    """Draw uniformly between 0 and `most`."""
    return lambda rng, batch: rng.uniform(0, most, (batch, *shape)).astype(np.float32)


def integers(*shape: int, below: int, least: int = 0) -> Draw:
    """Draw integers."""
    return lambda rng, batch: rng.integers(least, below, (batch, *shape)).astype(np.int32)


def padded_tokens(length: int, below: int) -> Draw:
    """Draw sequences of positive integers, of different lengths, with zeros at the end."""

    def draw(rng: np.random.Generator, batch: int) -> np.ndarray:
        lengths = rng.permuted(np.linspace(length // 3, length, batch).astype(int))
        tokens = rng.integers(1, below, (batch, length))
        return np.where(np.arange(length) < lengths[:, None], tokens, 0).astype(np.int32)

    return draw


def padded_mask(length: int) -> Draw:
    """Draw masks: true, then false."""
    tokens = padded_tokens(length, 2)
    return lambda rng, batch: tokens(rng, batch) > 0


def choices(values: Sequence[str], *shape: int) -> Draw:
    """Draw from a list of strings."""
    return lambda rng, batch: rng.choice(values, (batch, *shape))
