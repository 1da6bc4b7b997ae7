"""Probes of operations that move values: reshape, concatenate, pad, slice."""

from collections.abc import Iterator

import numpy as np

from harness.probe import TYPES, Probe, i32, inputs


def shape_probes() -> Iterator[Probe]:
    """Yield the probes of operations that move values."""
    for dtype in TYPES:
        for kind, x in inputs(dtype):
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
