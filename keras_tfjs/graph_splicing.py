"""Replaces operations of a graph by other operations, in the graph and in its functions.

A rule is a Python function that computes an operation's result with other operations. For each
operation that the rule replaces, this module traces the rule and splices the traced operations into
the graph.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from keras_tfjs.private_apis import function_graph

# A rule takes the operation and its input tensors. It returns the output tensors, or None to keep
# the operation. Inputs that are small constants are constants in the trace.
Rule = Callable[..., Any]

REWRITTEN = "/rewritten/"  # part of the names of operations that a rule added
_LARGEST_CONSTANT = 1024  # elements; a trace has placeholders for larger constants
_MOST_PASSES = 10


@dataclasses.dataclass(frozen=True)
class Subgraph:
    """A GraphDef's main graph or one of its functions.

    Attributes:
      nodes: the repeated field of NodeDef.
      graph: the same nodes as a `tf.Graph`, which infers dtypes and shapes.
      function: the FunctionDef; None for the main graph.
    """

    nodes: Any
    graph: tf.Graph
    function: Any = None

    def operations(self) -> Iterator[tuple[Any, tf.Operation]]:
        """Yield each node with its operation."""
        for node in self.nodes:
            yield node, self.graph.get_operation_by_name(node.name)

    def reference(self, tensor: tf.Tensor, prefix: str = "") -> str:
        """Return the name of a tensor in the inputs of other nodes."""
        name = f"{prefix}{tensor.op.name}"
        if self.function is None:
            return f"{name}:{tensor.value_index}" if tensor.value_index else name
        if tensor.op.type == "Placeholder" and not prefix:
            return name  # an argument of the function
        index = tensor.value_index
        for argument in tensor.op.op_def.output_arg:
            count = _count(tensor.op, argument)
            if index < count:
                return f"{name}:{argument.name}:{index}"
            index -= count
        raise AssertionError(f"{tensor.name} is not an output of its operation")


def subgraphs(graph: graph_pb2.GraphDef) -> list[Subgraph]:
    """Return the main graph and every function that it calls.

    A function gets the shapes of the arguments in its first call.
    """
    main = tf.Graph()
    with main.as_default():
        tf.graph_util.import_graph_def(_without_large_constants(graph), name="")
    found = [Subgraph(graph.node, main)]
    functions = {function.signature.name: function for function in graph.library.function}
    seen: dict[str, Subgraph] = {}
    for subgraph in found:  # the loop appends to `found`
        for _, operation in subgraph.operations():
            for name, shapes in _calls(operation):
                if name in functions and name not in seen:
                    function = functions[name]
                    body = function_graph(function, shapes)
                    seen[name] = Subgraph(function.node_def, body, function)
                    found.append(seen[name])
    return found


def apply_rules(graph: graph_pb2.GraphDef, rules: Mapping[str, Rule]) -> None:
    """Replace operations in place until no rule applies.

    Args:
      rules: rules by the type of operation.

    Raises:
      ValueError: an operation has no replacement; the message starts with the node's name.
    """
    for _ in range(_MOST_PASSES):
        replaced = [_apply_once(subgraph, rules) for subgraph in subgraphs(graph)]
        if not any(replaced):
            return
    raise AssertionError("the rules replace each other's operations endlessly")


def _apply_once(subgraph: Subgraph, rules: Mapping[str, Rule]) -> bool:
    replaced: dict[str, str] = {}  # new references, by old references
    removed, added = [], []
    for node, operation in subgraph.operations():
        if node.op not in rules:
            continue
        try:
            traced = replacement(rules[node.op], operation)
        except ValueError as error:
            raise ValueError(f"{node.name} ({node.op}): {error}") from error
        if traced is None:
            continue
        outputs, sources = traced
        new_nodes, references = _spliced(subgraph, node, outputs, sources)
        added += new_nodes
        removed.append(node)
        for old, new in zip(operation.outputs, references, strict=True):
            replaced[subgraph.reference(old)] = new
    for node in removed:
        subgraph.nodes.remove(node)
    subgraph.nodes.extend(added)
    _redirect(subgraph, replaced)
    return bool(removed)


def replacement(rule: Rule, operation: tf.Operation) -> tuple[list[tf.Tensor], dict] | None:
    """Trace a rule for an operation.

    Returns:
      The output tensors, and the inputs by the names of their placeholders; None to keep the
      operation.
    """
    graph = tf.Graph()
    sources: dict[str, tf.Tensor] = {}
    with graph.as_default():
        inputs = []
        for tensor in operation.inputs:
            value = _small_constant(tensor)
            if value is None:
                value = tf.compat.v1.placeholder(tensor.dtype, tensor.shape, "input")
                sources[value.op.name] = tensor
            inputs.append(value)
        outputs = rule(operation, *inputs)
    if outputs is None:
        return None
    outputs = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    return outputs, sources


def known_rank(tensor: tf.Tensor) -> int:
    """Return the rank of a rule's input.

    Raises:
      ValueError: the rank is unknown.
    """
    if tensor.shape.rank is None:
        raise ValueError("the rank of an input is unknown")
    return tensor.shape.rank


def _small_constant(tensor: tf.Tensor) -> tf.Tensor | None:
    size = tensor.shape.num_elements()
    if size is None or size > _LARGEST_CONSTANT:
        return None
    value = tf.get_static_value(tensor)
    return None if value is None else tf.constant(value, tensor.dtype, tensor.shape)


def _spliced(
    subgraph: Subgraph, node: Any, outputs: list[tf.Tensor], sources: Mapping[str, tf.Tensor]
) -> tuple[list, list[str]]:
    """Return the nodes that replace a node, and references to the new outputs."""
    prefix = f"{node.name}{REWRITTEN}"
    control = [name for name in node.input if name.startswith("^")]

    def reference(tensor: tf.Tensor) -> str:
        source = sources.get(tensor.op.name)
        return subgraph.reference(tensor, prefix) if source is None else subgraph.reference(source)

    nodes = []
    for operation in outputs[0].graph.get_operations():
        if operation.name in sources:
            continue
        copy = operation.node_def
        copy.name = prefix + operation.name
        del copy.input[:]
        copy.input.extend(reference(tensor) for tensor in operation.inputs)
        copy.input.extend(f"^{prefix}{other.name}" for other in operation.control_inputs)
        copy.input.extend(control)
        copy.device = node.device
        nodes.append(copy)
    return nodes, [reference(tensor) for tensor in outputs]


def _redirect(subgraph: Subgraph, replaced: Mapping[str, str]) -> None:
    """Replace the references to replaced outputs."""

    def resolved(reference: str) -> str:
        if reference.startswith("^"):
            name = reference[1:]
            new = next((new for old, new in replaced.items() if _producer(old) == name), name)
            return f"^{_producer(new)}"
        if subgraph.function is None:
            reference = reference.removesuffix(":0")
        while reference in replaced:
            reference = replaced[reference]
        return reference

    for node in subgraph.nodes:
        for index, reference in enumerate(node.input):
            node.input[index] = resolved(reference)
    if subgraph.function is not None:
        for name, reference in dict(subgraph.function.ret).items():  # a copy: the loop changes ret
            subgraph.function.ret[name] = resolved(reference)


def _producer(reference: str) -> str:
    return reference.partition(":")[0]


def _calls(operation: tf.Operation) -> Iterator[tuple[str, list[tf.TensorShape]]]:
    """Yield the functions that an operation calls, with the shapes of their arguments."""
    inputs = [tensor.shape for tensor in operation.inputs]
    if operation.type in ("While", "StatelessWhile"):
        # The shapes of the loop's outputs hold for every step; those of its inputs may not.
        shapes = [tensor.shape for tensor in operation.outputs]
        yield operation.get_attr("body").name, shapes
        yield operation.get_attr("cond").name, shapes
    elif operation.type in ("If", "StatelessIf"):
        yield operation.get_attr("then_branch").name, inputs[1:]
        yield operation.get_attr("else_branch").name, inputs[1:]
    elif operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
        yield operation.get_attr("f").name, inputs


def _count(operation: tf.Operation, argument: Any) -> int:
    """Return the number of tensors of one output argument of an operation."""
    if argument.number_attr:
        return operation.get_attr(argument.number_attr)
    if argument.type_list_attr:
        return len(operation.get_attr(argument.type_list_attr))
    return 1


def _without_large_constants(graph: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """Return a copy without weights, for shape inference."""
    light = graph_pb2.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.op == "Const" and _size(node.attr["value"].tensor) > _LARGEST_CONSTANT:
            placeholder = light.node.add(name=node.name, op="Placeholder")
            placeholder.attr["dtype"].type = node.attr["dtype"].type
            placeholder.attr["shape"].shape.CopyFrom(node.attr["value"].tensor.tensor_shape)
        else:
            light.node.add().CopyFrom(node)
    return light


def _size(tensor: Any) -> int:
    return tf.TensorShape(tensor.tensor_shape).num_elements()
