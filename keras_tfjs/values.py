"""Codecs for the values in a layer's config.

TensorFlow.js has the format of Keras 2, which mostly equals that of Keras 3. A `Codec` translates
the differences, and raises a ValueError for a value that the other library lacks.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

_LARGEST = 2**31 - 1


class Codec(NamedTuple):
    """How to write a value of Keras for TensorFlow.js, and how to read it back."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


@keras.saving.register_keras_serializable(package="keras_tfjs", name="hard_sigmoid")
def hard_sigmoid(x):
    """Return clip(0.2 x + 0.5, 0, 1), the hard sigmoid of TensorFlow.js and Keras 2."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def _same(check: Callable[[Any], bool], text: str) -> Codec:
    """Return a codec that checks values and does not change them."""

    def checked(value: Any) -> Any:
        if not check(value):
            raise ValueError(f"must be {text}, not {shorten(value)}")
        return value

    return Codec(checked, checked)


def shorten(value: Any) -> str:
    """Return a value's text for an error message, at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def is_whole(value: Any, least: int = 0) -> bool:
    """Tell whether a value is an int (not a bool) from `least` to 2^31 - 1."""
    return type(value) is int and least <= value <= _LARGEST


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= 1e30


def _are_wholes(value: Any, least: int, depth: int = 2) -> bool:
    if isinstance(value, list | tuple):
        return (
            0 < len(value) <= 8
            and depth > 0
            and all(_are_wholes(v, least, depth - 1) for v in value)
        )
    return is_whole(value, least)


def _are_axes(value: Any) -> bool:
    axes = value if isinstance(value, list | tuple) else [value]
    return all(is_whole(axis, -8) and axis < 8 for axis in axes)


def choice(*values: Any) -> Codec:
    """Return a codec that accepts the given values only."""
    names = " or ".join(map(repr, values))
    return _same(lambda value: any(type(v) is type(value) and v == value for v in values), names)


POSITIVE_INT = _same(lambda value: is_whole(value, 1), "a whole number of at least 1")
POSITIVE_INTS = _same(lambda value: _are_wholes(value, 1), "whole numbers of at least 1")
MARGINS = _same(lambda value: _are_wholes(value, 0), "whole numbers of at least 0")
AXES = _same(lambda value: value is None or _are_axes(value), "an axis, or a list of them")
FLOAT = _same(_is_number, "a finite number")
OPTIONAL_FLOAT = _same(lambda value: value is None or _is_number(value), "a finite number, or null")
BOOL = _same(lambda value: type(value) is bool, "true or false")
PADDING = choice("valid", "same")
NOISE_SHAPE = _same(
    lambda value: (
        value is None
        or (isinstance(value, list | tuple) and all(v is None or is_whole(v, 1) for v in value))
    ),
    "null, or a list of sizes and nulls",
)


def _read_axis(value: Any) -> Any:
    """Return an axis; Keras 2 writes a list with one axis."""
    return AXES.read(value[0] if isinstance(value, list) and len(value) == 1 else value)


# TensorFlow.js computes Softmax for the last axis only, but its default axis is 1.
LAST_AXIS = Codec(choice(-1).write, _read_axis)


def _read_dimensions(value: Any) -> Any:
    if isinstance(value, list):  # TensorFlow.js writes null for -1
        value = [-1 if size is None else size for size in value]
    return _DIMENSIONS.read(value)


_DIMENSIONS = _same(lambda value: _are_wholes(value, -1, 1), "a list of dimensions")
DIMENSIONS = Codec(_DIMENSIONS.write, _read_dimensions)

