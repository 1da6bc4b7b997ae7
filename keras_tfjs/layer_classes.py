"""The table of layer classes that Keras 3 and TensorFlow.js compute alike, read in both directions.

To add a class, add a row. `layer_spec.py` explains the columns.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import keras

from keras_tfjs import values as v
from keras_tfjs.layer_spec import LayerSpec, Shape, ShapeOf, variable_fields
from keras_tfjs.recurrent_classes import RECURRENT_ROWS

# Weights that a layer has only if this field is true.
_OPTIONAL_WEIGHTS = {"bias": "use_bias", "gamma": "scale", "beta": "center"}


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
    elif isinstance(layer, keras.layers.StackedRNNCells):
        for number, cell in enumerate(layer.cells):
            below = layer.cells[number - 1].output_size if number else None
            for name, shape_of in weights_of(cell):
                yield f"RNNCell_{number}/{name}", partial(_of_cell, shape_of, below)
    elif type(layer) is keras.layers.RNN:
        yield from weights_of(layer.cell)
    elif row := TABLE.get(type(layer).__name__):
        for name, shape_of_layer in row.weights.items():
            field = _OPTIONAL_WEIGHTS.get(name)
            if field is None or getattr(layer, field):
                yield row.renamed.get(name, name), partial(shape_of_layer, layer)


def _of_cell(shape_of: Callable[[Shape], Shape], below: int | None, s: Shape) -> Shape:
    """Return a weight's shape in a stack of cells: each takes the outputs of the cell below."""
    return shape_of(s if below is None else (*s[:-1], below))


def _of_each_step(shape_of: Callable[[Shape], Shape], s: Shape) -> Shape:
    """Return a weight's shape by that of a sequence, whose steps the layer sees one by one."""
    return shape_of((*s[:1], *s[2:]))


_CONV_FIELDS = ["kernel_size", "strides", "padding", "data_format", "activation", "use_bias"]
_CONV_FIXED = {"activity_regularizer": None, "groups": 1}
_DILATED = ["dilation_rate"]
_FILTERED = ["filters", *_CONV_FIELDS, *variable_fields("kernel", "bias")]
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


def _transposed_convolution(keras_class: type[keras.Layer], rank: int) -> LayerSpec:
    return LayerSpec(
        keras_class,
        _FILTERED,
        weights={
            "kernel": lambda layer, s: (*layer.kernel_size, layer.filters, s[-1]),
            "bias": lambda layer, s: (layer.filters,),
        },
        fixed=_CONV_FIXED | {"output_padding": None, "dilation_rate": (1,) * rank},
    )


def _pooling(keras_class: type[keras.Layer]) -> LayerSpec:
    return LayerSpec(keras_class, ["pool_size", "strides", "padding", "data_format"])


def _global_pooling(keras_class: type[keras.Layer]) -> LayerSpec:
    return LayerSpec(keras_class, ["data_format"], fixed={"keepdims": False})


def _check_flatten(layer: keras.Layer, shapes: list[Shape]) -> None:
    if len(shapes[0]) < 3 or None in shapes[0][1:]:
        raise ValueError(f"TensorFlow.js cannot flatten {shapes[0]}")


def _check_normalization(layer: keras.Layer, shapes: list[Shape]) -> None:
    if len(shapes[0]) > 4:
        raise ValueError(f"TensorFlow.js cannot normalize {shapes[0]}")


def _check_merging(layer: keras.Layer, shapes: list[Shape]) -> None:
    if len(shapes) == 1:
        raise ValueError("TensorFlow.js needs at least two inputs")


def _check_dot(layer: keras.Layer, shapes: list[Shape]) -> None:
    if max(map(len, shapes)) > 3:
        raise ValueError("TensorFlow.js has no dot product of more than 3 dimensions")


