"""Moves the constants of a graph into its weights, and stores equal constants once."""

import hashlib
from collections.abc import Collection
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, tensor_pb2

OUTPUTS = "outputs/"  # prefix of the names of output nodes


def extract_constants(prefix: str, nodes: Any, results: Any) -> dict[str, np.ndarray]:
    """Move constants out of nodes, and keep one of several equal constants.

    Constants of a library function get the prefix, because TensorFlow.js has one namespace for the
    constants of all functions. An output that was folded to a constant keeps its own constant.
    """
    weights: dict[str, np.ndarray] = {}
    names: dict[Any, str] = {}  # names of constants, by dtype, shape and content
    renamed: dict[str, str] = {}
    kept = []
    for node in nodes:
        if node.op != "Const":
            kept.append(node)
            continue
        value = tf.make_ndarray(node.attr["value"].tensor)
        content = str(value.tolist()).encode() if value.dtype == object else value.tobytes()
        own = node.name if node.name.startswith(OUTPUTS) else ""
        held = (value.dtype.str, value.shape, hashlib.sha256(content).digest(), own)
        name = names.setdefault(held, f"{prefix}{node.name}")
        renamed[node.name] = name
        if name in weights:
            continue
        weights[name] = value
        kept.append(node)
        node.name = name
        shape = tf.TensorShape(value.shape).as_proto()
        empty = tensor_pb2.TensorProto(dtype=node.attr["dtype"].type, tensor_shape=shape)
        node.attr["value"].tensor.CopyFrom(empty)
    del nodes[:]
    nodes.extend(kept)
    for node in nodes:
        for index, source in enumerate(node.input):
            node.input[index] = _renamed(source, renamed)
    for result, source in dict(results).items():  # a copy, because the loop changes `results`
        results[result] = _renamed(source, renamed)
    return weights


def fill_placeholders(graph: graph_pb2.GraphDef, weights: Collection[str]) -> None:
    """Turn the placeholders of large weights into constants."""
    for node in graph.node:
        if node.name in weights:
            empty = tensor_pb2.TensorProto(
                dtype=node.attr["dtype"].type, tensor_shape=node.attr.pop("shape").shape
            )
            node.op = "Const"
            node.attr["value"].tensor.CopyFrom(empty)


def _renamed(source: str, renamed: dict[str, str]) -> str:
    """Return a reference such as `x:0` or `^x` with the node's new name."""
    control = "^" if source.startswith("^") else ""
    name, colon, output = source.removeprefix("^").partition(":")
    return f"{control}{renamed.get(name, name)}{colon}{output}"
