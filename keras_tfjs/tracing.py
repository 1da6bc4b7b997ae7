"""Traces Keras models, `tf.function`s and SavedModels as concrete functions with named inputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_tfjs.private_apis import (
    call_shapes,
    operations_of_tensorflow_js,
    uses_autograph,
)

_ASSIGNMENTS = {"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"}


def concrete_function(source: Any, signature: str = "serving_default") -> Any:
    """Return the concrete function of a source, for `graph_model.save`.

    Args:
      source: a Keras model, a `tf.function` with an input signature, a concrete function, or the
        directory of a SavedModel.
      signature: the name of the SavedModel's signature.

    Raises:
      ValueError: the source is none of these, has no signature, or changes its variables.
    """
    if isinstance(source, str | Path):
        function = _load(source, signature)
    elif isinstance(source, keras.Model):
        function = _trace_model(source)
    elif hasattr(source, "get_concrete_function"):
        if source.input_signature is None:
            raise ValueError("the tf.function has no input_signature")
        function = _trace(source)
    elif hasattr(source, "structured_input_signature"):
        function = source
    else:
        raise ValueError(
            f"{source!r} is not a Keras model, a tf.function or the path of a SavedModel"
        )
    _check_no_assignments(function)
    return function


def function_of(
    model: keras.Model, output_names: Sequence[str] | None = None, input_dtype: str = "float32"
) -> Any:
    """Return a `tf.function` of a model, with named inputs and outputs.

    Args:
      model: any model; call a subclassed model once first, so that its inputs are known.
      output_names: names of the outputs; by default the keys of a dict of outputs, or `output_0`
        and so on. Inputs have the keys of a dict of inputs, or the names of their layers or
        arguments.
      input_dtype: dtype of a subclassed model's inputs, because Keras records only their shapes.

    Raises:
      ValueError: the inputs of the model are unknown.
    """
    arguments = _call_arguments(model, input_dtype)
    specs = keras.tree.flatten(arguments)

    @tf.function(input_signature=specs, autograph=False)
    def serving_default(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = model(*keras.tree.pack_sequence_as(arguments, values), training=False)
        named = _named_outputs(outputs)
        names = output_names or list(named)
        return dict(zip(names, named.values(), strict=True))

    return serving_default


def input_specs(function: Any) -> list[tf.TensorSpec]:
    """Return the specs of a concrete function's tensor arguments."""
    arguments = tf.nest.flatten(function.structured_input_signature)
    return [spec for spec in arguments if isinstance(spec, tf.TensorSpec)]


def _call_arguments(model: keras.Model, dtype: str) -> list[Any]:
    """Return the arguments of a model's call, with a named `tf.TensorSpec` for each tensor."""
    if isinstance(model, keras.Sequential) and model.built:
        return [_structure_of_specs(model.inputs[0])]
    if hasattr(model, "operations"):  # a functional model
        return [_structure_of_specs(model.input)]
    shapes = call_shapes(model)
    if not shapes:
        raise ValueError(
            f"the inputs of {type(model).__name__} are unknown: call the model once on a batch, or "
            "give a tf.function with an input_signature"
        )
    return [
        _specs_of_shapes(shape, argument.removesuffix("_shape"), dtype)
        for argument, shape in shapes.items()
    ]


def _structure_of_specs(inputs: Any) -> Any:
    specs = []
    for path, tensor in keras.tree.flatten_with_path(inputs):
        if tensor.sparse or getattr(tensor, "ragged", False):
            raise ValueError(f"input {tensor.name!r}: TensorFlow.js has no sparse or ragged inputs")
        keys = [str(key) for key in path if isinstance(key, str)]
        name = "_".join(keys) or tensor.name
        specs.append(tf.TensorSpec(tensor.shape, tensor.dtype, name))
    return keras.tree.pack_sequence_as(inputs, specs)


def _specs_of_shapes(shape: Any, name: str, dtype: str) -> Any:
    """Return specs with any batch size for a shape or a structure of shapes."""
    if isinstance(shape, dict):
        return {key: _specs_of_shapes(value, key, dtype) for key, value in shape.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return tf.TensorSpec([None, *shape[1:]], dtype, name)
    return [_specs_of_shapes(part, f"{name}_{i}", dtype) for i, part in enumerate(shape)]


def _named_outputs(outputs: Any) -> dict[str, tf.Tensor]:
    """Return the output tensors by their keys, or by `output_` and a number."""
    found = keras.tree.flatten_with_path(outputs)
    tensors = [(path, value) for path, value in found if value is not None]
    if any(isinstance(key, str) for path, _ in tensors for key in path):
        return {"_".join(map(str, path)): tensor for path, tensor in tensors}
    return {f"output_{index}": tensor for index, (_, tensor) in enumerate(tensors)}


def _trace_model(model: keras.Model) -> Any:
    try:
        return _trace(function_of(model))
    except ValueError:
        if not call_shapes(model) or hasattr(model, "operations"):
            raise
        # A subclassed model whose layers do not cast float inputs to integers.
        return _trace(function_of(model, input_dtype="int32"))


def _trace(function: Any) -> Any:
    """Trace a `tf.function` again, with operations that TensorFlow.js has."""
    with operations_of_tensorflow_js():
        try:
            untraced = tf.function(
                function.python_function,
                input_signature=function.input_signature,
                autograph=uses_autograph(function),
            )
            return untraced.get_concrete_function()
        except Exception as error:  # because the function is the user's code
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1].strip()
            raise ValueError(
                f"it cannot be traced: {reason} (give a tf.function with an input_signature that "
                "calls the model)"
            ) from error


def _load(directory: str | Path, signature: str) -> Any:
    loaded = tf.saved_model.load(str(directory))
    if signature not in loaded.signatures:
        names = ", ".join(loaded.signatures) or "none"
        raise ValueError(f"{directory} has no signature {signature}; it has: {names}")
    function = loaded.signatures[signature]
    function.saved_model = loaded  # keeps the variables alive
    return function


def _check_no_assignments(function: Any) -> None:
    for operation in function.graph.get_operations():
        if operation.type in _ASSIGNMENTS:
            raise ValueError(
                f"{operation.name}: the model changes a variable when it is called, as stateful "
                "layers and metrics do; a graph model is frozen"
            )
