"""Replaces 64-bit types by 32-bit types, because TensorFlow.js has no 64-bit types."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, types_pb2


def node_lists(graph: graph_pb2.GraphDef) -> Iterator[tuple[str, Any, Any]]:
    """Yield name prefix, nodes and return values of the graph and of each library function."""
    yield "", graph.node, {}
    for function in graph.library.function:
        yield f"{function.signature.name}/", function.node_def, function.ret


def doubles_to_floats(graph: graph_pb2.GraphDef) -> None:
    """Replace float64 by float32.

    Raises:
      ValueError: a constant has a number that is too large for float32.
    """
    _narrow(graph, types_pb2.DT_DOUBLE, types_pb2.DT_FLOAT, _to_float32)


def integers_to_32_bits(graph: graph_pb2.GraphDef) -> None:
    """Replace int64 by int32. TensorFlow may be unable to load the result.

    Raises:
      ValueError: a constant has an integer that is too large for int32.
    """
    _narrow(graph, types_pb2.DT_INT64, types_pb2.DT_INT32, _to_int32)


def _narrow(graph: graph_pb2.GraphDef, old: int, new: int, convert: Any) -> None:
    for _, nodes, _ in node_lists(graph):
        for node in nodes:
            if node.op == "Const" and node.attr["dtype"].type == old:
                value = convert(node.name, tf.make_ndarray(node.attr["value"].tensor))
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
            for attribute in node.attr.values():
                if attribute.type == old:
                    attribute.type = new
                for index, dtype in enumerate(attribute.list.type):
                    if dtype == old:
                        attribute.list.type[index] = new
    for function in graph.library.function:
        for argument in (*function.signature.input_arg, *function.signature.output_arg):
            if argument.type == old:
                argument.type = new


def _to_float32(name: str, value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        narrow = value.astype(np.float32)
    if np.isinf(narrow).sum() > np.isinf(value).sum():
        raise ValueError(f"{name}: TensorFlow.js has no numbers as large as {abs(value).max():.3g}")
    return narrow


def _to_int32(name: str, value: np.ndarray) -> np.ndarray:
    narrow = value.astype(np.int32)
    if not np.array_equal(narrow, value):
        raise ValueError(f"{name}: TensorFlow.js has no integers as large as {abs(value).max()}")
    return narrow
