"""Converts a layer to TensorFlow.js's {class_name, config}, and back."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from keras_tfjs.layer_classes import TABLE
from keras_tfjs.layer_spec import IGNORED, LayerSpec
from keras_tfjs.values import ACTIVATION, LAST_AXIS, shorten

# TensorFlow.js writes null for a missing field. In these fields, null means None or linear.
_NULLABLE = {"merge_mode", "activation", "recurrent_activation"}
JS_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._]*")
Entry = dict[str, Any]  # a JSON object
_MAX_CELLS = 100
# Fields that every layer may have. model_reader.py reads batch_input_shape.
_COMMON = {"name", "trainable", "dtype", "batch_input_shape", "input_dtype"}


# Keras raises these errors for invalid values.
_ERRORS = (
    *(ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError),
)


@contextmanager
def error_context(name: str) -> Iterator[None]:
    """Put the name of a field or layer in front of an error's message."""
    try:
        yield
    except RecursionError:
        raise ValueError(f"{name}: is nested too deeply, or has too many layers") from None
    except _ERRORS as error:
        message = " ".join(str(error).split())
        raise ValueError(f"{name}: {message}") from (error.__cause__ or error)


def write_layer(layer: keras.Layer) -> Entry:
    """Describe a layer for TensorFlow.js.

    Raises:
      ValueError: TensorFlow.js cannot compute the layer.
    """
    with error_context(f"layer {layer.name!r} ({type(layer).__name__})"):
        check_name_to_write(layer.name)
        if layer.dtype_policy.name != "float32":
            raise ValueError(f"its dtype is {layer.dtype_policy.name}; only float32 can be written")
        row = TABLE.get(type(layer).__name__)
        if row is None or type(layer) is not row.keras_class:
            return _write_custom(layer)
        if row.unwritable:
            raise ValueError(row.unwritable)
        config = {"name": layer.name, "trainable": layer.trainable, "dtype": "float32"}
        given = layer.get_config()
        config |= {field: _write_sublayer(layer, field, given) for field in row.sublayers}
        given |= _check_inputs(layer, row, given)
        for key, value in given.items():
            with error_context(key):
                if key in row.sublayers or key == "backward_layer":
                    continue
                if key in row.fields:
                    if row.codec(key) is ACTIVATION and isinstance(value, str):
                        _check_is_keras(getattr(layer, key), value)
                    config[row.renamed.get(key, key)] = row.codec(key).write(value)
                else:
                    _check_fixed(row, key, value)
        return {"class_name": type(layer).__name__, "config": config}


def read_layer(entry: Entry, custom_objects: dict[str, Any]) -> keras.Layer:
    """Create the layer that TensorFlow.js describes.

    Args:
      custom_objects: layer classes by name, for classes that are not registered.

    Raises:
      ValueError: the class is unknown, or a field of its config is not valid.
    """
    class_name: Any = entry.get("class_name") if isinstance(entry, dict) else None
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(class_name, str) or not isinstance(config, dict):
        raise ValueError(f"a layer must be {{class_name, config}}, not {shorten(entry)}")
    with error_context(f"layer {shorten(config.get('name'))} ({shorten(class_name)})"):
        with error_context("name"):
            name = check_name(config.get("name"))
        if config.get("dtype") not in (None, "float32"):
            raise ValueError(f"dtype: must be float32, not {shorten(config['dtype'])}")
        row = TABLE.get(class_name)
        if row is None:
            return _read_custom(class_name, config, custom_objects)
        keras_names = {theirs: ours for ours, theirs in row.renamed.items()}
        present = {k: value for k, value in config.items() if value is not None or k in _NULLABLE}
        arguments: Entry = {"name": name}
        for key, value in {**row.defaults, **present}.items():
            field = keras_names.get(key, key)
            with error_context(key):
                if field in row.fields or field == "trainable":
                    arguments[field] = row.codec(field).read(value)
                elif field in row.sublayers:
                    arguments[field] = _read_sublayer(value, custom_objects)
                elif key not in _cell_fields(config):
                    _check_fixed(row, field, value)
        if not row.weights and not row.sublayers:  # some of these classes do not take this argument
            arguments.pop("trainable", None)
        return row.keras_class(**arguments)


def _write_sublayer(layer: keras.Layer, field: str, given: Entry) -> Any:
    """Describe the layer, or the list of layers, within a layer."""
    if isinstance(layer, keras.layers.Bidirectional):
        return _write_forward(layer, given)
    value = getattr(layer, field)
    return [write_layer(v) for v in value] if isinstance(value, list) else write_layer(value)


def _read_sublayer(value: Any, custom_objects: dict[str, Any]) -> Any:
    if isinstance(value, list) and 0 < len(value) <= _MAX_CELLS:
        return [read_layer(entry, custom_objects) for entry in value]
    return read_layer(value, custom_objects)


def _cell_fields(config: Entry) -> set[str]:
    """Return the fields that TensorFlow.js repeats from a cell in the config of its RNN."""
    cell = config.get("cell")
    inner = cell.get("config") if isinstance(cell, dict) else None
    return set(inner) if isinstance(inner, dict) else set()


