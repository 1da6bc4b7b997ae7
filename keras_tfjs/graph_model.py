"""Functions, models and SavedModels to TensorFlow.js graph models (`tf.loadGraphModel`).

The function is frozen: variables become constants, and what the outputs do not need is pruned.
"""

import hashlib
import importlib.resources
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.framework import graph_pb2, tensor_pb2, types_pb2

from keras_tfjs.graph_rewrites import rewrite
from keras_tfjs.graph_types import doubles_to_floats, integers_to_32_bits, parts
from keras_tfjs.layer_config import JS_NAME, Entry
from keras_tfjs.lookup_tables import take_tables
from keras_tfjs.private_apis import freeze, optimize
from keras_tfjs.tracing import concrete_function
from keras_tfjs.weights import write_model_files

# Not remapping, because the wasm backend computes the fused products wrongly.
_PASSES = ["pruning", "constfold", "arithmetic", "dependency"]
_TYPES = {
    types_pb2.DT_INVALID,  # of an attribute that is no type
    *(types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_INT64),
    *(types_pb2.DT_BOOL, types_pb2.DT_STRING),
}
_OUTPUTS = "outputs/"


def save(
    source: Any,
    path: str | Path,
    *,
    signature: str = "serving_default",
    backends: Sequence[str] = (),
    metadata: Entry | None = None,
    quantize: str | None = None,
) -> list[str]:
    """Write a frozen function for `tf.loadGraphModel`.

    Args:
      source: a Keras model, a `tf.function` with an input signature, a concrete function, or the
        directory of a SavedModel. Inputs have the names of their `tf.TensorSpec`; outputs those of
        the dict that is returned.
      path: a directory; `model.json` and the weights are written into it.
      signature: the name of the SavedModel's signature.
      metadata: what TensorFlow.js has as `model.metadata`.
      quantize: how to store weights in fewer bits, as for `layers_model.save`.

    float64 becomes float32, and int64 becomes int32, so a sum or product must not leave its range.

    Raises:
      ValueError: there is no signature, or TensorFlow.js lacks an operation or a type. Nothing is
        written.
    """
    function = concrete_function(source, signature)
    graph, weights = freeze(function)
    initializer = take_tables(graph, function)
    ends = _name_ends(graph, function)
    doubles_to_floats(graph)
    kept = [end["name"] for group in ends.values() for end in group.values()]
    graph = optimize(graph, kept, _PASSES)
    rewrite(graph)
    graph = optimize(graph, kept, _PASSES)
    _check_operations(graph)
    for part in (graph, initializer):
        integers_to_32_bits(part)
    weights = {node.name: weights[node.name] for node in graph.node if node.name in weights}
    constants: dict[str, np.ndarray] = {}
    for prefix, nodes, results in (*parts(graph), *parts(initializer)):
        constants |= _take_constants(prefix, nodes, results)
    _fill_placeholders(graph, weights)
    content = {
        "format": "graph-model",
        "generatedBy": f"TensorFlow {tf.__version__}",
        "convertedBy": "keras_tfjs",
        "signature": ends,
        "modelTopology": MessageToDict(graph),
        # With these, predict() answers with an object whose keys are the outputs' names.
        "userDefinedMetadata": {
            **(metadata or {}),
            "structuredOutputKeys": list(ends["outputs"]),
        },
    }
    if initializer.node:
        content["modelInitializer"] = MessageToDict(initializer)
    write_model_files(path, content, (constants | weights).items(), quantize)
    return ["cpu", "wasm", "webgl", "tensorflow"]


def _name_ends(graph: graph_pb2.GraphDef, function: Any) -> Entry:
    """Give each output a node of its own, and return the names of what goes in and out."""
    specs = tf.nest.flatten(function.structured_input_signature)
    results = function.structured_outputs
    names = sorted(results) if isinstance(results, dict) else None
    names = names or [f"output_{i}" for i, _ in enumerate(function.outputs)]
    inputs = function.inputs[: len(function.inputs) - len(function.captured_inputs)]
    given = [spec.name for spec in specs]
    for kind, found, count in (("in", given, inputs), ("out", names, function.outputs)):
        right = all(isinstance(name, str) and JS_NAME.fullmatch(name) for name in found)
        if not right or len(set(found)) < len(found) or len(found) != len(count):
            raise ValueError(
                f"each {kind}put needs a name of its own, of letters and digits: {found}"
            )
    described = {
        spec.name: _describe(tensor.op.name, tensor)
        for spec, tensor in zip(specs, inputs, strict=True)
    }
    outputs = {}
    for name, tensor in zip(names, function.outputs, strict=True):
        node = graph.node.add(op="Identity", name=f"{_OUTPUTS}{name}", input=[tensor.name])
        node.attr["T"].type = tensor.dtype.as_datatype_enum
        outputs[name] = _describe(node.name, tensor)
    return {"inputs": described, "outputs": outputs}


