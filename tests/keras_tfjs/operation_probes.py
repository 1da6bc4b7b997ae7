"""Probes of single operations: inputs for each operation, dtype and rank that TensorFlow.js names.

A probe is one raw operation with constant inputs. Ordinary probes have finite numbers, among them
negative numbers, ties and zeros. The others have a kind, such as `not finite` or `empty`.
"""

import dataclasses
import itertools
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
      operation: its name in `tf.raw_ops`.
      arguments: of `tf.raw_ops`; NumPy arrays and lists of them become constants.
      kind: ORDINARY, or what is special about its inputs.
    """

    operation: str
    arguments: dict[str, Any]
    kind: str = ORDINARY

    def run(self) -> list[tf.Tensor]:
        """Add the operation to the present graph, or compute it."""
        arguments = {name: _constants(value) for name, value in self.arguments.items()}
        if self.operation == "TensorScatterUpdate" and arguments["tensor"].dtype != tf.bool:
            # The cpu backend overwrites it, and a constant stands in other probes too.
            arguments["tensor"] = tf.maximum(arguments["tensor"], arguments["tensor"])
        if self.operation in CONTROL_FLOW:
            return [CONTROL_FLOW[self.operation](**arguments)]
        result = getattr(tf.raw_ops, self.operation)(**arguments)
        if isinstance(result, tf.Operation) or result is None:
            return []
        if self.operation.startswith("FusedBatchNorm"):
            return [result[0]]  # the others serve training
        return [result] if isinstance(result, tf.Tensor) else tf.nest.flatten(list(result))


def _constants(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # A file of weights holds no complex numbers.
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
    """Return numbers of a dtype in an order that the seed determines."""
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


def all_probes() -> Iterator[Probe]:
    """Yield the probes of all operations."""
    yield from _elementwise()
    yield from _binary()
    yield from _reductions()
    yield from _matrices()
    yield from _images()
    yield from _shapes()
    yield from _indices()
    yield from _creation()
    yield from _other()


_UNARY = {
    "float32": "Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Expm1 Floor IsFinite IsInf IsNan "
    "LeakyRelu Log Log1p LogSoftmax Reciprocal Rsqrt Selu Sigmoid Sin Sinh Softmax Softplus Sqrt Tan Tanh",
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


def _special(dtype: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield inputs of a dtype that may be treated in their own way, with their kind."""
    yield ORDINARY, values(dtype, (1, 1))
    yield "empty", values(dtype, (0,))
    yield "empty", values(dtype, (2, 0, 3))
    if dtype == "float32":
        yield ORDINARY, values(dtype, (16,), among=LARGE)
        yield "not finite", values(dtype, (1, 7), among=NOT_FINITE)
    if dtype == "int32":
        yield "large integers", values(dtype, (5,), among=LARGE_INTEGERS)


def _inputs(dtype: str, ranks: Any = range(7)) -> Iterator[tuple[str, np.ndarray]]:
    """Yield inputs of each rank, and special ones, with their kind."""
    for rank in ranks:
        yield ORDINARY, values(dtype, SHAPES[rank])
    yield from _special(dtype)


def _elementwise() -> Iterator[Probe]:
    for dtypes, names in _UNARY.items():
        for name, dtype in itertools.product(names.split(), dtypes.split()):
            if not hasattr(tf.raw_ops, name):
                continue
            for kind, x in _inputs(dtype):
                yield Probe(name, {_FIRST_ARGUMENT.get(name, "x"): x}, kind)
    for kind, x in _inputs("float32"):
        yield Probe("LeakyRelu", {"features": x, "alpha": 0.0}, kind)
        yield Probe("LeakyRelu", {"features": x, "alpha": 1.5}, kind)
    for dtype in ("float32", "int32"):
        limits = {"clip_value_min": np.array(-1, dtype), "clip_value_max": np.array(2, dtype)}
        for kind, x in _inputs(dtype):
            yield Probe("ClipByValue", {"t": x, **limits}, kind)
    for source, target in itertools.product(("float32", "int32", "bool"), repeat=2):
        for kind, x in _inputs(source):
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
        for kind, x in _inputs(dtype):
            yield Probe("AddN", {"inputs": [x, x + 1, x]}, kind)
            yield Probe("AddN", {"inputs": [x]}, kind)
    for rank in range(2, 6):
        x = values("float32", SHAPES[rank])
        yield Probe("BiasAdd", {"value": x, "bias": normal(x.shape[-1])})


