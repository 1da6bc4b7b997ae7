"""Replaces layers and operations that TensorFlow.js lacks by equal compositions of layers.

`compose` copies a model. A composition computes and learns the same as the layer that it replaces.
`composed_layers.py` and `composed_operations.py` define the compositions.
"""

from typing import Any

import keras

from keras_tfjs.composed_layers import COMPOSED_LAYERS
from keras_tfjs.composed_operations import COMPOSED_OPERATIONS
from keras_tfjs.layer_builder import LayerBuilder
from keras_tfjs.layer_config import check_class, error_context


def compose(model: keras.Model) -> keras.Model:
    """Return the model if TensorFlow.js has all its layers, or else an equal model of other layers.

    Args:
      model: a Sequential or functional model; `compose` does not change it.

    Raises:
      ValueError: a layer has no composition for its arguments.
    """
    _check_classes(model)
    return _Composer().compose(model) if _needs_composition(model) else model


def _check_classes(model: keras.Model) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _check_classes(layer)
        elif not isinstance(layer, keras.layers.InputLayer) and _find(layer) is None:
            with error_context(f"layer {layer.name!r} ({type(layer).__name__})"):
                check_class(type(layer))


def _needs_composition(model: keras.Model) -> bool:
    return any(
        _needs_composition(operation)
        if isinstance(operation, keras.Model)
        else _find(operation) is not None
        for operation in getattr(model, "operations", None) or model.layers
    )


def _find(operation: Any) -> Any:
    """Return the composition of a layer or operation, or None if it needs none."""
    name = type(operation).__name__
    if isinstance(operation, keras.Layer):
        found = COMPOSED_LAYERS.get(name)
        is_keras = type(operation) is getattr(keras.layers, name, None)
        return found.build if found and is_keras and found.applies(operation) else None
    return COMPOSED_OPERATIONS.get(name)


class _Composer:
    """Copies a model and its nested models. Each layer is copied once."""

    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}  # by the id of the original

    def compose(self, model: keras.Model) -> keras.Model:
        # A model of the same tensors, but not compiled, so that clone_model copies no loss.
        graph = keras.Model(model.inputs, model.outputs, name=model.name)
        copy = keras.models.clone_model(
            graph, clone_function=lambda operation: operation, call_function=self._call
        )
        copy.trainable = copy.trainable and model.trainable
        return copy

    def _call(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        build = _find(operation)
        tensors = [x for x in keras.tree.flatten(args) if isinstance(x, keras.KerasTensor)]
        # Operations on bools compute masks, which TensorFlow.js computes itself.
        if build is None or tensors[0].dtype == "bool":
            return self._call_copy(operation, *args, **kwargs)
        builder = self._copies.setdefault(id(operation), LayerBuilder(operation))
        builder.begin_call()
        with error_context(f"layer {operation.name!r} ({type(operation).__name__})"):
            given = {key: value for key, value in kwargs.items() if value not in (None, False)}
            mask = given.pop("mask", None) if isinstance(operation, keras.Layer) else None
            outputs = build(builder, operation, *args, **given)
            _check_masks(operation, tensors[0], mask, outputs)
        return outputs

    def _call_copy(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(operation, keras.Model):
            if id(operation) not in self._copies:
                self._copies[id(operation)] = self.compose(operation)
            return self._copies[id(operation)](*args, **kwargs)
        copy = self._copies.get(id(operation))
        if copy is None or not isinstance(operation, keras.Layer):
            with error_context(f"layer {operation.name!r} ({type(operation).__name__})"):
                copy = operation.__class__.from_config(operation.get_config())
        outputs = copy(*args, **kwargs)
        if id(operation) not in self._copies and isinstance(operation, keras.Layer):
            copy.set_weights(operation.get_weights())
            self._copies[id(operation)] = copy
        return outputs


def _check_masks(operation: Any, first: Any, mask: Any, outputs: Any) -> None:
    """Check that a composition passes on or drops the mask of its input, as the layer does."""
    own = getattr(first, "_keras_mask", None)  # Keras stores the mask there, on each backend
    if own is None and mask is None:
        return
    passes = isinstance(operation, keras.Layer) and operation.supports_masking
    for output in keras.tree.flatten(outputs):
        if mask is not None or getattr(output, "_keras_mask", None) is not (
            own if passes else None
        ):
            raise ValueError("the layer has no composition for inputs with a mask")
