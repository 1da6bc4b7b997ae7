"""Builds the layers of a composition, named after the layer that the composition replaces."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers


class Composition(NamedTuple):
    """A composition for a layer class.

    Attributes:
      build: builds and calls the composition, given a `LayerBuilder`, the layer and the call's
        arguments.
      applies: whether a layer needs the composition.
    """

    build: Callable[..., Any]
    applies: Callable[[Any], bool] = lambda layer: True


class LayerBuilder:
    """Builds the layers of one composition; later calls reuse the layers that have weights."""

    def __init__(self, original: Any):
        self._name = original.name
        self._trainable = getattr(original, "trainable", True)
        self._weighted: dict[str, keras.Layer] = {}
        self._calls = 0
        self._made = 0

    def begin_call(self) -> None:
        """Count a call of the composition."""
        self._calls += 1
        self._made = 0

    def add(self, layer_class: Any, *arguments: Any, **config: Any) -> keras.Layer:
        """Return a new layer without weights."""
        self._made += 1
        call = f"_call{self._calls}" if self._calls > 1 else ""
        name = f"{self._name}_part{self._made}{call}"
        return layer_class(*arguments, name=name, **config)

    def call_weighted(
        self,
        layer_class: Any,
        config: dict[str, Any],
        weights: Sequence[Any],
        x: Any,
        suffix: str = "",
    ) -> Any:
        """Call a layer that has weights; each call of the composition uses the same layer.

        Args:
          layer_class: the layer's class.
          config: the layer's config, without name.
          weights: the layer's weights.
          x: the input.
          suffix: suffix of the layer's name; "" gives the layer the original's name.
        """
        layer = self._weighted.get(suffix)
        if layer is not None:
            return layer(x)
        name = f"{self._name}_{suffix}" if suffix else self._name
        trainable = config.get("trainable", self._trainable)
        layer = layer_class.from_config({**config, "name": name, "trainable": trainable})
        self._weighted[suffix] = layer
        outputs = layer(x)
        layer.set_weights([np.asarray(weight) for weight in weights])
        return outputs

    def reshape(self, x: Any, *shape: Any) -> Any:
        """Reshape a tensor; one size may be None."""
        if not shape:
            raise ValueError("the result is a vector [batch]; TensorFlow.js needs [batch, 1]")
        target = [-1 if size is None else size for size in shape]
        if target.count(-1) > 1:
            raise ValueError("the input size must be known; give keras.Input the size")
        return self.add(layers.Reshape, target)(x)

    def distinct(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the tensors, with a copy of each repeated tensor.

        TensorFlow.js disposes of a repeated tensor too early if another layer uses it.
        """
        found: list[Any] = []
        for tensor in tensors:
            twice = any(tensor is other for other in found)
            found.append(self.add(layers.Activation, "linear")(tensor) if twice else tensor)
        return found

    def permute(self, x: Any, *dims: int) -> Any:
        """Transpose the axes after the batch."""
        return self.add(layers.Permute, dims)(x)

    def crop(self, x: Any, axis: int, item: Any) -> Any:
        """Apply an index or a slice to one axis of a tensor, and keep the axis."""
        size = x.shape[axis]
        if axis == 0 or size is None:
            raise ValueError("TensorFlow.js can slice axes of known size only, not the batch axis")
        if not isinstance(item, int | slice):
            raise ValueError("the index must be a number; TensorFlow.js cannot index with tensors")
        index = slice(item % size, item % size + 1) if isinstance(item, int) else item
        begin, end, step = index.indices(size)
        if step == 1 and begin < end and None not in x.shape[1:]:
            before, after = (int(np.prod(n)) for n in (x.shape[1:axis], x.shape[axis + 1 :]))
            y = self.reshape(x, before, size, after)
            y = self.add(layers.Cropping2D, ((0, 0), (begin, size - end)))(y)
            return self.reshape(y, *x.shape[1:axis], end - begin, *x.shape[axis + 1 :])
        taken = np.arange(size)[index]
        if axis != len(x.shape) - 1 or not len(taken) or x.dtype != "float32":
            raise ValueError("TensorFlow.js can slice with steps in the last axis of float32 only")
        self._made += 1
        chosen = np.eye(size)[:, taken]
        return self.fixed_dense(x, chosen, np.zeros(len(taken)), f"part{self._made}")

    def with_axis_last(self, x: Any, axis: int, call: Callable[[Any], Any]) -> Any:
        """Move an axis to the end, call a function, and move the axis back."""
        rank = len(x.shape)
        if axis % rank == 0:
            raise ValueError("axis: must not be the batch axis")
        if axis % rank == rank - 1:
            return call(x)
        there = [*(i for i in range(1, rank) if i != axis % rank), axis % rank]
        back = [there.index(i) + 1 for i in range(1, rank)]
        return self.permute(call(self.permute(x, *there)), *back)

    def scale(self, x: Any, scale: float, offset: float = 0.0) -> Any:
        """Return scale * x + offset."""
        return self.add(layers.Rescaling, float(scale), float(offset))(x)

    def fixed_dense(self, x: Any, kernel: Any, bias: Any, suffix: str) -> Any:
        """Multiply the last axis by a fixed matrix, and add a fixed vector."""
        config = {"units": kernel.shape[1], "trainable": False}
        return self.call_weighted(layers.Dense, config, [kernel, bias], x, suffix)


def check_channels_last(layer: keras.Layer) -> None:
    """Check that a layer has its channels last.

    Raises:
      ValueError: the layer has channels first.
    """
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError("data_format: must be 'channels_last', not 'channels_first'")
