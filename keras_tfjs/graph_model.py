"""Writes functions, Keras models and SavedModels as graph models (`tf.loadGraphModel`).

The function is frozen: variables become constants, and unused operations are pruned.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.framework import graph_pb2, types_pb2

from keras_tfjs import BACKENDS
from keras_tfjs.graph_constants import OUTPUTS, extract_constants, fill_placeholders
from keras_tfjs.graph_rewrites import rewrite
from keras_tfjs.graph_types import doubles_to_floats, integers_to_32_bits, node_lists
from keras_tfjs.layer_config import JS_NAME, Entry
from keras_tfjs.lookup_tables import extract_tables
from keras_tfjs.operations import backend_errors
from keras_tfjs.private_apis import freeze, optimize
from keras_tfjs.tracing import concrete_function, input_specs
from keras_tfjs.weights import write_model_files

# Without `remap`, because the wasm backend computes fused products wrongly.
_PASSES = ["pruning", "constfold", "arithmetic", "dependency"]


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
        directory of a SavedModel. The names of the inputs are those of their `tf.TensorSpec`. The
        names of the outputs are the keys of the returned dict.
      path: a directory; `model.json` and the weights are written into it.
      signature: the name of the SavedModel's signature.
      metadata: TensorFlow.js loads it as `model.metadata`.
      quantize: how to store weights in fewer bits, as for `layers_model.save`.
      backends: backends that must run the model: cpu, wasm, webgl, tensorflow (tfjs-node).

    Returns:
      The backends that run the model correctly.

    float64 becomes float32, and int64 becomes int32, so integers must stay below 2**31.

    Raises:
      ValueError: there is no signature; TensorFlow.js lacks a type; or an operation runs correctly
        on no backend, or not on each of `backends`. `save` then writes nothing.
    """
    function = concrete_function(source, signature)
    graph, weights = freeze(function)
    initializer = extract_tables(graph, function)
    graph_signature = _name_outputs(graph, function)
    doubles_to_floats(graph)
    kept = [tensor["name"] for group in graph_signature.values() for tensor in group.values()]
    graph = optimize(graph, kept, _PASSES)
    rewrite(graph)
    graph = optimize(graph, kept, _PASSES)
    supported = _check_backends(graph, backends)
    write_graph(
        graph, path, graph_signature, initializer=initializer, weights=weights, metadata=metadata,
        quantize=quantize,
    )  # fmt: skip
    return supported


def write_graph(
    graph: graph_pb2.GraphDef,
    path: str | Path,
    graph_signature: Entry,
    *,
    initializer: graph_pb2.GraphDef | None = None,
    weights: dict[str, np.ndarray] | None = None,
    metadata: Entry | None = None,
    quantize: str | None = None,
) -> None:
    """Write a frozen graph without changing its operations.

    Args:
      graph_signature: the names, dtypes and shapes of inputs and outputs.
      initializer: the graph that fills the lookup tables.
      weights: large weights, by the names of their placeholders.
    """
    initializer = initializer or graph_pb2.GraphDef()
    for part in (graph, initializer):
        integers_to_32_bits(part)
    weights = weights or {}
    weights = {node.name: weights[node.name] for node in graph.node if node.name in weights}
    constants: dict[str, np.ndarray] = {}
    for prefix, nodes, results in (*node_lists(graph), *node_lists(initializer)):
        constants |= extract_constants(prefix, nodes, results)
    fill_placeholders(graph, weights)
    content = {
        "format": "graph-model",
        "generatedBy": f"TensorFlow {tf.__version__}",
        "convertedBy": "keras_tfjs",
        "signature": graph_signature,
        "modelTopology": MessageToDict(graph),
        # With structuredOutputKeys, predict() returns an object with the outputs' names.
        "userDefinedMetadata": {
            **(metadata or {}),
            "structuredOutputKeys": list(graph_signature["outputs"]),
        },
    }
    if initializer.node:
        content["modelInitializer"] = MessageToDict(initializer)
    write_model_files(path, content, (constants | weights).items(), quantize)


def _name_outputs(graph: graph_pb2.GraphDef, function: Any) -> Entry:
    """Give each output its own node, and return the signature."""
    specs = input_specs(function)
    results = function.structured_outputs
    names = sorted(results) if isinstance(results, dict) else None
    names = names or [f"output_{i}" for i, _ in enumerate(function.outputs)]
    inputs = function.inputs[: len(function.inputs) - len(function.captured_inputs)]
    given = [spec.name for spec in specs]
    for kind, found, count in (("in", given, inputs), ("out", names, function.outputs)):
        right = all(isinstance(name, str) and JS_NAME.fullmatch(name) for name in found)
        if not right or len(set(found)) < len(found) or len(found) != len(count):
            raise ValueError(
                f"each {kind}put needs a unique name of letters, digits, '-', '_' and '.': {found}"
            )
    described = {
        spec.name: _describe(tensor.op.name, tensor)
        for spec, tensor in zip(specs, inputs, strict=True)
    }
    outputs = {}
    for name, tensor in zip(names, function.outputs, strict=True):
        node = graph.node.add(op="Identity", name=f"{OUTPUTS}{name}", input=[tensor.name])
        node.attr["T"].type = tensor.dtype.as_datatype_enum
        outputs[name] = _describe(node.name, tensor)
    return {"inputs": described, "outputs": outputs}


def _describe(name: str, tensor: Any) -> Entry:
    if tensor.shape.rank is None:
        raise ValueError(f"the rank of {name} is unknown: give its tf.TensorSpec a shape")
    dtype = {tf.int64: tf.int32, tf.float64: tf.float32}.get(tensor.dtype, tensor.dtype)
    sizes = [-1 if size is None else size for size in tensor.shape]
    shape = {"dim": [{"size": str(size)} for size in sizes]}
    enum = types_pb2.DataType.Name(dtype.as_datatype_enum)
    return {"name": f"{name}:0", "dtype": enum, "tensorShape": shape}


def _check_backends(graph: graph_pb2.GraphDef, demanded: Sequence[str]) -> list[str]:
    """Return the backends that run a graph correctly.

    Raises:
      ValueError: no backend runs the graph, or a demanded backend does not.
    """
    for backend in demanded:
        if backend not in BACKENDS:
            raise ValueError(f"there is no backend {backend}, only {', '.join(BACKENDS)}")
    errors = backend_errors(graph)
    supported = [backend for backend in BACKENDS if not errors[backend]]
    missing = [backend for backend in demanded or BACKENDS if errors[backend]]
    if missing and (demanded or not supported):
        raise ValueError(errors[missing[0]])
    return supported
