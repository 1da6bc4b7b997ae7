"""The table of layer classes that Keras 3 and TensorFlow.js compute alike, read in both directions.

A row names a class's fields that both share, its weights with their shapes, and what the one has
and the other has not. To add a class, add a row; `FIELDS` says how each field is written.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import keras

from keras_tfjs import values as v

Shape = tuple[int, ...]
ShapeOf = Callable[[Any, Shape], Shape]  # of the layer and its input's shape

FIELDS: dict[str, v.Codec] = {
    **dict.fromkeys(["units", "filters", "input_dim", "output_dim", "n"], v.POSITIVE_INT),
    **dict.fromkeys(["depth_multiplier"], v.POSITIVE_INT),
    **dict.fromkeys(
        ["kernel_size", "strides", "dilation_rate", "pool_size", "size"], v.POSITIVE_INTS
    ),
    **dict.fromkeys(["axis", "shared_axes"], v.AXES),
    **dict.fromkeys(["use_bias", "center", "scale", "unit_forget_bias"], v.BOOL),
    **dict.fromkeys(["return_sequences", "return_state", "go_backwards", "trainable"], v.BOOL),
    **dict.fromkeys(["rate", "dropout", "recurrent_dropout", "momentum", "epsilon"], v.FLOAT),
    **dict.fromkeys(["negative_slope"], v.FLOAT),
    **dict.fromkeys(["activation", "recurrent_activation"], v.ACTIVATION),
    "data_format": v.choice("channels_last"),
    "interpolation": v.choice("nearest"),
    "max_value": v.OPTIONAL_FLOAT,
    "merge_mode": v.choice("concat", "sum", "mul", "ave", None),
    "padding": v.PADDING,
    "reset_after": v.choice(False),
    "target_shape": v.DIMENSIONS,
}
_SUFFIXES = {
    "_initializer": v.INITIALIZER,
    "_regularizer": v.REGULARIZER,
    "_constraint": v.CONSTRAINT,
}


class LayerSpec(NamedTuple):
    """A row of the table.

    Attributes:
      keras_class: the class; TensorFlow.js has one of the same name.
      fields: what both have in the layer's config, with the same meaning.
      weights: their names, in Keras's order, and shapes.
      renamed: fields and weights that TensorFlow.js calls otherwise, by Keras's name.
      fixed: fields that have one value only with which both compute the same.
      defaults: what TensorFlow.js takes for a field that its file lacks, if Keras would not.
      codecs: how a field is written, if not as `FIELDS` says.
    """

    keras_class: type[keras.Layer]
    fields: Sequence[str] = ()
    weights: dict[str, ShapeOf] = {}  # noqa: RUF012
    renamed: dict[str, str] = {}  # noqa: RUF012
    fixed: dict[str, Any] = {}  # noqa: RUF012
    defaults: dict[str, Any] = {}  # noqa: RUF012
    codecs: dict[str, v.Codec] = {}  # noqa: RUF012

    def codec(self, field: str) -> v.Codec:
        """Return how a field is written."""
        suffix = field[field.rfind("_") :]
        return self.codecs.get(field) or FIELDS.get(field) or _SUFFIXES[suffix]


# Weights that a layer has only if this field is true.
_OPTIONAL_WEIGHTS = {"bias": "use_bias", "gamma": "scale", "beta": "center"}
# Fields with no influence on the result, which are not carried over. (What an RNN puts out where
# its input is masked is one, as no row lets a mask arise.)
IGNORED = {"seed", "synchronized", "renorm_momentum", "unroll", "implementation", "input_length"}
IGNORED |= {"zero_output_for_mask"}


def weights_of(layer: keras.Layer) -> Iterator[tuple[str, Callable[[Shape], Shape]]]:
    """Yield TensorFlow.js's name for each of `layer.weights`, and its shape by the input's.

    The names lack the layer's own, which stands in front of them.
    """
    if isinstance(layer, keras.layers.TimeDistributed):
        for name, shape_of in weights_of(layer.layer):
            yield name, partial(_of_each_step, shape_of)
    elif isinstance(layer, keras.layers.Bidirectional):
        for direction in (layer.forward_layer, layer.backward_layer):
            for name, shape_of in weights_of(direction):
                yield f"{direction.name}/{name}", shape_of
    elif row := TABLE.get(type(layer).__name__):
        for name, shape_of_layer in row.weights.items():
            field = _OPTIONAL_WEIGHTS.get(name)
            if field is None or getattr(layer, field):
                yield row.renamed.get(name, name), partial(shape_of_layer, layer)


def _of_each_step(shape_of: Callable[[Shape], Shape], s: Shape) -> Shape:
    """Return a weight's shape by that of a sequence, whose steps the layer sees one by one."""
    return shape_of((*s[:1], *s[2:]))