def check_name(name: Any) -> str:
    """Return the name of a layer or model.

    Raises:
      ValueError: Keras does not accept the name.
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"must be a name without /, not {shorten(name)}")
    return name


def check_name_to_write(name: str) -> None:
    """Check that TensorFlow.js accepts the name of a layer or model.

    Raises:
      ValueError: TensorFlow.js does not accept the name.
    """
    if not JS_NAME.fullmatch(name):
        raise ValueError("TensorFlow.js takes names of letters, digits, '-', '_' and '.' only")


def _check_is_keras(function: Any, name: str) -> None:
    if function is not keras.activations.get(name):
        raise ValueError(f"is a custom function, though its name is {name}")


def _check_inputs(layer: keras.Layer, row: LayerSpec, given: Entry) -> Entry:
    """Check that TensorFlow.js accepts a layer's inputs.

    Returns:
      The fields that hold axes, with axis numbers that TensorFlow.js accepts.
    """
    shapes = input_shapes(layer)
    if row.check and (shapes or row.sublayers):
        row.check(layer, shapes)
    axis, axes, rank = given.get("axis"), given.get("axes"), len(shapes[0]) if shapes else 0
    if "axes" in row.fields and isinstance(axes, list | tuple):
        return {"axes": [a % len(shape) for a, shape in zip(axes, shapes, strict=True)]}
    if "axis" not in row.fields or not isinstance(axis, int):
        return {}
    if row.codec("axis") is LAST_AXIS:
        return {"axis": -1 if axis == rank - 1 else axis}
    return {"axis": axis + rank if axis < -1 and rank else axis}


def input_shapes(layer: keras.Layer) -> list[tuple]:
    """Return the shapes of a layer's inputs; empty for a layer inside another layer."""
    try:
        return [tuple(tensor.shape) for tensor in keras.tree.flatten(layer.input)]
    except (
        AttributeError,
        ValueError,
    ):  # called several times, or inside a layer
        shape = (layer.get_build_config() or {}).get("input_shape") or []
    nested = bool(shape) and isinstance(shape[0], list | tuple)
    return [tuple(item) for item in shape] if nested else [tuple(shape)] if shape else []


def _check_fixed(row: LayerSpec, key: str, value: Any) -> None:
    """Accept a field that only one library has, if its value has no effect."""
    if value is None or key in _COMMON or key in IGNORED:
        return
    if key not in row.fixed:
        raise ValueError("is not a known field, so it may change what the layer computes")
    only = row.fixed[key]
    if value != only and not (isinstance(only, tuple) and value in (only[0], list(only))):
        raise ValueError(f"TensorFlow.js has {only} only, not {shorten(value)}")


def _write_forward(layer: keras.layers.Bidirectional, given: Entry) -> Entry:
    """Describe the forward layer of a Bidirectional; TensorFlow.js derives the backward layer."""
    forward, backward = given["layer"]["config"], given["backward_layer"]["config"]
    different = [
        key
        for key in {*forward, *backward} - {"name"}
        if (forward.get(key) == backward.get(key)) == (key == "go_backwards")
    ]
    name = layer.forward_layer.name.removeprefix("forward_")
    if layer.backward_layer.name != f"backward_{name}":
        different.append("name")
    if different:
        raise ValueError(f"backward_layer: differs from layer in {', '.join(sorted(different))}")
    entry = write_layer(layer.forward_layer)
    entry["config"]["name"] = name
    return entry


def _write_custom(layer: keras.Layer) -> Entry:
    """Describe a registered layer without weights; the page must register its class too."""
    check_class(type(layer))
    name = keras.saving.get_registered_name(type(layer)).rpartition(">")[2]
    if layer.weights:
        raise ValueError("custom layers with weights cannot be written")
    if "_" in name:
        raise ValueError("TensorFlow.js changes class names with an underscore")
    if hasattr(keras.layers, name) or name == "ThresholdedReLU":
        raise ValueError(f"TensorFlow.js has its own class {name}; give the class another name")
    config = layer.get_config() | {"dtype": "float32"}
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"its config cannot be written as JSON: {error}") from None
    return {"class_name": name, "config": config}


def check_class(layer_class: type) -> None:
    """Check that a class is in the table or registered.

    Raises:
      ValueError: the class is neither.
    """
    name = layer_class.__name__
    row = TABLE.get(name)
    registered = ">" in keras.saving.get_registered_name(layer_class)
    if registered or (row and row.keras_class is layer_class):
        return
    if layer_class.__module__.startswith("keras.") and name.startswith("Random"):
        raise ValueError("acts in training only; remove it from the model for TensorFlow.js")
    if name == "AlphaDropout":
        raise ValueError("TensorFlow.js drops to the wrong value, 1.76 where Keras has -1.76")
    raise ValueError("the class is not in the table of keras_tfjs")


def _read_custom(class_name: str, config: Entry, custom_objects: dict[str, Any]) -> keras.Layer:
    registered = keras.saving.get_custom_objects()
    named = {v for name, v in registered.items() if name.rpartition(">")[2] == class_name}
    if class_name not in custom_objects and len(named) > 1:
        raise ValueError("several classes of this name are registered: choose with custom_objects")
    found = custom_objects.get(class_name) or next(iter(named), None)
    if not (isinstance(found, type) and issubclass(found, keras.Layer)):
        raise ValueError("the class is neither known nor in custom_objects")
    layer_class: Any = found
    given = {key: value for key, value in config.items() if key not in _COMMON - {"name"}}
    given["trainable"] = config.get("trainable", True) is True
    return layer_class.from_config(given)
