"""Compares the outputs of a written model with those of the original, on random inputs."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_tfjs import quantization, weights

_BATCH = 2
_LARGE = 1000  # number of values in a weight
_SIZE = 32  # for unknown dimensions; large enough for networks that halve images several times

Arrays = dict[str, np.ndarray]


class Reference(NamedTuple):
    """Random inputs, and a model's outputs for them.

    Attributes:
      inputs: by name, in the model's order.
      outputs: by name; the names of a layers model's outputs are numbers.
    """

    inputs: Arrays
    outputs: Arrays


class NotComparableError(Exception):
    """The outputs of a model cannot be compared; the message says why."""


def reference_of_model(model: keras.Model) -> Reference:
    """Run a functional or Sequential model.

    Raises:
      NotComparableError: the outputs are random.
    """
    inputs = {x.name: _draw(x.shape, x.dtype) for x in model.inputs}
    return _reference(inputs, lambda: run_model(model, inputs))


def run_model(model: keras.Model, inputs: Arrays) -> Arrays:
    """Return the outputs of a functional or Sequential model, by number."""
    given = list(inputs.values())
    outputs = keras.tree.flatten(model(given if len(given) > 1 else given[0]))
    return {str(i): keras.ops.convert_to_numpy(value) for i, value in enumerate(outputs)}


def quantized_copy(model: keras.Model, quantize: str) -> keras.Model:
    """Return a copy of a model with quantized weights.

    Args:
      quantize: as for `layers_model.save`; globs match the weights' paths in Keras.
    """
    rules = quantization.parse_rules(quantize)
    copy = keras.models.clone_model(model)
    values = []
    for weight in model.weights:
        value = keras.ops.convert_to_numpy(weight)
        if found := quantization.spec_for(rules, weight.path, value):
            stored = np.concatenate(list(quantization.quantized(value, found)))
            value = quantization.dequantized(stored, found, value.dtype).reshape(value.shape)
        values.append(value)
    copy.set_weights(values)
    return copy


def reference_of_function(function: Any) -> Reference:
    """Run a concrete function of TensorFlow.

    Raises:
      NotComparableError: the outputs are random, or inputs or outputs are strings.
    """
    import tensorflow as tf

    from keras_tfjs.tracing import input_specs

    specs, by_name = input_specs(function), function.structured_input_signature[1]
    inputs = {spec.name: _draw(spec.shape, spec.dtype.name) for spec in specs}

    def run() -> Arrays:
        tensors = {spec.name: tf.constant(inputs[spec.name], spec.dtype) for spec in specs}
        results = function(**tensors) if by_name else function(*tensors.values())
        if not isinstance(results, dict):
            results = {f"output_{i}": value for i, value in enumerate(tf.nest.flatten(results))}
        if any(value.dtype == tf.string for value in results.values()):
            raise NotComparableError("the model's outputs are strings")
        return {name: value.numpy() for name, value in results.items()}

    return _reference(inputs, run)


def _reference(inputs: Arrays, run: Callable[[], Arrays]) -> Reference:
    outputs = run()
    if largest_difference(outputs, run()):
        raise NotComparableError("the model's outputs are random")
    return Reference(inputs, outputs)


def run_graph_model(directory: Path, inputs: Arrays) -> Arrays:
    """Run the graph model in a directory with TensorFlow.

    Raises:
      NotComparableError: TensorFlow cannot run the graph, for example because an operation lacks
        int32.
    """
    import tensorflow as tf
    from google.protobuf.json_format import ParseDict
    from tensorflow.core.framework import graph_pb2

    content = json.loads((directory / weights.MODEL_FILE).read_text(encoding="utf-8"))
    graph = ParseDict(content["modelTopology"], graph_pb2.GraphDef())
    signature = content["signature"]
    try:
        values = weights.read_weights(directory, content["weightsManifest"])
        fed = _load_constants(graph, values)
        wrapped = tf.compat.v1.wrap_function(
            lambda: tf.graph_util.import_graph_def(graph, name=""), []
        )
        find = wrapped.graph.get_tensor_by_name
        feeds = [find(tensor["name"]) for tensor in signature["inputs"].values()]
        fetches = {name: find(tensor["name"]) for name, tensor in signature["outputs"].items()}
        run = wrapped.prune([*feeds, *(find(f"{name}:0") for name in fed)], fetches)
        given = [inputs[name] for name in signature["inputs"]]
        tensors = [tf.constant(value, feed.dtype) for value, feed in zip(given, feeds, strict=True)]
        outputs = run(*tensors, *(tf.constant(values[name]) for name in fed))
        return {name: value.numpy() for name, value in outputs.items()}
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise NotComparableError(str(error).splitlines()[0]) from None


def _load_constants(graph: Any, values: Arrays) -> list[str]:
    """Put small weights into a graph, and placeholders for large ones, which saves memory.

    Returns:
      The names of the placeholders to feed.
    """
    import tensorflow as tf

    from keras_tfjs.graph_types import node_lists

    fed = []
    for function, nodes, _ in node_lists(graph):
        for node in [node for node in nodes if node.name in values and node.op == "Const"]:
            if values[node.name].size > _LARGE and not function:
                fed.append(node.name)
                node.op = "Placeholder"
                del node.attr["value"]
            else:
                tensor = tf.make_tensor_proto(values[node.name])
                node.attr["value"].tensor.CopyFrom(tensor)
    return fed


def _draw(shape: Sequence[int | None], dtype: str) -> np.ndarray:
    """Return random inputs that most models accept: floats from 0 to 1, integers 0 and 1."""
    if getattr(shape, "rank", 0) is None:
        raise NotComparableError("an input has no rank")
    sizes = [size or (_SIZE if axis else _BATCH) for axis, size in enumerate(shape)]
    rng = np.random.default_rng(math.prod(sizes))
    if dtype == "string":
        raise NotComparableError("the model's inputs are strings")
    if dtype.startswith(("float", "bfloat")):
        return rng.uniform(size=sizes).astype(np.float32)
    return rng.integers(0, 2, sizes).astype(bool if dtype == "bool" else np.int32)


def largest_difference(first: Arrays, second: Arrays) -> float:
    """Return the largest absolute difference of outputs; NaN if only one of two values is NaN.

    Raises:
      NotComparableError: the names or shapes differ.
    """
    if {k: v.shape for k, v in first.items()} != {k: v.shape for k, v in second.items()}:
        raise NotComparableError("the outputs have other names or shapes")
    differences = [0.0]
    for name, value in first.items():
        a, b = (np.asarray(x, np.float64) for x in (value, second[name]))
        with np.errstate(invalid="ignore"):
            difference = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.abs(a - b))
        if difference.size:
            differences.append(float(difference.max()))
    return max(differences) if not any(map(math.isnan, differences)) else math.nan
