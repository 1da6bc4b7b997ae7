"""Which operations TensorFlow.js 4.22 computes correctly, and on which backends.

`make docs-tfjs-operations` writes the table `operations.csv`: it runs each operation on each
backend and in TensorFlow. A cell has the ranks, such as `0-6`, for which the backend is correct for
ordinary inputs: not empty, finite, and without large integers. An empty cell means that the
operation fails or computes wrong numbers.
"""

import csv
import functools
import importlib.resources
import re
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.core.framework import graph_pb2, types_pb2

from keras_tfjs import BACKENDS
from keras_tfjs.graph_splicing import subgraphs

_TYPES = {
    types_pb2.DT_INVALID,  # the value of attributes that are not types
    *(types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_INT64),
    *(types_pb2.DT_BOOL, types_pb2.DT_STRING),
}
_TYPE_ATTRIBUTES = ("T", "Tparams", "dtype", "Tidx", "index_type")
_DEEPEST_RANK = 4  # used for an unknown rank
# The executor of TensorFlow.js runs these operations without a backend.
_SAME_EVERYWHERE = {
    *("Const", "NoOp", "Placeholder", "PlaceholderWithDefault"),
    *("If", "StatelessIf", "While", "StatelessWhile"),
    *("HashTableV2", "LookupTableFindV2", "LookupTableSizeV2"),
}
_OF_STRINGS = {"ExpandDims", "Identity", "Reshape", "Shape", "Squeeze"}  # move no data


def supported_backends(operation: str, dtype: str, rank: int | None) -> list[str]:
    """Return the backends that compute an operation correctly.

    Args:
      dtype: the result of `dtype_of`.
      rank: the highest rank of an input or output; None if it is unknown.
    """
    if operation in _SAME_EVERYWHERE or (dtype == "string" and operation in _OF_STRINGS):
        return list(BACKENDS)
    cells = _table().get((operation, dtype), {})
    highest = max((ranks.stop - 1 for ranks in cells.values()), default=0)
    wanted = min(_DEEPEST_RANK, highest) if rank is None else rank
    # Ranks below a cell's lowest were not measured; they are accepted.
    return [name for name in BACKENDS if wanted < cells.get(name, range(0)).stop]


def backend_errors(graph: graph_pb2.GraphDef) -> dict[str, str]:
    """Return, for each backend, why it cannot run a graph; "" if it can.

    A reason begins with the name of the first node that fails.

    Raises:
      ValueError: a node computes wrong numbers on every backend.
    """
    errors = dict.fromkeys(BACKENDS, "")
    for subgraph in subgraphs(graph):
        for node, operation in subgraph.operations():
            for difference in differences(operation):
                raise ValueError(f"{node.name} ({node.op}): {difference}")
            dtype, rank = dtype_of(operation), rank_of(operation)
            supported = supported_backends(node.op, dtype, rank)
            for backend in BACKENDS:
                if backend not in supported and not errors[backend]:
                    errors[backend] = f"{node.name}: {_reason(node.op, dtype, rank, backend)}"
    return errors


def _reason(operation: str, dtype: str, rank: int | None, backend: str) -> str:
    rows = [cells for (name, _), cells in _table().items() if name == operation]
    if not rows:
        return f"TensorFlow.js cannot run the operation {operation}"
    if not any(cells.get(backend) for cells in rows):
        return f"the backend {backend} cannot run the operation {operation}"
    return f"the backend {backend} cannot run the operation {operation} of {dtype} and rank {rank}"


def differences(operation: tf.Operation) -> Iterator[str]:
    """Yield why TensorFlow.js differs from TensorFlow on every backend."""
    kind, attributes = operation.type, operation.node_def.attr
    for value in attributes.values():
        for dtype in (value.type, *value.list.type):
            if dtype not in _TYPES:
                yield f"TensorFlow.js has no {types_pb2.DataType.Name(dtype)}"
    if kind.startswith("FusedBatchNorm") and attributes["is_training"].b:
        yield "it normalizes by the batch, as in training"
    if kind == "Mean" and attributes["T"].type != types_pb2.DT_FLOAT:
        yield "the mean of integers is not rounded in TensorFlow.js"
    if kind == "UniqueV2" and operation.inputs[0].shape.rank != 1:
        yield "TensorFlow.js has unique for vectors only; flatten the input"


def dtype_of(operation: tf.Operation) -> str:
    """Return an operation's dtype, as the table names it."""
    if operation.type == "Cast":
        kinds = [operation.get_attr(name) for name in ("SrcT", "DstT")]
        return " to ".join(_name(kind) for kind in kinds)
    if operation.type == "StridedSlice":
        steps = tf.get_static_value(operation.inputs[3])
        in_steps = steps is None or any(step != 1 for step in steps.ravel())
        return _name(operation.get_attr("T")) + (" in steps" if in_steps else "")
    attributes = {item.name for item in operation.op_def.attr if item.type == "type"}
    for name in _TYPE_ATTRIBUTES:
        if name in attributes:
            return _name(operation.get_attr(name))
    tensors = [*operation.inputs, *operation.outputs]
    return _name(tensors[0].dtype) if tensors else ""


def _name(dtype: tf.DType) -> str:
    return "int32" if dtype == tf.int64 else dtype.name.removesuffix("_ref")


def rank_of(operation: tf.Operation) -> int | None:
    """Return the highest rank of an operation's inputs and outputs; None if it is unknown."""
    inputs = [tensor.shape.rank for tensor in operation.inputs]
    outputs = [tensor.shape.rank for tensor in operation.outputs[:1]]  # the others are for training
    return None if None in inputs + outputs else max(inputs + outputs, default=0)


@functools.cache
def _table() -> dict[tuple[str, str], dict[str, range]]:
    text = importlib.resources.files("keras_tfjs").joinpath("operations.csv").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        (row["operation"], row["dtype"]): {name: _ranks(row[name]) for name in BACKENDS}
        for row in csv.DictReader(lines)
    }


def _ranks(cell: str) -> range:
    found = re.fullmatch(r"(\d)-(\d)", cell)
    return range(int(found[1]), int(found[2]) + 1) if found else range(0)