def _pairs(dtype: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for kind, x in _inputs(dtype):
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
        for name, (kind, x) in itertools.product(operations.split(), _inputs(dtype, range(7))):
            for axes in _axes(x.ndim):
                for keep in (False, True):
                    yield Probe(name, {"input": x, "axis": axes, "keep_dims": keep}, kind)
    for dtype in ("float32", "int32"):
        for kind, x in _inputs(dtype, range(1, 7)):
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
    for dtype in ("int32",):
        yield Probe("MatMul", {"a": values(dtype, (3, 4)), "b": values(dtype, (4, 2))})
        yield Probe("BatchMatMulV2", {"x": values(dtype, (2, 3, 4)), "y": values(dtype, (2, 4, 2))})
    bad = np.array([[np.nan, 1, 0], [np.inf, 0, 1]], np.float32)
    yield Probe("MatMul", {"a": bad, "b": normal(3, 4)}, "not finite")
    for perm in ((0,), (1, 0), (0, 1), (0, 2, 1), (2, 0, 1), (1, 0, 2), (0, 2, 1, 3), (3, 2, 1, 0),
                 (0, 3, 1, 2), (0, 4, 2, 1, 3), (4, 3, 2, 1, 0), (5, 4, 3, 2, 1, 0),
                 (0, 1, 3, 2, 5, 4), ()):  # fmt: skip
        for dtype in ("float32", "int32", "bool"):
            yield Probe("Transpose", {"x": values(dtype, SHAPES[len(perm)]), "perm": i32(*perm)})


def _images() -> Iterator[Probe]:
    x = normal(2, 7, 6, 3)
    for size, stride, padding, dilation in itertools.product(
        ((1, 1), (3, 3), (2, 3)), ((1, 1), (2, 2), (1, 2)), ("SAME", "VALID", "EXPLICIT"), (1, 2)
    ):
        strides, dilations = [1, *stride, 1], [1, dilation, dilation, 1]
        explicit = [0, 0, 1, 2, 0, 1, 0, 0] if padding == "EXPLICIT" else []
        common = {"strides": strides, "padding": padding, "explicit_paddings": explicit}
        if stride == (1, 1) or dilation == 1:
            arguments = {"input": x, "filter": normal(*size, 3, 4, seed=1), "dilations": dilations}
            yield Probe("Conv2D", arguments | common)
            yield Probe("Conv2D", {**arguments, **common, "input": x[:1, :, :, :3]})
            if stride[0] == stride[1]:
                kernel = {"filter": normal(*size, 3, 2, seed=2)}
                yield Probe("DepthwiseConv2dNative", arguments | common | kernel)
                kernel = {"filter": normal(*size, 3, 1, seed=2)}
                yield Probe("DepthwiseConv2dNative", arguments | common | kernel)
        if padding == "EXPLICIT":
            continue
        del common["explicit_paddings"]
        if dilation == 1:
            pool = {"ksize": [1, *size, 1], **common}
            for value, kind in ((x, ORDINARY), (x - 9, ORDINARY), (_spoiled(x), "not finite")):
                yield Probe("AvgPool", {"value": value, **pool}, kind)
                yield Probe("MaxPool", {"input": value, **pool}, kind)
            yield Probe("MaxPoolWithArgmax", {"input": x - 9, "Targmax": tf.int32, **pool})
            height, width = (
                -(-n // s) if padding == "SAME" else (n - k) // s + 1
                for n, k, s in zip((7, 6), size, stride, strict=True)
            )
            back = {"input_sizes": i32(2, 7, 6, 3), "filter": normal(*size, 3, 4, seed=3)}
            arguments = {"out_backprop": normal(2, height, width, 4), **common}
            yield Probe("Conv2DBackpropInput", back | arguments)
        if stride == (1, 1) or dilation == 1:
            arguments = {"input": x, "filter": normal(*size, 3), "rates": dilations, **common}
            del arguments["rates"]
            yield Probe("Dilation2D", arguments | {"rates": dilations})
    x = normal(2, 5, 4, 6, 2)
    for size, stride, padding in itertools.product((1, 2, 3), (1, 2), ("SAME", "VALID")):
        strides = [1, stride, stride, stride, 1]
        common = {"strides": strides, "padding": padding}
        yield Probe("Conv3D", {"input": x, "filter": normal(size, size, 2, 2, 3), **common})
        pool = {"ksize": [1, size, size, size, 1], **common}
        yield Probe("AvgPool3D", {"input": x, **pool})
        yield Probe("AvgPool3D", {"input": x - 9, **pool})
        yield Probe("MaxPool3D", {"input": x - 9, **pool})
    yield from _resizes()
    yield from _normalizations()


def _spoiled(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[0, 0, 0], x[0, 3, 3], x[1, 2, 2] = np.nan, np.inf, -np.inf
    return x


def _resizes() -> Iterator[Probe]:
    for shape in ((1, 4, 5, 3), (2, 2, 3, 1), (2, 1, 1, 2)):
        x = normal(*shape)
        for size in ((8, 10), (2, 3), (7, 3), (1, 1), (4, 5)):
            for corners, half in ((False, False), (True, False), (False, True)):
                flags = {"align_corners": corners, "half_pixel_centers": half}
                arguments = {"images": x, "size": i32(*size), **flags}
                yield Probe("ResizeBilinear", arguments)
                yield Probe("ResizeNearestNeighbor", arguments)
    boxes = np.array([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [0.5, 0.6, 1.2, 1.4]], np.float32)
    for method in ("bilinear", "nearest"):
        arguments = {"image": normal(2, 6, 5, 3), "boxes": boxes, "box_ind": i32(0, 1, 1)}
        yield Probe("CropAndResize", arguments | {"crop_size": i32(4, 3), "method": method})
        for fill in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
            transforms = np.array([[1, 0.2, 0.3, -0.1, 0.9, 0.5, 0, 0]] * 2, np.float32)
            yield Probe("ImageProjectiveTransformV3", {
                "images": normal(2, 6, 5, 3), "transforms": transforms, "output_shape": i32(5, 4),
                "fill_value": np.float32(0.0) + np.zeros((), np.float32),
                "interpolation": method.upper(), "fill_mode": fill,
            })  # fmt: skip
    corners = np.sort(np.random.default_rng(0).random((9, 2, 2)).astype("f"), 1).reshape(9, 4)
    scores = np.random.default_rng(1).random(9).astype("f")
    limits = {
        "max_output_size": np.array(4, np.int32),
        "iou_threshold": np.float32([0.3])[0].reshape(()),
    }
    arguments = {"boxes": corners, "scores": scores, **limits}
    yield Probe("NonMaxSuppressionV2", arguments)
    threshold = {"score_threshold": np.array(0.2, np.float32)}
    yield Probe("NonMaxSuppressionV3", arguments | threshold)
    yield Probe("NonMaxSuppressionV4", arguments | threshold)
    soft = {"soft_nms_sigma": np.array(0.5, np.float32)}
    yield Probe("NonMaxSuppressionV5", arguments | threshold | soft)


def _normalizations() -> Iterator[Probe]:
    x, size = normal(2, 4, 3, 5), (5,)
    for name in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
        vectors = {"scale": normal(*size), "offset": normal(*size, seed=1)}
        vectors |= {"mean": normal(*size, seed=2), "variance": np.abs(normal(*size, seed=3)) + 0.1}
        for epsilon in (1e-3, 0.1):
            arguments = {"x": x, **vectors, "epsilon": epsilon, "is_training": False}
            yield Probe(name, arguments)
    for radius, alpha, beta in ((1, 1.0, 0.5), (2, 0.1, 0.75), (5, 0.3, 1.0)):
        yield Probe("LRN", {"input": x, "depth_radius": radius, "alpha": alpha, "beta": beta})


_TYPES = ("float32", "int32", "bool")


def _shapes() -> Iterator[Probe]:
    """Operations that move numbers."""
    for dtype in _TYPES:
        for kind, x in _inputs(dtype):
            yield Probe("Reshape", {"tensor": x, "shape": i32(-1)}, kind)
            if x.size:
                yield Probe("Reshape", {"tensor": x, "shape": i32(*x.shape, 1)[:6]}, kind)
            yield Probe("BroadcastTo", {"input": x, "shape": i32(*x.shape)}, kind)
            for axis in {0, -1, x.ndim}:
                axis_tensor = np.array(axis, np.int32)
                if x.ndim < 6:
                    yield Probe("ExpandDims", {"input": x, "axis": axis_tensor}, kind)
                    for count in (1, 2, 3):
                        yield Probe("Pack", {"values": [x] * count, "axis": axis}, kind)
            if x.ndim < 6 and x.size:
                shape = i32(2, *x.shape)
                yield Probe("BroadcastTo", {"input": x, "shape": shape}, kind)
                yield Probe("Squeeze", {"input": x[None], "axis": [0]}, kind)
                yield Probe("Squeeze", {"input": x[..., None]}, kind)
            yield Probe("IdentityN", {"input": [x, x]}, kind)
            yield Probe("ShapeN", {"input": [x, x]}, kind)
            if x.ndim:
                yield from _ranked(x, kind)


def _ranked(x: np.ndarray, kind: str) -> Iterator[Probe]:
    rank = x.ndim
    last, number = np.array(rank - 1, np.int32), np.array(1).astype(x.dtype)
    for axis in {0, rank - 1, -1}:
        index = np.array(axis, np.int32)
        for parts in ([x, x], [x], [x, x[..., :1] if axis else x[:1], x]):
            yield Probe("ConcatV2", {"values": parts, "axis": index}, kind)
        yield Probe("ReverseV2", {"tensor": x, "axis": i32(axis)}, kind)
        if x.shape[axis]:
            yield Probe("Split", {"axis": index, "value": x, "num_split": x.shape[axis]}, kind)
            yield Probe("Unpack", {"value": x, "num": x.shape[axis], "axis": axis}, kind)
            sizes = i32(1, x.shape[axis] - 1)
            arguments = {"value": x, "size_splits": sizes, "axis": index, "num_split": 2}
            yield Probe("SplitV", arguments, kind)
            for indices in (
                i32(0, x.shape[axis] - 1, 0),
                np.array([[0], [0]], np.int32),
                np.array(0, np.int32),
            ):
                arguments = {"params": x, "indices": indices, "axis": index}
                if rank + indices.ndim <= 7:
                    yield Probe("GatherV2", arguments, kind)
    yield Probe("ReverseV2", {"tensor": x, "axis": i32(*range(rank))}, kind)
    yield Probe("Concat", {"concat_dim": last, "values": [x, x]}, kind)
    for repeats in ([1] * rank, [2] * rank, [3] + [1] * (rank - 1)):
        yield Probe("Tile", {"input": x, "multiples": i32(*repeats)}, kind)
    paddings = np.array([[1, 2]] * rank, np.int32)
    yield Probe("Pad", {"input": x, "paddings": paddings}, kind)
    yield Probe("Pad", {"input": x, "paddings": paddings * 0}, kind)
    yield Probe("PadV2", {"input": x, "paddings": paddings, "constant_values": number}, kind)
    for mode in ("REFLECT", "SYMMETRIC"):
        small = np.array([[0, 0]] * (rank - 1) + [[1, min(2, x.shape[-1] - 1)]], np.int32)
        yield Probe("MirrorPad", {"input": x, "paddings": small, "mode": mode}, kind)
        ones = np.array([[int(n > 1), int(n > 1)] for n in x.shape], np.int32)
        yield Probe("MirrorPad", {"input": x, "paddings": ones, "mode": mode}, kind)
    begin = i32(*(min(1, n - 1) for n in x.shape))
    for sizes in ([-1] * rank, [1] * rank, [0] + [-1] * (rank - 1)):
        if x.size:
            yield Probe("Slice", {"input": x, "begin": begin, "size": i32(*sizes)}, kind)
    yield from _strided_slices(x, kind)


def _strided_slices(x: np.ndarray, kind: str) -> Iterator[Probe]:
    rank = x.ndim
    both = {"begin_mask": 2**rank - 1, "end_mask": 2**rank - 1}
    for stride in (1, 2, -1, -2):
        arguments = {"input": x, "begin": i32(*[0] * rank), "end": i32(*[0] * rank)}
        yield Probe("StridedSlice", arguments | {"strides": i32(*[stride] * rank)} | both, kind)
    first = {"begin": i32(0), "end": i32(1), "strides": i32(1)}
    negative = {"begin": i32(-1), "end": i32(0), "strides": i32(1)}
    yield Probe("StridedSlice", {"input": x, **first}, kind)
    yield Probe(
        "StridedSlice", {"input": x, "begin": i32(-2), "end": i32(-1), "strides": i32(1)}, kind
    )
    yield Probe(
        "StridedSlice", {"input": x, "begin": i32(1), "end": i32(100), "strides": i32(2)}, kind
    )
    yield Probe(
        "StridedSlice", {"input": x, "begin": i32(-1), "end": i32(-100), "strides": i32(-1)}, kind
    )
    if x.size:
        yield Probe("StridedSlice", {"input": x, **first, "shrink_axis_mask": 1}, kind)
        arguments = {"input": x, **negative, "shrink_axis_mask": 1}
        yield Probe("StridedSlice", arguments, kind)
    if rank < 6:
        yield Probe("StridedSlice", {"input": x, **first, "new_axis_mask": 1}, kind)
    two = {"begin": i32(0, 0), "end": i32(0, 1), "strides": i32(1, 1), "ellipsis_mask": 1}
    yield Probe("StridedSlice", {"input": x, **two}, kind)
    yield Probe("StridedSlice", {"input": x, **two, "shrink_axis_mask": 2}, kind)
    if rank < 6:
        yield Probe("StridedSlice", {"input": x, **two, "new_axis_mask": 2}, kind)


def _indices() -> Iterator[Probe]:
    for dtype in _TYPES:
        for kind, x in _inputs(dtype, range(1, 7)):
            condition = values("bool", x.shape, 7)
            other = values(dtype, x.shape, 8)
            yield Probe("Select", {"condition": condition, "t": x, "e": other}, kind)
            yield Probe("SelectV2", {"condition": condition, "t": x, "e": other}, kind)
            scalar = values(dtype, (), 9)
            yield Probe("SelectV2", {"condition": condition, "t": x, "e": scalar}, kind)
            yield Probe("SelectV2", {"condition": condition, "t": scalar, "e": x}, kind)
            if x.ndim > 1:
                column = values("bool", (x.shape[0], *[1] * (x.ndim - 1)), 7)
                yield Probe("SelectV2", {"condition": column, "t": x, "e": other}, kind)
                row = values("bool", (x.shape[0],), 7)
                yield Probe("Select", {"condition": row, "t": x, "e": other}, kind)
            yield Probe("Where", {"condition": x}, kind)
            if not x.size:
                continue
            for depth in range(1, x.ndim + 1):
                indices = np.array(
                    [[0] * depth, [min(1, n - 1) for n in x.shape[:depth]]] * 2, np.int32
                )
                yield Probe("GatherNd", {"params": x, "indices": indices}, kind)
                yield Probe("GatherNd", {"params": x, "indices": indices[:, None]}, kind)
                unique = np.unique(indices, axis=0)
                updates = values(dtype, (len(unique), *x.shape[depth:]), 5)
                scatter = {"indices": unique, "updates": updates}
                yield Probe("TensorScatterUpdate", {"tensor": x, **scatter}, kind)
                if dtype != "bool":
                    updates = values(dtype, (4, *x.shape[depth:]), 5)
                    scatter = {"indices": indices, "updates": updates}
                    yield Probe("ScatterNd", {**scatter, "shape": i32(*x.shape)}, kind)
        scalar = values(dtype, ())
        yield Probe(
            "SelectV2",
            {
                "condition": np.array(True),
                "t": scalar,
                "e": ~scalar if dtype == "bool" else -scalar,
            },
        )
    for dtype, (axis, rank) in itertools.product(
        _TYPES, ((-1, 0), (-1, 1), (-1, 2), (-1, 3), (0, 2), (1, 2))
    ):
        indices = values("int32", SHAPES[rank], among=[-1, 0, 1, 2, 3, 4, 5])
        depth = {"indices": indices, "depth": np.array(4, np.int32), "axis": axis}
        hot = {"on_value": np.array(1).astype(dtype), "off_value": np.array(0).astype(dtype)}
        yield Probe("OneHot", depth | hot)
        yield Probe("OneHot", depth | {"on_value": hot["off_value"], "off_value": hot["on_value"]})
    for dtype in ("float32", "int32"):
        x = values(dtype, (17,))
        yield Probe("Unique", {"x": x})
        yield Probe("UniqueV2", {"x": x, "axis": i32(0)})
        yield Probe("ListDiff", {"x": x, "y": x[:5]})
        ordered = {"sorted_inputs": np.sort(x)[None], "values": values(dtype, (1, 5), 3)}
        yield Probe("LowerBound", ordered)
        yield Probe("UpperBound", ordered)
        weights = {"size": np.array(6, np.int32), "weights": np.array([], dtype)}
        yield Probe("Bincount", {"arr": i32(0, 1, 1, 5, 9, 3), **weights})
        yield Probe(
            "Bincount",
            {"arr": i32(0, 1, 1), "size": np.array(6, np.int32), "weights": values(dtype, (3,))},
        )
        for shape in ((6,), (2, 3)):
            indices = i32(0, 1, 1, 5, 9, 3).reshape(shape)
            for given, binary in (
                (np.array([], dtype), False),
                (np.array([], dtype), True),
                (values(dtype, shape), False),
            ):
                arguments = {"input": indices, "size": weights["size"], "weights": given}
                yield Probe("DenseBincount", arguments | {"binary_output": binary})
        sparse = {"sparse_indices": np.array([[0, 1], [2, 3]], np.int32), "output_shape": i32(3, 4)}
        given = {"sparse_values": values(dtype, (2,)), "default_value": np.array(1, dtype)}
        yield Probe("SparseToDense", sparse | given)


def _creation() -> Iterator[Probe]:
    for dtype in _TYPES:
        for rank in range(7):
            arguments = {"dims": i32(*SHAPES[rank]), "value": values(dtype, ())}
            yield Probe("Fill", arguments)
    for start, limit, delta in ((0, 5, 1), (3, -4, -2), (2, 2, 1), (-5, 5, 3)):
        for dtype in (np.int32, np.float32):
            numbers = (np.array(value, dtype) for value in (start, limit, delta))
            kind = "empty" if start == limit else ORDINARY
            yield Probe("Range", dict(zip(("start", "limit", "delta"), numbers, strict=True)), kind)
    for count in (1, 2, 7):
        ends = {"start": np.array(-1.5, np.float32), "stop": np.array(3, np.float32)}
        yield Probe("LinSpace", ends | {"num": np.array(count, np.int32)})
    yield Probe("BroadcastArgs", {"s0": i32(2, 1, 3), "s1": i32(4, 1)})
    for name in CONTROL_FLOW:
        for dtype in ("float32", "int32"):
            for kind, x in _inputs(dtype):
                yield Probe(name, {"x": x}, kind)


def _other() -> Iterator[Probe]:
    x = normal(4, 4, 6, 8)
    for mode in ("NHWC",):
        yield Probe("DepthToSpace", {"input": x, "block_size": 2, "data_format": mode})
    crops = np.array([[1, 0], [0, 1]], np.int32)
    block = {"block_shape": i32(2, 2)}
    for dtype in ("float32", "int32"):
        x = values(dtype, (4, 4, 6, 2))
        yield Probe("SpaceToBatchND", {"input": x, "paddings": crops * 2, **block})
        yield Probe("SpaceToBatchND", {"input": x, "paddings": crops * 0, **block})
        yield Probe("BatchToSpaceND", {"input": x, "crops": crops, **block})
        one = {"block_shape": i32(2), "paddings": np.array([[0, 0]], np.int32)}
        yield Probe("SpaceToBatchND", {"input": values(dtype, (2, 4, 3)), **one})
        one = {"block_shape": i32(2), "crops": np.array([[0, 0]], np.int32)}
        yield Probe("BatchToSpaceND", {"input": values(dtype, (2, 4, 3)), **one})
    for rank in range(4):
        real, imaginary = values("float32", SHAPES[rank]), values("float32", SHAPES[rank], 1)
        yield Probe("Complex", {"real": real, "imag": imaginary})
    for shape in ((8,), (2, 4), (3, 5), (2, 3, 4)):
        yield Probe("FFT", {"input": values("complex64", shape)})
        yield Probe("IFFT", {"input": values("complex64", shape)})
        x = values("float32", shape)
        yield Probe("RFFT", {"input": x, "fft_length": i32(shape[-1])})
        half = values("complex64", (*shape[:-1], shape[-1] // 2 + 1))
        half[..., 0] = half[..., 0].real
        yield Probe("IRFFT", {"input": half, "fft_length": i32(shape[-1])})
    for rank in range(1, 5):
        shape = {"shape": i32(*[300, 2, 3, 2][:rank])}
        for name in ("RandomStandardNormal", "RandomUniform", "TruncatedNormal"):
            yield Probe(name, {**shape, "dtype": tf.float32}, "random")
        limits = {"minval": np.array(2, np.int32), "maxval": np.array(9, np.int32)}
        yield Probe("RandomUniformInt", shape | limits, "random")
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-9]], np.float32))
    draws = {"num_samples": np.array(2000, np.int32), "output_dtype": tf.int32}
    yield Probe("Multinomial", {"logits": logits, **draws}, "random")
