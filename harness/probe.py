"""`Probe`: one raw operation with constant inputs. Functions that create inputs."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

FLOATS = [-3.5, -2.5, -2, -1.5, -1, -0.5, -0.25, -0.25, 0, 0, 0.25, 0.5, 1, 1, 1.5, 2.5, 3.5]
INTEGERS = [-7, -5, -3, -3, -2, -1, 0, 0, 1, 2, 2, 3, 4, 5, 7]
LARGE = [-1e4, -1000, -90, -40, -20, -1e-3, -1e-5, -1e-8, 1e-8, 1e-5, 1e-3, 20, 40, 90, 1000, 1e4]
NOT_FINITE = [np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 2.0]
LARGE_INTEGERS = [2**24 + 1, -(2**24) - 1, 10**9 + 1, -(10**9) - 7, 5]
SHAPES = [(), (17,), (4, 5), (2, 3, 5), (2, 3, 2, 4), (2, 1, 3, 2, 3), (1, 2, 2, 1, 3, 2)]
ORDINARY = ""


@dataclasses.dataclass(frozen=True)
class Probe:
    """One raw operation and its constant inputs.

    Attributes:
      operation: the operation's name in `tf.raw_ops`.
      arguments: its arguments; NumPy arrays and lists of arrays become constants.
      kind: ORDINARY, or what is special about the inputs, such as `not finite`.
    """

    operation: str
    arguments: dict[str, Any]
    kind: str = ORDINARY

    def run(self) -> list[tf.Tensor]:
        """Add the operation to the current graph, or compute it eagerly."""
        arguments = {name: _constants(value) for name, value in self.arguments.items()}
        if self.operation == "TensorScatterUpdate" and arguments["tensor"].dtype != tf.bool:
            # Copy the tensor: the cpu backend overwrites it, and other probes share the constant.
            arguments["tensor"] = tf.maximum(arguments["tensor"], arguments["tensor"])
        if self.operation in CONTROL_FLOW:
            return [CONTROL_FLOW[self.operation](**arguments)]
        result = getattr(tf.raw_ops, self.operation)(**arguments)
        if isinstance(result, tf.Operation) or result is None:
            return []
        if self.operation.startswith("FusedBatchNorm"):
            return [result[0]]  # the others are for training
        return [result] if isinstance(result, tf.Tensor) else tf.nest.flatten(list(result))


def _constants(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # Weight files have no complex numbers.
        return tf.complex(value.real, value.imag) if np.iscomplexobj(value) else tf.constant(value)
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [tf.constant(item) for item in value]
    return value


def _while_loop(x: tf.Tensor) -> tf.Tensor:
    return tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, x + x), (0, x))[1]


def _cond(x: tf.Tensor) -> tf.Tensor:
    first = tf.constant([True, False])[0]
    return tf.cond(first, lambda: x + x, lambda: x - x)


CONTROL_FLOW = {"StatelessWhile": _while_loop, "StatelessIf": _cond}


def values(dtype: str, shape: tuple[int, ...], seed: int = 0, among: Any = None) -> np.ndarray:
    """Return numbers of a dtype in a random order that depends on the seed."""
    generator = np.random.default_rng(seed)
    size = int(np.prod(shape))
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    if dtype == "complex64":
        real, imaginary = (generator.normal(size=shape).astype(np.float32) for _ in "ri")
        return np.asarray(real + 1j * imaginary, np.complex64)
    if among is None:
        among = FLOATS if dtype == "float32" else INTEGERS
    repeated = np.resize(np.array(among, dtype), size)
    return generator.permutation(repeated).reshape(shape)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Return draws of a normal distribution."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def i32(*numbers: int) -> np.ndarray:
    """Return a vector of int32."""
    return np.array(numbers, np.int32)


TYPES = ("float32", "int32", "bool")


def special_inputs(dtype: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield inputs that an operation may treat specially, with their kind."""
    yield ORDINARY, values(dtype, (1, 1))
    yield "empty", values(dtype, (0,))
    yield "empty", values(dtype, (2, 0, 3))
    if dtype == "float32":
        yield ORDINARY, values(dtype, (16,), among=LARGE)
        yield "not finite", values(dtype, (1, 7), among=NOT_FINITE)
    if dtype == "int32":
        yield "large integers", values(dtype, (5,), among=LARGE_INTEGERS)


def inputs(dtype: str, ranks: Any = range(7)) -> Iterator[tuple[str, np.ndarray]]:
    """Yield inputs of each rank and special inputs, with their kind."""
    for rank in ranks:
        yield ORDINARY, values(dtype, SHAPES[rank])
    yield from special_inputs(dtype)
