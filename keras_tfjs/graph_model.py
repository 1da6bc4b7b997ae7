"""TensorFlow functions and SavedModels to TensorFlow.js graph models (`tf.loadGraphModel`).

The function is frozen: variables become constants, and what the outputs do not need is pruned.
"""

import importlib.resources
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.framework import graph_pb2, tensor_pb2, types_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

from keras_tfjs.graph_rewrites import rewrite
from keras_tfjs.layer_config import JS_NAME, Entry
from keras_tfjs.weights import write_model_files

# Not remapping: the fused product that it makes breaks the backend wasm.
_PASSES = ["pruning", "constfold", "arithmetic", "dependency"]
_TYPES = {
    types_pb2.DT_INVALID,  # of an attribute that is no type
    *(types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_INT64),
    *(types_pb2.DT_BOOL, types_pb2.DT_STRING),
}
_OUTPUTS = "outputs/"


def save(function_or_saved_model: Any, path: str | Path) -> None:
    """Write a frozen function for `tf.loadGraphModel`.

    Args:
      function_or_saved_model: a concrete function, a `tf.function` with an input signature, or the
        directory of a SavedModel, of which `serving_default` is taken. Inputs have the names of
        their `tf.TensorSpec`; outputs those of the dict that is returned.
      path: a directory; `model.json` and `weights.bin` are written into it.

    int64 becomes int32, so a sum or product must not leave its range.

    Raises:
      ValueError: there is no signature, or TensorFlow.js has not every operation and type in it.
        Nothing is written.
    """
    function = _concrete(function_or_saved_model)
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    graph, signature = _with_signature(frozen, function)
    fetches = [end["name"] for end in signature["outputs"].values()]
    graph = _optimized(graph, fetches)
    rewrite(graph)
    graph = _optimized(graph, fetches)
    _check_operations(graph)
    write_graph(graph, path, signature)


def write_graph(graph: graph_pb2.GraphDef, path: str | Path, signature: Entry) -> None:
    """Write a frozen graph as it is."""
    _shrink_integers(graph)
    weights: dict[str, np.ndarray] = {}
    for prefix, nodes, results in _parts(graph):
        weights |= _take_constants(prefix, nodes, results)
    content = {
        "format": "graph-model",
        "generatedBy": f"TensorFlow {tf.__version__}",
        "convertedBy": "keras_tfjs",
        "signature": signature,
        "modelTopology": MessageToDict(graph),
        # With these, predict() answers with an object whose keys are the outputs' names.
        "userDefinedMetadata": {"structuredOutputKeys": list(signature["outputs"])},
    }
    write_model_files(path, content, weights.items())