def _of(*weights: str) -> list[str]:
    """Return the fields that say how weights begin and what they may become."""
    return [f"{weight}{suffix}" for weight in weights for suffix in _SUFFIXES]


def _recurrent(keras_class: type[keras.Layer], gates: int, *fields: str) -> LayerSpec:
    """Return the row of a recurrent layer with the given number of gates."""
    gated = {"recurrent_activation": "hard_sigmoid"} if gates > 1 else {}
    return LayerSpec(
        keras_class,
        [
            *("units", "activation", *gated, "use_bias", *fields, "dropout", "recurrent_dropout"),
            *("return_sequences", "return_state", "go_backwards"),
            *_of("kernel", "recurrent", "bias"),
        ],
        weights={
            "kernel": lambda layer, s: (s[-1], gates * layer.units),
            "recurrent_kernel": lambda layer, s: (layer.units, gates * layer.units),
            "bias": lambda layer, s: (gates * layer.units,),
        },
        fixed={
            "activity_regularizer": None,
            "stateful": False,
            "time_major": False,
        },
        defaults=gated | dict.fromkeys(fields, False),
    )


_CONV_FIELDS = ["kernel_size", "strides", "padding", "data_format", "activation", "use_bias"]
_CONV_FIXED = {"activity_regularizer": None, "groups": 1}
_DILATED = ["dilation_rate"]
_FILTERED = ["filters", *_CONV_FIELDS, *_of("kernel", "bias")]
_BY_CHANNEL: ShapeOf = lambda layer, s: (s[layer.axis],)  # noqa: E731
_BY_AXES: ShapeOf = lambda layer, s: tuple(s[axis] for axis in _axes(layer))  # noqa: E731


def _axes(layer: keras.layers.LayerNormalization) -> Sequence[int]:
    return layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]


def _convolution(keras_class: type[keras.Layer]) -> LayerSpec:
    return LayerSpec(
        keras_class,
        [*_FILTERED, *_DILATED],
        weights={
            "kernel": lambda layer, s: (*layer.kernel_size, s[-1], layer.filters),
            "bias": lambda layer, s: (layer.filters,),
        },
        fixed=_CONV_FIXED,
    )


def _pooling(keras_class: type[keras.Layer]) -> LayerSpec:
    return LayerSpec(keras_class, ["pool_size", "strides", "padding", "data_format"])


def _global_pooling(keras_class: type[keras.Layer]) -> LayerSpec:
    return LayerSpec(keras_class, ["data_format"], fixed={"keepdims": False})


