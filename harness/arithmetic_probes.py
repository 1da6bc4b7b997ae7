"""Probes of arithmetic: elementwise operations, reductions and matrix products."""

import itertools
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from harness.probe import (
    NOT_FINITE,
    ORDINARY,
    SHAPES,
    Probe,
    i32,
    inputs,
    normal,
    values,
)


def arithmetic_probes() -> Iterator[Probe]:
    """Yield the probes of arithmetic operations."""
    yield from _elementwise()
    yield from _binary()
    yield from _reductions()
    yield from _matrices()


_UNARY = {
    "float32": "Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Expm1 Floor IsFinite "
    "IsInf IsNan LeakyRelu Log Log1p LogSoftmax Reciprocal Rsqrt Selu Sigmoid Sin Sinh Softmax "
    "Softplus Sqrt Tan Tanh",
    "float32 int32": "Abs Neg Relu Relu6 Round Sign Square",
    "float32 int32 bool": "Identity OnesLike Rank Shape Size Snapshot ZerosLike StopGradient",
    "bool": "LogicalNot",
    "complex64": "ComplexAbs Real Imag Identity",
}
_FIRST_ARGUMENT = {
    "Elu": "features", "Relu": "features", "Relu6": "features", "Selu": "features",
    "LeakyRelu": "features", "Softplus": "features", "Softmax": "logits", "LogSoftmax": "logits",
    "Identity": "input", "Rank": "input", "Shape": "input", "Size": "input", "Snapshot": "input",
    "Real": "input", "Imag": "input", "StopGradient": "input",
}  # fmt: skip


def _elementwise() -> Iterator[Probe]:
    for dtypes, names in _UNARY.items():
        for name, dtype in itertools.product(names.split(), dtypes.split()):
            if not hasattr(tf.raw_ops, name):
                continue
            for kind, x in inputs(dtype):
                yield Probe(name, {_FIRST_ARGUMENT.get(name, "x"): x}, kind)
    for kind, x in inputs("float32"):
        yield Probe("LeakyRelu", {"features": x, "alpha": 0.0}, kind)
        yield Probe("LeakyRelu", {"features": x, "alpha": 1.5}, kind)
    for dtype in ("float32", "int32"):
        limits = {"clip_value_min": np.array(-1, dtype), "clip_value_max": np.array(2, dtype)}
        for kind, x in inputs(dtype):
            yield Probe("ClipByValue", {"t": x, **limits}, kind)
    for source, target in itertools.product(("float32", "int32", "bool"), repeat=2):
        for kind, x in inputs(source):
            yield Probe("Cast", {"x": x, "DstT": getattr(tf, target)}, kind)


_BINARY = {
    "float32": "Atan2 Div DivNoNan Pow RealDiv Mod FloorMod FloorDiv",
    "float32 int32": "Add AddV2 Greater GreaterEqual Less LessEqual Maximum Minimum Mul "
    "SquaredDifference Sub",
    "float32 int32 bool": "Equal NotEqual",
    "bool": "LogicalAnd LogicalOr",
    "complex64": "AddV2 Mul Sub RealDiv",
}


def _binary() -> Iterator[Probe]:
    for dtypes, names in _BINARY.items():
        for name, dtype in itertools.product(names.split(), dtypes.split()):
            first, second = ("y", "x") if name == "Atan2" else ("x", "y")
            for kind, x, y in _pairs(dtype):
                yield Probe(name, {first: x, second: y}, kind)
    for kind, x, y in _pairs("int32"):
        y = np.where(y == 0, np.int32(3), y)
        for name in ("FloorDiv", "FloorMod", "Mod", "RealDiv", "Div"):
            yield Probe(name, {"x": x, "y": y}, kind)
        if not kind:
            yield Probe("Pow", {"x": x, "y": np.abs(y) % 4}, kind)
    for dtype in ("float32", "int32"):
        for kind, x in inputs(dtype):
            yield Probe("AddN", {"inputs": [x, x + 1, x]}, kind)
            yield Probe("AddN", {"inputs": [x]}, kind)
    for rank in range(2, 6):
        x = values("float32", SHAPES[rank])
        yield Probe("BiasAdd", {"value": x, "bias": normal(x.shape[-1])})