def function_of(model: keras.Model, output_names: Sequence[str] | None = None) -> Any:
    """Return a `tf.function` of a model that has a name for each input and output.

    Args:
      output_names: the names; by default `output_0` and so on. Inputs have those of their layers.
    """
    names = output_names or [f"output_{index}" for index, _ in enumerate(model.outputs)]
    inputs = [tf.TensorSpec(x.shape, x.dtype, x.name) for x in model.inputs]

    @tf.function(input_signature=inputs)
    def serving_default(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = model(list(values) if len(values) > 1 else values[0])
        return dict(zip(names, tf.nest.flatten(outputs), strict=True))

    return serving_default


def _concrete(source: Any) -> Any:
    if isinstance(source, str | Path):
        loaded = tf.saved_model.load(str(source))
        if "serving_default" not in loaded.signatures:
            raise ValueError(f"{source} has no signature serving_default")
        function = loaded.signatures["serving_default"]
        function.saved_model = loaded  # which holds the variables
        return function
    if hasattr(source, "get_concrete_function"):
        if source.input_signature is None:
            raise ValueError("the tf.function has no input_signature")
        return source.get_concrete_function()
    if not hasattr(source, "structured_input_signature"):
        raise ValueError(f"{source!r} is neither a tf.function nor the path of a SavedModel")
    return source


def _with_signature(frozen: Any, function: Any) -> tuple[graph_pb2.GraphDef, Entry]:
    """Give each output a node of its own, and name what goes in and out."""
    graph = frozen.graph.as_graph_def()
    specs = tf.nest.flatten(function.structured_input_signature)
    outputs = function.structured_outputs
    names = sorted(outputs) if isinstance(outputs, dict) else None
    names = names or [f"output_{i}" for i, _ in enumerate(frozen.outputs)]
    given = [spec.name for spec in specs]
    for kind, found, count in (("in", given, frozen.inputs), ("out", names, frozen.outputs)):
        right = all(isinstance(name, str) and JS_NAME.fullmatch(name) for name in found)
        if not right or len(set(found)) < len(found) or len(found) != len(count):
            raise ValueError(
                f"each {kind}put needs a name of its own, of letters and digits: {found}"
            )
    inputs = {
        spec.name: _describe(tensor.op.name, tensor)
        for spec, tensor in zip(specs, frozen.inputs, strict=True)
    }
    ends = {}
    for name, tensor in zip(names, frozen.outputs, strict=True):
        node = graph.node.add(op="Identity", name=f"{_OUTPUTS}{name}", input=[tensor.name])
        node.attr["T"].type = tensor.dtype.as_datatype_enum
        ends[name] = _describe(node.name, tensor)
    return graph, {"inputs": inputs, "outputs": ends}


def _describe(name: str, tensor: Any) -> Entry:
    dtype = tf.int32 if tensor.dtype == tf.int64 else tensor.dtype
    sizes = [-1 if size is None else size for size in tensor.shape]
    shape = {"dim": [{"size": str(size)} for size in sizes]}
    enum = types_pb2.DataType.Name(dtype.as_datatype_enum)
    return {"name": f"{name}:0", "dtype": enum, "tensorShape": shape}


def _optimized(graph: graph_pb2.GraphDef, fetches: Iterable[str]) -> graph_pb2.GraphDef:
    """Fold and prune the graph with TensorFlow's own optimizer."""
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers.extend(_PASSES)
    config.graph_options.rewrite_options.min_graph_nodes = -1  # small graphs too
    meta_graph = meta_graph_pb2.MetaGraphDef(graph_def=graph)
    meta_graph.collection_def["train_op"].node_list.value.extend(fetches)
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _parts(graph: graph_pb2.GraphDef) -> Iterator[tuple[str, Any, Any]]:
    """Yield the graph and each function that it calls: a prefix, the nodes, and what it returns."""
    yield "", graph.node, {}
    for function in graph.library.function:
        yield f"{function.signature.name}/", function.node_def, function.ret


def _check_operations(graph: graph_pb2.GraphDef) -> None:
    text = importlib.resources.files("keras_tfjs").joinpath("operations.txt").read_text()
    known = set(text.split())
    for _, nodes, _ in _parts(graph):
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


def _shrink_integers(graph: graph_pb2.GraphDef) -> None:
    """Let int32 stand for int64, which TensorFlow.js has not."""
    for _, nodes, _ in _parts(graph):
        for node in nodes:
            for value in node.attr.values():
                if value.type == types_pb2.DT_INT64:
                    value.type = types_pb2.DT_INT32
                for index, kind in enumerate(value.list.type):
                    if kind == types_pb2.DT_INT64:
                        value.list.type[index] = types_pb2.DT_INT32
    for function in graph.library.function:
        for argument in (*function.signature.input_arg, *function.signature.output_arg):
            if argument.type == types_pb2.DT_INT64:
                argument.type = types_pb2.DT_INT32


def _take_constants(prefix: str, nodes: Any, results: Any) -> dict[str, np.ndarray]:
    """Move constants out of nodes; of equal ones, one is left.

    In a library function they get the prefix, for TensorFlow.js keeps the constants of all
    functions in one place. An output that was folded to a constant keeps its own.
    """
    weights: dict[str, np.ndarray] = {}
    names: dict[Any, str] = {}  # of constants by what they hold
    renamed: dict[str, str] = {}
    for node in [node for node in nodes if node.op == "Const"]:
        value = _integers_checked(node.name, tf.make_ndarray(node.attr["value"].tensor))
        content = str(value.tolist()) if value.dtype == object else value.tobytes()
        own = node.name if node.name.startswith(_OUTPUTS) else ""
        held = (value.dtype.str, value.shape, content, own)
        name = names.setdefault(held, f"{prefix}{node.name}")
        renamed[node.name] = name
        if name in weights:
            nodes.remove(node)
            continue
        weights[name] = value
        node.name = name
        shape = tf.TensorShape(value.shape).as_proto()
        empty = tensor_pb2.TensorProto(dtype=node.attr["dtype"].type, tensor_shape=shape)
        node.attr["value"].tensor.CopyFrom(empty)
    for node in nodes:
        for index, source in enumerate(node.input):
            node.input[index] = _renamed(source, renamed)
    for result, source in results.items():
        results[result] = _renamed(source, renamed)
    return weights


def _renamed(source: str, renamed: dict[str, str]) -> str:
    """Return a reference to a node's output, such as `x:0` or `^x`, by the node's new name."""
    control = "^" if source.startswith("^") else ""
    name, colon, output = source.removeprefix("^").partition(":")
    return f"{control}{renamed.get(name, name)}{colon}{output}"


def _integers_checked(name: str, value: np.ndarray) -> np.ndarray:
    if value.dtype != np.int64:
        return value
    small = value.astype(np.int32)
    if not np.array_equal(small, value):
        raise ValueError(f"{name}: TensorFlow.js has no integers as large as {abs(value).max()}")
    return small
