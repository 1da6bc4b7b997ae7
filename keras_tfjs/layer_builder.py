"""What compositions are made of: layers that are named after the one that they stand for."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers


class Composition(NamedTuple):
    """How a layer is composed.

    Attributes:
      build: calls the composition: of its `LayerBuilder`, the layer and the call's arguments.
      applies: tells whether a layer needs it.
    """

    build: Callable[..., Any]
    applies: Callable[[Any], bool] = lambda layer: True


class LayerBuilder:
    """Makes the layers of one composition; in later calls, those with weights are made no more."""

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
        """Call a layer that has weights; the same layer in each call of the composition.

        Args:
          layer_class: its class.
          config: its config, without name.
          weights: what to set.
          x: the input.
          suffix: of its name; without one it has the original's name.
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
        """Give a tensor another shape, where one size may be None."""
        if not shape:
            raise ValueError("TensorFlow.js has no tensors of one number for each example")
        target = [-1 if size is None else size for size in shape]
        if target.count(-1) > 1:
            raise ValueError("TensorFlow.js cannot compute it for inputs of unknown size")
        return self.add(layers.Reshape, target)(x)

    def distinct(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the tensors, with copies of those that come twice.

        TensorFlow.js would dispose of such a tensor too early, if another layer takes it too.
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
        """Return the part of a tensor that an index or slice takes of an axis; the axis stays."""
        size = x.shape[axis]
        if axis == 0 or size is None:
            raise ValueError("TensorFlow.js can slice axes of known size only, not the batch")
        if not isinstance(item, int | slice):
            raise ValueError("TensorFlow.js can slice by fixed numbers only")
        index = slice(item % size, item % size + 1) if isinstance(item, int) else item
        begin, end, step = index.indices(size)
        if step == 1 and begin < end and None not in x.shape[1:]:
            before, after = (int(np.prod(n)) for n in (x.shape[1:axis], x.shape[axis + 1 :]))
            y = self.reshape(x, before, size, after)
            y = self.add(layers.Cropping2D, ((0, 0), (begin, size - end)))(y)
            return self.reshape(y, *x.shape[1:axis], end - begin, *x.shape[axis + 1 :])
        taken = np.arange(size)[index]
        if axis != len(x.shape) - 1 or not len(taken) or x.dtype != "float32":
            raise ValueError("TensorFlow.js can slice with a step of 1 only")
        self._made += 1
        chosen = np.eye(size)[:, taken]
        return self.fixed_dense(x, chosen, np.zeros(len(taken)), f"part{self._made}")

    def with_axis_last(self, x: Any, axis: int, call: Callable[[Any], Any]) -> Any:
        """Bring an axis to the end, call a function, and bring the axis back."""
        rank = len(x.shape)
        if axis % rank == 0:
            raise ValueError("axis: must not be the batch")
        if axis % rank == rank - 1:
            return call(x)
        there = [*(i for i in range(1, rank) if i != axis % rank), axis % rank]
        back = [there.index(i) + 1 for i in range(1, rank)]
        return self.permute(call(self.permute(x, *there)), *back)

    def scale(self, x: Any, scale: float, offset: float = 0.0) -> Any:
        """Return scale x + offset."""
        return self.add(layers.Rescaling, float(scale), float(offset))(x)

    def fixed_dense(self, x: Any, kernel: Any, bias: Any, suffix: str) -> Any:
        """Multiply the last axis by a matrix that is not trained, and add a vector."""
        config = {"units": kernel.shape[1], "trainable": False}
        return self.call_weighted(layers.Dense, config, [kernel, bias], x, suffix)


def channels_last(layer: keras.Layer) -> None:
    """Check the data format.

    Raises:
      ValueError: the layer has the channels first.
    """
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError("data_format: must be 'channels_last', not 'channels_first'")