def _pairs(dtype: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for kind, x in inputs(dtype):
        among = NOT_FINITE if kind == "not finite" else None
        yield kind, x, values(dtype, x.shape, 1, among)
        yield kind, x, values(dtype, (), 2)
        yield kind, values(dtype, (1,), 3), x
        if x.ndim > 1 and x.size:
            yield kind, x, values(dtype, x.shape[-1:], 4)
            yield kind, x[..., :1], values(dtype, (*x.shape[:-2], 1, x.shape[-1]), 5)
    if dtype == "float32":
        yield "not finite", np.repeat(NOT_FINITE, 7).astype("f"), np.tile(NOT_FINITE, 7).astype("f")


def _reductions() -> Iterator[Probe]:
    names = {
        "float32": "Sum Mean Max Min Prod EuclideanNorm",
        "int32": "Sum Mean Max Min Prod",
        "bool": "All Any",
    }
    for dtype, operations in names.items():
        for name, (kind, x) in itertools.product(operations.split(), inputs(dtype, range(7))):
            for axes in _axes(x.ndim):
                for keep in (False, True):
                    yield Probe(name, {"input": x, "axis": axes, "keep_dims": keep}, kind)
    for dtype in ("float32", "int32"):
        for kind, x in inputs(dtype, range(1, 7)):
            for axis in {0, x.ndim - 1, -1}:
                for name in ("ArgMax", "ArgMin"):
                    arguments = {"input": x, "dimension": np.array(axis, np.int32)}
                    yield Probe(name, arguments | {"output_type": tf.int32}, kind)
                for exclusive, reverse in itertools.product((False, True), repeat=2):
                    arguments = {"x": x, "axis": np.array(axis, np.int32)}
                    options = {"exclusive": exclusive, "reverse": reverse}
                    yield Probe("Cumsum", arguments | options, kind)
                    yield Probe("Cumprod", arguments | options, kind)
            for k in {0, 1, x.shape[-1]}:
                yield Probe(
                    "TopKV2", {"input": x, "k": np.array(k, np.int32), "sorted": True}, kind
                )
            yield Probe("TopKV2", {"input": x[..., :1], "k": np.array(1, np.int32)}, kind)


def _axes(rank: int) -> list[np.ndarray]:
    axes = [i32(*range(rank))]
    if rank:
        axes += [i32(0), i32(-1), np.array(rank - 1, np.int32)]
    if rank > 2:
        axes += [i32(0, rank - 1), i32(*range(1, rank - 1))]
    return [*axes, i32()]


def _matrices() -> Iterator[Probe]:
    for first, second in itertools.product((False, True), repeat=2):
        for m, k, n in ((3, 4, 5), (1, 1, 1), (1, 6, 1), (17, 33, 9), (0, 3, 2), (2, 0, 3)):
            a = normal(*((k, m) if first else (m, k)))
            b = normal(*((n, k) if second else (k, n)), seed=1)
            kind = ORDINARY if m * k * n else "empty"
            flags = {"transpose_a": first, "transpose_b": second}
            yield Probe("MatMul", {"a": a, "b": b, **flags}, kind)
            for name in ("BatchMatMul", "BatchMatMulV2"):
                for batch in ((), (1,), (3,), (2, 3), (2, 1, 3), (1, 2, 1, 3)):
                    x, y = normal(*batch, *a.shape), normal(*batch, *b.shape, seed=1)
                    yield Probe(name, {"x": x, "y": y, "adj_x": first, "adj_y": second}, kind)
                    if batch and name == "BatchMatMulV2":
                        yield Probe(name, {"x": x, "y": b, "adj_x": first, "adj_y": second}, kind)
                        yield Probe(name, {"x": a, "y": y, "adj_x": first, "adj_y": second}, kind)
    yield Probe("MatMul", {"a": values("int32", (3, 4)), "b": values("int32", (4, 2))})
    integers = {"x": values("int32", (2, 3, 4)), "y": values("int32", (2, 4, 2))}
    yield Probe("BatchMatMulV2", integers)
    bad = np.array([[np.nan, 1, 0], [np.inf, 0, 1]], np.float32)
    yield Probe("MatMul", {"a": bad, "b": normal(3, 4)}, "not finite")
    for perm in ((0,), (1, 0), (0, 1), (0, 2, 1), (2, 0, 1), (1, 0, 2), (0, 2, 1, 3), (3, 2, 1, 0),
                 (0, 3, 1, 2), (0, 4, 2, 1, 3), (4, 3, 2, 1, 0), (5, 4, 3, 2, 1, 0),
                 (0, 1, 3, 2, 5, 4), ()):  # fmt: skip
        for dtype in ("float32", "int32", "bool"):
            yield Probe("Transpose", {"x": values(dtype, SHAPES[len(perm)]), "perm": i32(*perm)})