def _describe(name: str, tensor: Any) -> Entry:
    dtype = {tf.int64: tf.int32, tf.float64: tf.float32}.get(tensor.dtype, tensor.dtype)
    sizes = [-1 if size is None else size for size in tensor.shape]
    shape = {"dim": [{"size": str(size)} for size in sizes]}
    enum = types_pb2.DataType.Name(dtype.as_datatype_enum)
    return {"name": f"{name}:0", "dtype": enum, "tensorShape": shape}


def _check_operations(graph: graph_pb2.GraphDef) -> None:
    text = importlib.resources.files("keras_tfjs").joinpath("operations.txt").read_text()
    known = set(text.split())
    for _, nodes, _ in parts(graph):
        for node in nodes:
            if node.op not in known:
                raise ValueError(f"{node.name}: TensorFlow.js cannot run the operation {node.op}")
            for reason in _differences(node):
                raise ValueError(f"{node.name} ({node.op}): {reason}")


def _differences(node: Any) -> Iterator[str]:
    """Yield why TensorFlow.js would compute something else than TensorFlow."""
    attributes = node.attr
    for value in attributes.values():
        for kind in (value.type, *value.list.type):
            if kind not in _TYPES:
                yield f"TensorFlow.js has no {types_pb2.DataType.Name(kind)}"
    if node.op.startswith("FusedBatchNorm") and attributes["is_training"].b:
        yield "it normalizes by the batch, as in training"
    if node.op == "Mean" and attributes["T"].type != types_pb2.DT_FLOAT:
        yield "the mean of integers is not rounded in TensorFlow.js"
    if node.op == "OneHot" and attributes["T"].type == types_pb2.DT_FLOAT:
        yield (
            "on the backend wasm one_hot gives zeros for float32; use "
            "tf.cast(tf.one_hot(..., dtype=tf.int32), tf.float32)"
        )
    if node.op == "OneHot" and attributes["axis"].i != -1:
        yield "TensorFlow.js puts one-hot vectors along the last axis only"


def _take_constants(prefix: str, nodes: Any, results: Any) -> dict[str, np.ndarray]:
    """Move constants out of nodes; of equal ones, one is left.

    In a library function they get the prefix, for TensorFlow.js keeps the constants of all
    functions in one place. An output that was folded to a constant keeps its own.
    """
    weights: dict[str, np.ndarray] = {}
    names: dict[Any, str] = {}  # of constants by what they hold
    renamed: dict[str, str] = {}
    kept = []
    for node in nodes:
        if node.op != "Const":
            kept.append(node)
            continue
        value = tf.make_ndarray(node.attr["value"].tensor)
        content = str(value.tolist()).encode() if value.dtype == object else value.tobytes()
        own = node.name if node.name.startswith(_OUTPUTS) else ""
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
    for result, source in results.items():
        results[result] = _renamed(source, renamed)
    return weights


def _fill_placeholders(graph: graph_pb2.GraphDef, weights: Collection[str]) -> None:
    """Make constants of the placeholders that stand for large weights."""
    for node in graph.node:
        if node.name in weights:
            empty = tensor_pb2.TensorProto(
                dtype=node.attr["dtype"].type, tensor_shape=node.attr.pop("shape").shape
            )
            node.op = "Const"
            node.attr["value"].tensor.CopyFrom(empty)


def _renamed(source: str, renamed: dict[str, str]) -> str:
    """Return a reference to a node's output, such as `x:0` or `^x`, by the node's new name."""
    control = "^" if source.startswith("^") else ""
    name, colon, output = source.removeprefix("^").partition(":")
    return f"{control}{renamed.get(name, name)}{colon}{output}"
