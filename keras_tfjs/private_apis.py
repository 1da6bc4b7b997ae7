"""The private APIs of Keras and TensorFlow that `keras_tfjs` uses.

A new release may move these names. Each function says why it needs them.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend as keras_backend
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework import convert_to_constants
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph
from tensorflow.python.grappler import tf_optimizer

from keras_tfjs import random_ops, recurrent
from keras_tfjs.graph_types import node_lists

# Larger weights bypass TensorFlow's converters, which keep ten copies of each weight.
LARGE_BYTES = 2**20


@contextmanager
def operations_of_tensorflow_js() -> Iterator[None]:
    """Make Keras trace operations that TensorFlow.js has.

    Every recurrent layer calls `rnn` of the backend, or its `lstm` or `gru` for cuDNN, and
    `keras.random` calls the functions of `backend.random`. Keras has no public way to replace these
    functions.
    """
    keras_rnn = keras_backend.rnn

    def rnn(*args: Any, unroll: bool = False, **kwargs: Any) -> Any:
        if unroll:  # without a loop, Keras uses no TensorLists
            return keras_rnn(*args, unroll=True, **kwargs)
        return recurrent.rnn(*args, **kwargs)

    unrolled = keras.layers.TimeDistributed.call

    def time_distributed(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if inputs.shape[1] is not None:
            return unrolled(layer, inputs, training=training, mask=mask)
        # If the length is unknown, Keras 3.15 loops over the batch instead of the length.
        arguments = {"training": training} if layer.layer._call_has_training_arg else {}
        masks = [] if mask is None or not layer.layer._call_has_mask_arg else [mask]

        def step(x: Any, *mask: Any) -> Any:
            return layer.layer.call(x, **arguments, **({"mask": mask[0]} if mask else {}))

        return recurrent.map_time(step, inputs, *masks)

    def without_cudnn(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError  # then Keras calls rnn

    replaced: list[tuple[Any, str, Any]] = [
        (keras_backend, "rnn", rnn),
        (keras_backend, "lstm", without_cudnn),
        (keras_backend, "gru", without_cudnn),
        (keras_backend, "vectorized_map", recurrent.vectorized_map),
        (keras.layers.TimeDistributed, "call", time_distributed),
        *(
            (keras_backend.random, name, getattr(random_ops, name))
            for name in ("normal", "truncated_normal", "uniform", "dropout")
        ),
    ]
    with ExitStack() as stack:
        for owner, name, value in replaced:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def call_shapes(model: keras.Model) -> dict[str, Any]:
    """Return the shapes with which a subclassed model was built, by the arguments of its `call`.

    Keras records the shapes for its `export`; a subclassed model has no other record of its inputs.
    """
    return getattr(model, "_build_shapes_dict", None) or {}


def uses_autograph(function: Any) -> bool:
    """Return whether a `tf.function` was made with `autograph=True`, the default.

    TensorFlow has no public way to ask. Without an answer, tracing is slower.
    """
    return getattr(function, "_autograph", True)


class _LargeWeight:
    """Replaces a large weight by a constant of zeros while a graph is frozen."""

    def __init__(self, value: np.ndarray):
        self.value, self.shape, self.dtype = value, value.shape, value.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.zeros(1, self.dtype)  # TensorFlow repeats it up to the shape


class _Freezing(convert_to_constants._FunctionConverterDataInEager):
    """The data of a function with inlined calls, for TensorFlow's converter."""

    def __init__(self, function: Any, graph: graph_pb2.GraphDef):
        self._func = function
        convert_to_constants._ConverterData.__init__(self, graph)
        self._build_tensor_data()

    def _eval(self, tensor: Any) -> Any:
        value = super()._eval(tensor)
        if tensor.dtype == tf.float32 and isinstance(tensor, tf.Variable):
            return _LargeWeight(value) if value.nbytes >= LARGE_BYTES else value
        return value


def freeze(function: Any) -> tuple[graph_pb2.GraphDef, dict[str, np.ndarray]]:
    """Inline the functions that a concrete function calls, and turn its variables into constants.

    The public `convert_variables_to_constants_v2` keeps ten copies of all weights, and does not
    inline functions for XLA. This function uses a placeholder for each large weight.

    Returns:
      The graph, and the large weights by the names of their placeholders.
    """
    graph = _inlined(function)
    data = _Freezing(function, graph)
    graph, _ = convert_to_constants._replace_variables_by_constants(data)
    large = {
        name: tensor.numpy.value
        for name, tensor in data.tensor_data.items()
        if isinstance(tensor.numpy, _LargeWeight)
    }
    for node in graph.node:
        if node.name in large:
            node.attr["shape"].shape.CopyFrom(node.attr["value"].tensor.tensor_shape)
            del node.attr["value"]
            node.op = "Placeholder"
    return graph, large


def _inlined(function: Any) -> graph_pb2.GraphDef:
    """Return a function's graph with its calls inlined; loops and branches stay functions."""
    graph = convert_to_constants.disable_lower_using_switch_merge(function.graph.as_graph_def())
    # Grappler does not inline calls with these marks. Keras marks grouped convolutions for XLA.
    nodes = (node for _, nodes, _ in node_lists(graph) for node in nodes)
    for marked in (*nodes, *graph.library.function):
        for mark in ("_XlaMustCompile", "_noinline"):
            marked.attr.pop(mark, None)
    ends = [tensor.name for tensor in (*function.inputs, *function.outputs)]
    return optimize(graph, ends, ["function"])


def optimize(
    graph: graph_pb2.GraphDef, fetches: Iterable[str], passes: Iterable[str]
) -> graph_pb2.GraphDef:
    """Run passes of TensorFlow's graph optimizer, Grappler, which has no public interface."""
    config = config_pb2.ConfigProto()
    config.graph_options.rewrite_options.optimizers.extend(passes)
    config.graph_options.rewrite_options.min_graph_nodes = -1  # optimize small graphs too
    meta_graph = meta_graph_pb2.MetaGraphDef(graph_def=graph)
    meta_graph.collection_def["train_op"].node_list.value.extend(fetches)
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def function_graph(function: Any, shapes: Sequence[tf.TensorShape]) -> tf.Graph:
    """Return the graph of a FunctionDef for arguments of the given shapes.

    TensorFlow has no public way to read one function of a GraphDef.
    """
    return function_def_to_graph(function, shapes)
