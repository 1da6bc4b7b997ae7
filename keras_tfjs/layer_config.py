"""A layer as TensorFlow.js writes it, {class_name, config}, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from keras_tfjs.layer_classes import IGNORED, TABLE, LayerClass
from keras_tfjs.values import LAST_AXIS, shorten

# TensorFlow.js writes null for a field that was left out, but in these it means None, or linear.
_NULLABLE = {"merge_mode", "activation", "recurrent_activation"}
Entry = dict[str, Any]  # a part of a JSON file
# Fields that every layer may have; batch_input_shape is read where inputs are made.
_COMMON = {"name", "trainable", "dtype", "batch_input_shape", "input_dtype"}


@contextmanager
def part(name: str) -> Iterator[None]:
    """Put the name of a part in front of the message of an error in it."""
    try:
        yield
    except RecursionError:
        raise ValueError(f"{name}: is nested too deeply") from None
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        message = " ".join(str(error).split())
        raise ValueError(f"{name}: {message}") from (error.__cause__ or error)


def write_layer(layer: keras.Layer) -> Entry:
    """Describe a layer for TensorFlow.js.

    Raises:
      ValueError: TensorFlow.js cannot compute what it does.
    """
    with part(f"layer {layer.name!r} ({type(layer).__name__})"):
        if layer.dtype_policy.name != "float32":
            raise ValueError(f"its dtype is {layer.dtype_policy.name}; only float32 can be written")
        row = TABLE.get(type(layer).__name__)
        if row is None or type(layer) is not row.keras_class:
            return _write_custom(layer)
        config = {"name": layer.name, "trainable": layer.trainable, "dtype": "float32"}
        given = layer.get_config()
        if isinstance(layer, keras.layers.TimeDistributed):
            config["layer"] = write_layer(layer.layer)
        if isinstance(layer, keras.layers.Bidirectional):
            config["layer"] = _write_forward(layer, given)
        if "axis" in given and row.kind("axis") is LAST_AXIS and given["axis"] != -1:
            last = len(layer.output.shape) - 1
            given["axis"] = -1 if given["axis"] == last else given["axis"]
        for key, value in given.items():
            with part(key):
                if key in ("layer", "backward_layer"):
                    continue
                if key in row.fields:
                    config[row.renamed.get(key, key)] = row.kind(key).write(value)
                else:
                    _check_fixed(row, key, value)
        return {"class_name": type(layer).__name__, "config": config}


def read_layer(entry: Entry, custom_objects: dict[str, Any]) -> keras.Layer:
    """Make the layer that TensorFlow.js describes.

    Args:
      custom_objects: classes that are neither in the table nor registered, by name.

    Raises:
      ValueError: the class is unknown, or a field of its config is not valid.
    """
    class_name: Any = entry.get("class_name")
    config = entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, dict):
        raise ValueError(f"a layer must be {{class_name, config}}, not {shorten(entry)}")
    with part(f"layer {shorten(config.get('name'))} ({shorten(class_name)})"):
        with part("name"):
            name = check_name(config.get("name"))
        if config.get("dtype") not in (None, "float32"):
            raise ValueError(f"dtype: must be float32, not {shorten(config['dtype'])}")
        row = TABLE.get(class_name)
        if row is None:
            return _read_custom(class_name, config, custom_objects)
        of_keras = {theirs: ours for ours, theirs in row.renamed.items()}
        said = {k: value for k, value in config.items() if value is not None or k in _NULLABLE}
        arguments: Entry = {"name": name}
        for key, value in {**row.defaults, **said}.items():
            field = of_keras.get(key, key)
            with part(key):
                if field in row.fields or field == "trainable":
                    arguments[field] = row.kind(field).read(value)
                elif field == "layer" and class_name in ("TimeDistributed", "Bidirectional"):
                    arguments[field] = read_layer(value, custom_objects)
                else:
                    _check_fixed(row, field, value)
        return row.keras_class(**arguments)


def check_name(name: Any) -> str:
    """Return the name of a layer or model.

    Raises:
      ValueError: Keras does not take it.
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(f"must be a name without /, not {shorten(name)}")
    return name


def _check_fixed(row: LayerClass, key: str, value: Any) -> None:
    """Accept a field that only one side has, if it has its neutral value there."""
    if value is None or key in _COMMON or key in IGNORED:
        return
    if key not in row.fixed:
        raise ValueError("is not known; it may change what the layer computes")
    only = row.fixed[key]
    if value != only and not (isinstance(only, tuple) and value in (only[0], list(only))):
        raise ValueError(f"TensorFlow.js has {only} only, not {shorten(value)}")


def _write_forward(layer: keras.layers.Bidirectional, given: Entry) -> Entry:
    """Describe the layer of a Bidirectional; TensorFlow.js makes the backward one from it."""
    forward, backward = given["layer"]["config"], given["backward_layer"]["config"]
    different = [
        key
        for key in {*forward, *backward} - {"name"}
        if (forward.get(key) == backward.get(key)) == (key == "go_backwards")
    ]
    if different:
        raise ValueError(f"backward_layer: differs from layer in {', '.join(sorted(different))}")
    entry = write_layer(layer.forward_layer)
    entry["config"]["name"] = layer.forward_layer.name.removeprefix("forward_")
    return entry


def _write_custom(layer: keras.Layer) -> Entry:
    """Describe a registered layer without weights; TensorFlow.js needs a class of its name."""
    package, _, name = keras.saving.get_registered_name(type(layer)).rpartition(">")
    if not package:
        raise ValueError("the class is not in the table of keras_tfjs")
    if layer.weights:
        raise ValueError("custom layers with weights cannot be written")
    if "_" in name:
        raise ValueError("TensorFlow.js changes class names with an underscore")
    config = layer.get_config() | {"dtype": "float32"}
    return {"class_name": name, "config": config}


def _read_custom(class_name: str, config: Entry, custom_objects: dict[str, Any]) -> keras.Layer:
    registered = keras.saving.get_custom_objects()
    found = custom_objects.get(class_name) or next(
        (value for name, value in registered.items() if name.rpartition(">")[2] == class_name), None
    )
    if not (isinstance(found, type) and issubclass(found, keras.Layer)):
        raise ValueError("the class is neither known nor in custom_objects")
    layer_class: Any = found
    given = {key: value for key, value in config.items() if key not in _COMMON - {"name"}}
    given["trainable"] = config.get("trainable", True) is True
    return layer_class.from_config(given)