_L = keras.layers
_ROWS = [
    LayerSpec(
        _L.Dense,
        ["units", "activation", "use_bias", *_of("kernel", "bias")],
        weights={
            "kernel": lambda layer, s: (s[-1], layer.units),
            "bias": lambda layer, s: (layer.units,),
        },
        fixed={"activity_regularizer": None},
    ),
    LayerSpec(_L.Activation, ["activation"]),
    LayerSpec(_L.Dropout, ["rate"], fixed={"noise_shape": None}),
    LayerSpec(_L.Flatten, ["data_format"]),
    LayerSpec(_L.Reshape, ["target_shape"]),
    LayerSpec(_L.RepeatVector, ["n"]),
    LayerSpec(
        _L.Embedding,
        ["input_dim", "output_dim", *_of("embeddings")],
        weights={"embeddings": lambda layer, s: (layer.input_dim, layer.output_dim)},
        fixed={"activity_regularizer": None, "mask_zero": False},
    ),
    _recurrent(_L.LSTM, 4, "unit_forget_bias"),
    _recurrent(_L.GRU, 3, "reset_after"),
    _recurrent(_L.SimpleRNN, 1),
    LayerSpec(_L.Bidirectional, ["merge_mode"]),
    LayerSpec(_L.TimeDistributed),
    _convolution(_L.Conv1D),
    _convolution(_L.Conv2D),
    LayerSpec(
        _L.Conv2DTranspose,
        _FILTERED,
        weights={
            "kernel": lambda layer, s: (*layer.kernel_size, layer.filters, s[-1]),
            "bias": lambda layer, s: (layer.filters,),
        },
        fixed=_CONV_FIXED | {"output_padding": None, "dilation_rate": (1, 1)},
    ),
    LayerSpec(
        _L.DepthwiseConv2D,
        ["depth_multiplier", *_CONV_FIELDS, *_of("depthwise", "bias")],
        weights={
            "kernel": lambda layer, s: (*layer.kernel_size, s[-1], layer.depth_multiplier),
            "bias": lambda layer, s: (s[-1] * layer.depth_multiplier,),
        },
        renamed={"kernel": "depthwise_kernel"},
        fixed=_CONV_FIXED | {"dilation_rate": (1, 1)},
    ),
    LayerSpec(
        _L.SeparableConv2D,
        [
            *("filters", "depth_multiplier", *_CONV_FIELDS, *_DILATED),
            *_of("depthwise", "pointwise", "bias"),
        ],
        weights={
            "depthwise_kernel": lambda layer, s: (
                *layer.kernel_size,
                s[-1],
                layer.depth_multiplier,
            ),
            "pointwise_kernel": lambda layer, s: (
                *(1,) * len(layer.kernel_size),
                s[-1] * layer.depth_multiplier,
                layer.filters,
            ),
            "bias": lambda layer, s: (layer.filters,),
        },
        fixed=_CONV_FIXED,
    ),
    *map(_pooling, [_L.MaxPooling1D, _L.MaxPooling2D, _L.AveragePooling1D, _L.AveragePooling2D]),
    *map(_global_pooling, [_L.GlobalMaxPooling1D, _L.GlobalMaxPooling2D]),
    *map(_global_pooling, [_L.GlobalAveragePooling1D, _L.GlobalAveragePooling2D]),
    LayerSpec(
        _L.BatchNormalization,
        [
            *("axis", "momentum", "epsilon", "center", "scale", *_of("gamma", "beta")),
            *("moving_mean_initializer", "moving_variance_initializer"),
        ],
        weights=dict.fromkeys(["gamma", "beta", "moving_mean", "moving_variance"], _BY_CHANNEL),
        fixed={"renorm": False, "renorm_clipping": None},
        codecs={"axis": v.LAST_AXIS},  # for others the backends cpu and wasm compute something else
    ),
    LayerSpec(
        _L.LayerNormalization,
        ["axis", "epsilon", "center", "scale", *_of("gamma", "beta")],
        weights=dict.fromkeys(["gamma", "beta"], _BY_AXES),
        fixed={"rms_scaling": False},
    ),
    LayerSpec(_L.UpSampling2D, ["size", "data_format", "interpolation"]),
    LayerSpec(_L.ZeroPadding2D, ["padding", "data_format"], codecs={"padding": v.MARGINS}),
    LayerSpec(_L.Add),
    LayerSpec(_L.Multiply),
    LayerSpec(_L.Average),
    LayerSpec(_L.Concatenate, ["axis"]),
    LayerSpec(_L.ReLU, ["max_value"], fixed={"negative_slope": 0.0, "threshold": 0.0}),
    LayerSpec(_L.LeakyReLU, ["negative_slope"], renamed={"negative_slope": "alpha"}),
    LayerSpec(_L.ELU, fixed={"alpha": 1.0}),
    LayerSpec(
        _L.PReLU,
        ["shared_axes", *_of("alpha")],
        weights={
            "alpha": lambda layer, s: tuple(
                1 if axis in (layer.shared_axes or ()) else size
                for axis, size in enumerate(s[1:], start=1)
            )
        },
    ),
    LayerSpec(_L.Softmax, ["axis"], defaults={"axis": 1}, codecs={"axis": v.LAST_AXIS}),
]
TABLE = {row.keras_class.__name__: row for row in _ROWS}
