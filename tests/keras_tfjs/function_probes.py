"""Calls of the functions in `keras.ops`, with each kind of input that a function accepts."""

import inspect
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

_MOST = 8  # maximal number of calls of a function
_RNG = np.random.default_rng(0)
# Their argument is a function, or their result is not a tensor.
_LEFT_OUT = {
    *("associative_scan", "cond", "fori_loop", "map", "scan", "switch", "vectorized_map"),
    *("while_loop", "custom_gradient", "convert_to_numpy", "dtype", "is_tensor", "shape"),
}

_OF_LISTS = {"concatenate", "dstack", "hstack", "stack", "vstack"}  # take one list of tensors


class Probe(NamedTuple):
    """A call of a function, and its result in Keras.

    Attributes:
      name: the function's name in `keras.ops`.
      arguments: the tensor arguments.
      keywords: the other arguments.
      expected: the tensors that the function returns.
      batches: number of leading arguments with any batch size.
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
            outputs = _call(self.name, tensors, self.keywords)
            return {f"y{i}": y for i, y in enumerate(outputs)}

        return tf.function(call, input_signature=specs, autograph=False)


def functions_of_keras() -> set[str]:
    """Return the names of the functions that take and return tensors."""
    return {
        name
        for name, function in vars(keras.ops).items()
        if callable(function) and not inspect.isclass(function) and name[0] != "_"
    } - _LEFT_OUT


def function_probes() -> Iterator[Probe]:
    """Yield the calls that Keras accepts."""
    inputs = list(_arguments())
    for name in sorted(functions_of_keras()):
        calls = (
            Probe(name, arguments, keywords, expected, len(arguments))
            for arguments in inputs
            for keywords in ({}, {"axis": -1}, {"axis": 0})
            if (expected := _run(name, arguments, keywords)) is not None
        )
        yield from itertools.islice(calls, _MOST)
    for name, arguments, keywords in _special():
        expected = _run(name, arguments, keywords)
        assert expected is not None, name
        yield Probe(name, arguments, keywords, expected, 1)


def _special() -> Iterator[tuple[str, tuple[np.ndarray, ...], dict[str, Any]]]:
    """Yield calls of functions that need special arguments."""
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
    yield "tile", (matrix,), {"repeats": (1, 2)}
    yield "threshold", (matrix,), {"threshold": 0.5, "default_value": 0.0}
    yield "top_k", (matrix,), {"k": 2}
    yield "in_top_k", (classes, square), {"k": 2}
    yield "unfold", (images,), {"kernel_size": 2}


def _run(name: str, arguments: tuple, keywords: dict) -> list[np.ndarray] | None:
    """Return the result of a function; None if it does not accept the arguments."""
    try:
        outputs = _call(name, [tf.constant(value) for value in arguments], keywords)
    except (TypeError, ValueError, IndexError, tf.errors.OpError):
        return None
    values = [np.asarray(value) for value in outputs]
    return values if values and all(value.dtype.kind in "fib" for value in values) else None


def _call(name: str, tensors: Sequence[tf.Tensor], keywords: dict[str, Any]) -> list[Any]:
    given = [list(tensors)] if name in _OF_LISTS else tensors
    return keras.tree.flatten(getattr(keras.ops, name)(*given, **keywords))


def _floats(*shape: int) -> np.ndarray:
    quarters = (
        np.round(8 * _RNG.normal(size=shape)) / 4
    )  # so that quotients are far from rounding boundaries
    return quarters.astype(np.float32) + 0  # GPUs need not support -0


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
