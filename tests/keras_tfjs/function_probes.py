"""Calls of every function in `keras.ops`, with each kind of input that the function takes."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

_MOST = 8  # calls of a function
_RNG = np.random.default_rng(0)
# They take functions, or give no numbers.
_LEFT_OUT = {
    *("associative_scan", "cond", "fori_loop", "map", "scan", "switch", "vectorized_map"),
    *("while_loop", "custom_gradient", "convert_to_numpy", "dtype", "is_tensor", "shape"),
}


class Probe(NamedTuple):
    """A call of a function, and what Keras computes.

    Attributes:
      name: of the function in `keras.ops`.
      arguments: its tensors.
      keywords: its other arguments.
      expected: the tensors that it returns.
      batches: how many of its tensors, the first ones, have any batch size.
    """

    name: str
    arguments: tuple[np.ndarray, ...]
    keywords: dict[str, Any]
    expected: list[np.ndarray]
    batches: int

    def function(self) -> Any:
        """Return the call as a `tf.function`."""
        specs = [
            tf.TensorSpec(
                [None if i < self.batches else len(value), *value.shape[1:]], value.dtype, f"x{i}"
            )
            for i, value in enumerate(self.arguments)
        ]

        def call(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
            outputs = getattr(keras.ops, self.name)(*tensors, **self.keywords)
            return {f"y{i}": y for i, y in enumerate(keras.tree.flatten(outputs))}

        return tf.function(call, input_signature=specs, autograph=False)


def function_probes() -> Iterator[Probe]:
    """Yield the calls that Keras accepts."""
    for name, function in sorted(vars(keras.ops).items()):
        public = callable(function) and not inspect.isclass(function) and name[0] != "_"
        if public and name not in _LEFT_OUT:
            calls = [
                Probe(name, arguments, keywords, expected, len(arguments))
                for arguments in _arguments()
                for keywords in ({}, {"axis": -1}, {"axis": 0})
                if (expected := _run(function, arguments, keywords)) is not None
            ]
            yield from calls[:_MOST]
    for name, arguments, keywords in _special():
        outputs = getattr(keras.ops, name)(*map(tf.constant, arguments), **keywords)
        expected = [np.asarray(value) for value in keras.tree.flatten(outputs)]
        yield Probe(name, arguments, keywords, expected, 1)


def _special() -> Iterator[tuple[str, tuple[np.ndarray, ...], dict[str, Any]]]:
    """Yield calls of functions that need arguments of their own."""
    images, signal = _floats(2, 6, 6, 4), _floats(2, 16)
    matrix, square = _floats(3, 4), _floats(3, 3)
    classes = np.array([0, 2, 1], np.int32)
    for name in ("adaptive_average_pool", "adaptive_max_pool"):
        yield name, (images,), {"output_size": 2}
    for name in ("average_pool", "max_pool"):
        yield name, (images,), {"pool_size": 2}
    yield "batch_normalization", (images, *map(abs, _floats(2, 4))), {"axis": -1}
    yield "conv", (images, _floats(3, 3, 4, 2)), {"padding": "same"}
    yield "conv_transpose", (images, _floats(3, 3, 2, 4)), {"strides": 2}
    yield "depthwise_conv", (images, _floats(3, 3, 4, 2)), {}
    yield "separable_conv", (images, _floats(3, 3, 4, 1), _floats(1, 1, 4, 2)), {}
    for name in ("depth_to_space", "space_to_depth"):
        yield name, (images,), {"block_size": 2}
    yield "broadcast_to", (_floats(1, 4),), {"shape": (3, 4)}
    yield "cast", (matrix,), {"dtype": "int32"}
    yield "saturate_cast", (matrix,), {"dtype": "int32"}
    yield "clip", (matrix,), {"x_min": -1, "x_max": 1}
    yield "digitize", (matrix,), {"bins": np.array([-1.0, 0, 1], np.float32)}
    yield "dot_product_attention", tuple(_floats(3, 2, 5, 4, 3)), {}
    yield "extract_sequences", (signal,), {"sequence_length": 4, "sequence_stride": 2}
    for name in ("one_hot", "multi_hot"):
        yield name, (classes,), {"num_classes": 3}
    yield "moments", (matrix,), {"axes": [1]}
    yield "moveaxis", (images,), {"source": 1, "destination": 2}
    yield "swapaxes", (images,), {"axis1": 1, "axis2": 2}
    yield "pad", (matrix,), {"pad_width": ((0, 0), (1, 2))}
    yield "reshape", (images,), {"newshape": (-1, 36, 4)}
    yield "roll", (matrix,), {"shift": 1, "axis": 1}
    yield "searchsorted", (np.array([-1.0, 0, 1], np.float32), _floats(5)), {}
    yield "segment_sum", (matrix, np.sort(classes)), {"num_segments": 3}
    yield "slice", (matrix,), {"start_indices": [0, 1], "shape": [2, 2]}
    yield "split", (matrix,), {"indices_or_sections": 2, "axis": 1}
    yield "array_split", (matrix,), {"indices_or_sections": 3, "axis": 1}
    yield "sparse_categorical_crossentropy", (classes, abs(square)), {}
    yield "threshold", (matrix,), {"threshold": 0.5, "default_value": 0.0}
    yield "top_k", (matrix,), {"k": 2}
    yield "in_top_k", (classes, square), {"k": 2}
    yield "unfold", (images,), {"kernel_size": 2}


def _run(function: Callable, arguments: tuple, keywords: dict) -> list[np.ndarray] | None:
    """Return what a function computes; None if it does not take the arguments."""
    try:
        outputs = function(*map(tf.constant, arguments), **keywords)
        values = [np.asarray(value) for value in keras.tree.flatten(outputs)]
    except Exception:  # Keras has no common class for arguments that do not fit
        return None
    return values if values and all(value.dtype.kind in "fib" for value in values) else None


def _floats(*shape: int) -> np.ndarray:
    quarters = np.round(8 * _RNG.normal(size=shape)) / 4  # so that quotients stay off rounding
    return quarters.astype(np.float32) + 0  # GPUs need not know -0


def _arguments() -> Iterator[tuple[np.ndarray, ...]]:
    def fractions(*shape: int) -> np.ndarray:
        return _RNG.uniform(0.1, 0.9, shape).astype(np.float32)

    def integers(*shape: int) -> np.ndarray:
        return _RNG.integers(0, 4, shape).astype(np.int32)

    def bools(*shape: int) -> np.ndarray:
        return _RNG.integers(0, 2, shape).astype(bool)

    yield from [(_floats(3, 4),), (fractions(3, 4),), (_floats(2, 3, 4),), (_floats(2, 6, 6, 3),)]
    yield from [(integers(3, 4),), (bools(3, 4),), (_floats(5),), (integers(5),), (_floats(4, 4),)]
    yield from [(_floats(3, 4), _floats(3, 4)), (fractions(3, 4), fractions(3, 4))]
    yield from [(_floats(2, 3, 4), _floats(2, 4, 5)), (_floats(3, 4), _floats(4))]
    yield from [(integers(3, 4), integers(3, 4) + 1), (bools(3, 4), bools(3, 4))]
    yield from [(_floats(3, 4), integers(3)), (integers(3, 4), integers(3, 4))]
    yield (bools(3, 4), _floats(3, 4), _floats(3, 4))
