"""Lookup tables of graph models, such as those of StringLookup and IntegerLookup.

TensorFlow.js fills the tables in a second graph, the initializer, before the first call. A table
node in the model and a table node of the same name in the initializer are the same table.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, types_pb2

_FIND = "LookupTableFindV2"


def extract_tables(graph: graph_pb2.GraphDef, function: Any) -> graph_pb2.GraphDef:
    """Replace the table handles of a frozen graph by table nodes.

    Args:
      graph: the frozen graph, changed in place.
      function: the concrete function, which holds the tables.

    Returns:
      The initializer graph, with the keys and values as constants; empty if there are no tables.
    """
    initializer = graph_pb2.GraphDef()
    handles = {inner.op.name: outer for outer, inner in function.graph.captures}
    nodes = {node.name: node for node in graph.node}
    for find in [node for node in graph.node if node.op == _FIND]:
        table = nodes[find.input[0].partition(":")[0]]
        if table.op == "Placeholder":
            key_type, value_type = find.attr["Tin"].type, find.attr["Tout"].type
            keys, values = tf.raw_ops.LookupTableExportV2(
                table_handle=handles[table.name], Tkeys=key_type, Tvalues=value_type
            )
            _make_table(table, key_type, value_type)
            _add_import(initializer, table, keys.numpy(), values.numpy())
        _keep_shape(graph, find)
    return initializer


def _make_table(node: Any, key_type: int, value_type: int) -> None:
    """Turn the placeholder of a table into a table node."""
    node.op = "HashTableV2"
    node.attr.clear()
    node.attr["key_dtype"].type = key_type
    node.attr["value_dtype"].type = value_type


def _add_import(
    initializer: graph_pb2.GraphDef, table: Any, keys: np.ndarray, values: np.ndarray
) -> None:
    """Add the import of keys and values to the initializer graph."""
    initializer.node.add().CopyFrom(table)
    inputs = [table.name]
    for part, content in (("keys", keys), ("values", values)):
        node = initializer.node.add(op="Const", name=f"{table.name}/{part}")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(content))
        node.attr["dtype"].type = node.attr["value"].tensor.dtype
        inputs.append(node.name)
    fill = initializer.node.add(op="LookupTableImportV2", name=f"{table.name}/import", input=inputs)
    fill.attr["Tin"].type = table.attr["key_dtype"].type
    fill.attr["Tout"].type = table.attr["value_dtype"].type


def _keep_shape(graph: graph_pb2.GraphDef, find: Any) -> None:
    """Reshape the found values to the shape of the keys, because TensorFlow.js returns a vector."""
    name, keys = find.name, find.input[1]
    flat, shape = f"{name}/flat", f"{name}/shape"
    size = graph.node.add(op="Shape", name=shape, input=[keys])
    size.attr["T"].type = find.attr["Tin"].type
    size.attr["out_type"].type = types_pb2.DT_INT32
    found = graph.node.add()
    found.CopyFrom(find)
    found.name = flat
    dtype = find.attr["Tout"].type
    find.Clear()
    find.op, find.name = "Reshape", name
    find.input.extend([flat, shape])
    find.attr["T"].type = dtype
    find.attr["Tshape"].type = types_pb2.DT_INT32