_SAME_ACTIVATIONS = (
    *("elu", "gelu", "linear", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid"),
    *("softmax", "softplus", "softsign", "tanh"),
)
# Keras's name: TensorFlow.js's name.
_ACTIVATIONS = {name: name for name in _SAME_ACTIVATIONS} | {"silu": "swish"}


def _write_activation(value: Any) -> str:
    if isinstance(value, dict) and value.get("config") == "keras_tfjs>hard_sigmoid":
        return "hard_sigmoid"
    if value == "hard_sigmoid":
        raise ValueError(
            "hard_sigmoid of Keras 3 is x / 6 + 0.5, of TensorFlow.js 0.2 x + 0.5; "
            "train with keras_tfjs.values.hard_sigmoid instead"
        )
    if not isinstance(value, str) or value not in _ACTIVATIONS:
        name = value.get("config", value) if isinstance(value, dict) else value
        raise ValueError(f"TensorFlow.js has no activation {shorten(name)}")
    return _ACTIVATIONS[value]


def _read_activation(value: Any) -> Any:
    if value is None:
        return "linear"
    if value == "hard_sigmoid":
        return hard_sigmoid
    for of_keras, of_js in _ACTIVATIONS.items():
        if value == of_js:
            return of_keras
    raise ValueError(f"Keras has no equal activation {shorten(value)}")


ACTIVATION = Codec(_write_activation, _read_activation)


def _objects(module_name: str, names: dict[str, tuple[str, ...]]) -> Codec:
    """Return the codec of objects of a Keras module, in the form {class_name, config}.

    Args:
      module_name: for example `initializers`.
      names: config fields by the names of the classes that both libraries have.
    """

    def write(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        name, config = _split(value)
        if name not in names or value.get("module") not in (None, f"keras.{module_name}"):
            raise ValueError(f"TensorFlow.js has no {shorten(name)}")
        known = names[name]
        return {"class_name": name, "config": {key: _plain(key, config.get(key)) for key in known}}

    def read(value: Any) -> Any:
        if value is None:
            return None
        name, config = _split(value)
        if name not in names:
            raise ValueError(f"unknown class {shorten(name)}")
        given = {key: _plain(key, value) for key, value in config.items() if value is not None}
        if not set(given) <= set(names[name]):
            raise ValueError(f"{name} has unknown fields: {shorten(sorted(given))}")
        return getattr(getattr(keras, module_name), name)(**given)

    return Codec(write, read)


def _split(value: Any) -> tuple[str, dict[str, Any]]:
    """Return class name and config of a serialized object."""
    config = value.get("config") if isinstance(value, dict) else None
    name = value.get("class_name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not isinstance(config, dict | None):
        raise ValueError(f"must be {{class_name, config}}, not {shorten(value)}")
    return name, config or {}


def _plain(key: str, value: Any) -> Any:
    if key == "seed" and isinstance(value, dict):  # Keras drew the seed itself
        return None
    is_text = key in ("mode", "distribution") and isinstance(value, str)
    if value is not None and not is_text and not _is_number(value):
        raise ValueError(f"{key}: must be a number, not {shorten(value)}")
    return value


_SCALED = ("scale", "mode", "distribution", "seed")
_INITIALIZERS = _objects(
    "initializers",
    {
        "Zeros": (),
        "Ones": (),
        "Constant": ("value",),
        "RandomNormal": ("mean", "stddev", "seed"),
        "TruncatedNormal": ("mean", "stddev", "seed"),
        "RandomUniform": ("minval", "maxval", "seed"),
        "Identity": ("gain",),
        "Orthogonal": ("gain", "seed"),
        "VarianceScaling": _SCALED,
        "GlorotNormal": ("seed",),
        "GlorotUniform": ("seed",),
        "HeNormal": ("seed",),
        "HeUniform": ("seed",),
        "LecunNormal": ("seed",),
        "LecunUniform": ("seed",),
    },
)
# Names that differ between Keras 3 and TensorFlow.js: of classes, and in VarianceScaling.
_SPELLINGS = {"LecunNormal": "LeCunNormal", "LecunUniform": "LeCunUniform"}
_DISTRIBUTIONS = {"truncated_normal": "normal", "uniform": "uniform"}


def _write_initializer(value: Any) -> dict[str, Any] | None:
    written = _INITIALIZERS.write(value)
    if written is None:
        return None
    config = written["config"]
    if "distribution" in config:
        if config["distribution"] not in _DISTRIBUTIONS:
            raise ValueError(f"TensorFlow.js has no distribution {config['distribution']!r}")
        config["distribution"] = _DISTRIBUTIONS[config["distribution"]]
    return written | {"class_name": _SPELLINGS.get(written["class_name"], written["class_name"])}


def _read_initializer(value: Any) -> Any:
    if value is None:
        return None
    name, config = _split(value)
    name = {theirs: ours for ours, theirs in _SPELLINGS.items()}.get(name, name)
    if config.get("distribution") == "normal":
        config = config | {"distribution": "truncated_normal"}
    return _INITIALIZERS.read({"class_name": name, "config": config})


INITIALIZER = Codec(_write_initializer, _read_initializer)

_L1L2 = _objects("regularizers", {"L1L2": ("l1", "l2")})


def _write_regularizer(value: Any) -> dict[str, Any] | None:
    if value is not None and _split(value)[0] in ("L1", "L2"):
        value = {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.0} | value["config"]}
    return _L1L2.write(value)


def _read_regularizer(value: Any) -> Any:
    if value is None:
        return None
    name, config = _split(value)
    return _L1L2.read({"class_name": name, "config": {"l1": 0.01, "l2": 0.01} | config})


REGULARIZER = Codec(_write_regularizer, _read_regularizer)
CONSTRAINT = _objects(
    "constraints",
    {
        "MaxNorm": ("max_value", "axis"),
        "MinMaxNorm": ("min_value", "max_value", "rate", "axis"),
        "NonNeg": (),
        "UnitNorm": ("axis",),
    },
)
