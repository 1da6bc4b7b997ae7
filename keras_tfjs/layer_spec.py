"""`LayerSpec`: how to convert a layer class that Keras 3 and TensorFlow.js share.

`FIELDS` has the codec of each config field, by the field's name.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from keras_tfjs import values

Shape = tuple[int, ...]
ShapeOf = Callable[[Any, Shape], Shape]  # takes the layer and its input shape
Check = Callable[[Any, list[Shape]], None]  # takes the layer and its input shapes


def _write_reset_after(value: Any) -> bool:
    if value is not False:
        raise ValueError(
            "must be False, not True, because TensorFlow.js has no other GRU; write a graph model"
        )
    return value


FIELDS: dict[str, values.Codec] = {
    **dict.fromkeys(["units", "filters", "input_dim", "output_dim", "n"], values.POSITIVE_INT),
    **dict.fromkeys(["depth_multiplier", "num_tokens"], values.POSITIVE_INT),
    **dict.fromkeys(["kernel_size", "strides", "dilation_rate", "pool_size"], values.POSITIVE_INTS),
    **dict.fromkeys(["size", "dims"], values.POSITIVE_INTS),
    **dict.fromkeys(["axis", "axes", "shared_axes"], values.AXES),
    **dict.fromkeys(["use_bias", "center", "scale", "unit_forget_bias"], values.BOOL),
    **dict.fromkeys(["return_sequences", "return_state", "go_backwards", "trainable"], values.BOOL),
    **dict.fromkeys(["mask_zero", "normalize"], values.BOOL),
    **dict.fromkeys(["rate", "dropout", "recurrent_dropout", "momentum", "epsilon"], values.FLOAT),
    **dict.fromkeys(["negative_slope", "stddev", "mask_value", "offset"], values.FLOAT),
    **dict.fromkeys(["activation", "recurrent_activation"], values.ACTIVATION),
    "cropping": values.MARGINS,
    "data_format": values.choice("channels_last"),
    "interpolation": values.choice("nearest"),
    "max_value": values.OPTIONAL_FLOAT,
    "merge_mode": values.choice("concat", "sum", "mul", "ave", None),
    "noise_shape": values.NOISE_SHAPE,
    "output_mode": values.choice("multi_hot", "one_hot", "count"),
    "padding": values.PADDING,
    "reset_after": values.Codec(_write_reset_after, values.choice(False).read),
    "target_shape": values.DIMENSIONS,
}
_SUFFIXES = {
    "_initializer": values.INITIALIZER,
    "_regularizer": values.REGULARIZER,
    "_constraint": values.CONSTRAINT,
}
# Fields that do not change the result, so they are not written. masks.py reads
# zero_output_for_mask.
IGNORED = {"seed", "synchronized", "renorm_momentum", "unroll", "implementation", "input_length"}
IGNORED |= {"zero_output_for_mask"}
# Keras 2 writes kernel_initializer for separable convolutions, which do not use it.
IGNORED |= {"kernel_initializer"}


class LayerSpec(NamedTuple):
    """A row of the table: a layer class that both libraries compute alike.

    Attributes:
      keras_class: the class; TensorFlow.js has one of the same name.
      fields: the config fields that mean the same in both libraries.
      weights: the shapes of the weights by name, in Keras's order.
      renamed: TensorFlow.js's names of fields and weights, by Keras's name, if they differ.
      fixed: fields that must have this value, because the libraries differ for others.
      defaults: TensorFlow.js's defaults, where they differ from Keras's.
      codecs: codecs of fields that differ from `FIELDS`.
      sublayers: attributes that hold a layer or a list of layers.
      check: raises ValueError if TensorFlow.js does not accept the layer's inputs.
      passes_mask: whether TensorFlow.js passes on the mask of the first input.
      unwritable: why `save` refuses the class; `load` still reads it.
    """

    keras_class: type[keras.Layer]
    fields: Sequence[str] = ()
    weights: dict[str, ShapeOf] = {}  # noqa: RUF012
    renamed: dict[str, str] = {}  # noqa: RUF012
    fixed: dict[str, Any] = {}  # noqa: RUF012
    defaults: dict[str, Any] = {}  # noqa: RUF012
    codecs: dict[str, values.Codec] = {}  # noqa: RUF012
    sublayers: Sequence[str] = ()
    check: Check | None = None
    passes_mask: bool = False
    unwritable: str = ""

    def codec(self, field: str) -> values.Codec:
        """Return the codec of a field."""
        suffix = field[field.rfind("_") :]
        return self.codecs.get(field) or FIELDS.get(field) or _SUFFIXES[suffix]


def variable_fields(*weights: str) -> list[str]:
    """Return the fields that hold the initializer, regularizer and constraint of weights."""
    return [f"{weight}{suffix}" for weight in weights for suffix in _SUFFIXES]
