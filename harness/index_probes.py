"""Probes of operations that select or scatter values by indices or conditions."""

import itertools
from collections.abc import Iterator

import numpy as np

from harness.probe import SHAPES, TYPES, Probe, i32, inputs, values


def index_probes() -> Iterator[Probe]:
    """Yield calls of the operations on indices."""
    for dtype in TYPES:
        for kind, x in inputs(dtype, range(1, 7)):
            yield from _selections(dtype, kind, x)
            if x.size:
                for depth in range(1, x.ndim + 1):
                    yield from _gathers_and_scatters(dtype, kind, x, depth)
        scalar = values(dtype, ())
        opposite = ~scalar if dtype == "bool" else -scalar
        yield Probe("SelectV2", {"condition": np.array(True), "t": scalar, "e": opposite})
    yield from _one_hots()
    for dtype in ("float32", "int32"):
        yield from _searches_and_counts(dtype)


def _selections(dtype: str, kind: str, x: np.ndarray) -> Iterator[Probe]:
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


def _gathers_and_scatters(dtype: str, kind: str, x: np.ndarray, depth: int) -> Iterator[Probe]:
    indices = np.array([[0] * depth, [min(1, n - 1) for n in x.shape[:depth]]] * 2, np.int32)
    yield Probe("GatherNd", {"params": x, "indices": indices}, kind)
    yield Probe("GatherNd", {"params": x, "indices": indices[:, None]}, kind)
    unique = np.unique(indices, axis=0)
    updates = values(dtype, (len(unique), *x.shape[depth:]), 5)
    yield Probe("TensorScatterUpdate", {"tensor": x, "indices": unique, "updates": updates}, kind)
    if dtype != "bool":
        updates = values(dtype, (4, *x.shape[depth:]), 5)
        scatter = {"indices": indices, "updates": updates, "shape": i32(*x.shape)}
        yield Probe("ScatterNd", scatter, kind)


def _one_hots() -> Iterator[Probe]:
    places = ((-1, 0), (-1, 1), (-1, 2), (-1, 3), (0, 2), (1, 2))
    for dtype, (axis, rank) in itertools.product(TYPES, places):
        indices = values("int32", SHAPES[rank], among=[-1, 0, 1, 2, 3, 4, 5])
        depth = {"indices": indices, "depth": np.array(4, np.int32), "axis": axis}
        hot = {"on_value": np.array(1).astype(dtype), "off_value": np.array(0).astype(dtype)}
        yield Probe("OneHot", depth | hot)
        yield Probe("OneHot", depth | {"on_value": hot["off_value"], "off_value": hot["on_value"]})


def _searches_and_counts(dtype: str) -> Iterator[Probe]:
    x = values(dtype, (17,))
    yield Probe("Unique", {"x": x})
    yield Probe("UniqueV2", {"x": x, "axis": i32(0)})
    yield Probe("ListDiff", {"x": x, "y": x[:5]})
    ordered = {"sorted_inputs": np.sort(x)[None], "values": values(dtype, (1, 5), 3)}
    yield Probe("LowerBound", ordered)
    yield Probe("UpperBound", ordered)
    size, empty = np.array(6, np.int32), np.array([], dtype)
    counts = i32(0, 1, 1, 5, 9, 3)
    yield Probe("Bincount", {"arr": counts, "size": size, "weights": empty})
    weights = values(dtype, (3,))
    yield Probe("Bincount", {"arr": i32(0, 1, 1), "size": size, "weights": weights})
    for shape in ((6,), (2, 3)):
        weighings = [(empty, False), (empty, True), (values(dtype, shape), False)]
        for weights, binary in weighings:
            arguments = {"input": counts.reshape(shape), "size": size, "weights": weights}
            yield Probe("DenseBincount", arguments | {"binary_output": binary})
    sparse = {"sparse_indices": np.array([[0, 1], [2, 3]], np.int32), "output_shape": i32(3, 4)}
    given = {"sparse_values": values(dtype, (2,)), "default_value": np.array(1, dtype)}
    yield Probe("SparseToDense", sparse | given)