_L = keras.layers
_ROWS = [
    LayerSpec(
        _L.Dense,
        ["units", "activation", "use_bias", *variable_fields("kernel", "bias")],
        weights={
            "kernel": lambda layer, s: (s[-1], layer.units),
            "bias": lambda layer, s: (layer.units,),
        },
        fixed={"activity_regularizer": None},
        passes_mask=True,
    ),
    LayerSpec(_L.Activation, ["activation"], passes_mask=True),
    LayerSpec(_L.Dropout, ["rate", "noise_shape"], passes_mask=True),
    LayerSpec(_L.SpatialDropout1D, ["rate"], fixed={"noise_shape": None}, passes_mask=True),
    LayerSpec(_L.GaussianNoise, ["stddev"], passes_mask=True),
    LayerSpec(_L.GaussianDropout, ["rate"], passes_mask=True),
    LayerSpec(_L.Masking, ["mask_value"]),
    LayerSpec(_L.Flatten, ["data_format"], check=_check_flatten),
    LayerSpec(_L.Permute, ["dims"]),
    LayerSpec(_L.Reshape, ["target_shape"]),
    LayerSpec(_L.RepeatVector, ["n"]),
    LayerSpec(
        _L.Embedding,
        ["input_dim", "output_dim", "mask_zero", *variable_fields("embeddings")],
        weights={"embeddings": lambda layer, s: (layer.input_dim, layer.output_dim)},
        fixed={"activity_regularizer": None},
    ),
    *RECURRENT_ROWS,
    _convolution(_L.Conv1D),
    _convolution(_L.Conv2D),
    _convolution(_L.Conv3D),
    _transposed_convolution(_L.Conv2DTranspose, 2),
    _transposed_convolution(_L.Conv3DTranspose, 3)._replace(
        unwritable="TensorFlow.js's wasm backend computes something else"
    ),
    LayerSpec(
        _L.DepthwiseConv2D,
        ["depth_multiplier", *_CONV_FIELDS, *variable_fields("depthwise", "bias")],
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
            *variable_fields("depthwise", "pointwise", "bias"),
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
    _pooling(_L.MaxPooling3D)._replace(
        unwritable="TensorFlow.js's wasm backend computes something else of negative values"
    ),
    _pooling(_L.AveragePooling3D),
    *map(_global_pooling, [_L.GlobalMaxPooling1D, _L.GlobalMaxPooling2D]),
    *map(_global_pooling, [_L.GlobalAveragePooling1D, _L.GlobalAveragePooling2D]),
    LayerSpec(
        _L.BatchNormalization,
        [
            *("axis", "momentum", "epsilon", "center", "scale", *variable_fields("gamma", "beta")),
            *("moving_mean_initializer", "moving_variance_initializer"),
        ],
        weights=dict.fromkeys(["gamma", "beta", "moving_mean", "moving_variance"], _BY_CHANNEL),
        fixed={"renorm": False, "renorm_clipping": None},
        codecs={"axis": v.LAST_AXIS},  # for others the backends cpu and wasm compute something else
        check=_check_normalization,
        passes_mask=True,
    ),
    LayerSpec(
        _L.LayerNormalization,
        ["axis", "epsilon", "center", "scale", *variable_fields("gamma", "beta")],
        weights=dict.fromkeys(["gamma", "beta"], _BY_AXES),
        fixed={"rms_scaling": False},
        check=_check_normalization,
        passes_mask=True,
    ),
    LayerSpec(_L.UpSampling2D, ["size", "data_format", "interpolation"]),
    LayerSpec(_L.ZeroPadding2D, ["padding", "data_format"], codecs={"padding": v.MARGINS}),
    LayerSpec(_L.Cropping2D, ["cropping", "data_format"]),
    *(
        LayerSpec(merging, check=_check_merging)
        for merging in (_L.Add, _L.Multiply, _L.Average, _L.Maximum, _L.Minimum)
    ),
    LayerSpec(_L.Concatenate, ["axis"], check=_check_merging),
    LayerSpec(_L.Dot, ["axes", "normalize"], check=_check_dot),
    LayerSpec(_L.Rescaling, ["scale", "offset"], codecs={"scale": v.FLOAT}),
    LayerSpec(
        _L.CategoryEncoding,
        ["num_tokens", "output_mode"],
        fixed={"sparse": False},
        unwritable="tfjs-node cannot run it",
    ),
    LayerSpec(
        _L.ReLU,
        ["max_value"],
        fixed={"negative_slope": 0.0, "threshold": 0.0},
        passes_mask=True,
    ),
    LayerSpec(_L.LeakyReLU, ["negative_slope"], renamed={"negative_slope": "alpha"}),
    LayerSpec(_L.ELU, fixed={"alpha": 1.0}),
    LayerSpec(
        _L.PReLU,
        ["shared_axes", *variable_fields("alpha")],
        weights={
            "alpha": lambda layer, s: tuple(
                1 if axis in (layer.shared_axes or ()) else size
                for axis, size in enumerate(s[1:], start=1)
            )
        },
        passes_mask=True,
    ),
    LayerSpec(_L.Softmax, ["axis"], defaults={"axis": 1}, codecs={"axis": v.LAST_AXIS}),
]
TABLE = {row.keras_class.__name__: row for row in _ROWS}
