"""The table of layer classes that Keras 3 and TensorFlow.js compute alike, for save and load.

To add a class, add a row. `layer_spec.py` explains the columns.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import keras
from keras import layers

from keras_tfjs import values
from keras_tfjs.layer_spec import LayerSpec, Shape, ShapeOf, variable_fields
from keras_tfjs.recurrent_classes import RECURRENT_ROWS

# A layer has these weights only if this field is true.
_OPTIONAL_WEIGHTS = {"bias": "use_bias", "gamma": "scale", "beta": "center"}


def weights_of(layer: keras.Layer) -> Iterator[tuple[str, Callable[[Shape], Shape]]]:
    """Yield TensorFlow.js's name and shape of each of `layer.weights`.

    The name does not contain the layer's name. The shape is a function of the layer's input shape.
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


def _of_cell(shape_of: Callable[[Shape], Shape], below: int | None, shape: Shape) -> Shape:
    """Return a weight's shape in a stack of cells; the cell below makes the cell's input."""
    return shape_of(shape if below is None else (*shape[:-1], below))


def _of_each_step(shape_of: Callable[[Shape], Shape], shape: Shape) -> Shape:
    """Return a weight's shape in a TimeDistributed, which calls the layer on each step."""
    return shape_of((*shape[:1], *shape[2:]))


_CONV_FIELDS = ["kernel_size", "strides", "padding", "data_format", "activation", "use_bias"]
_CONV_FIXED = {"activity_regularizer": None, "groups": 1}
_DILATED = ["dilation_rate"]
_FILTERED = ["filters", *_CONV_FIELDS, *variable_fields("kernel", "bias")]
_BY_CHANNEL: ShapeOf = lambda layer, shape: (shape[layer.axis],)  # noqa: E731
_BY_AXES: ShapeOf = lambda layer, shape: tuple(shape[axis] for axis in _axes(layer))  # noqa: E731


def _axes(layer: keras.layers.LayerNormalization) -> Sequence[int]:
    return layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]


def _convolution(keras_class: type[keras.Layer]) -> LayerSpec:
    return LayerSpec(
        keras_class,
        [*_FILTERED, *_DILATED],
        weights={
            "kernel": lambda layer, shape: (*layer.kernel_size, shape[-1], layer.filters),
            "bias": lambda layer, shape: (layer.filters,),
        },
        fixed=_CONV_FIXED,
    )


def _transposed_convolution(keras_class: type[keras.Layer], rank: int) -> LayerSpec:
    return LayerSpec(
        keras_class,
        _FILTERED,
        weights={
            "kernel": lambda layer, shape: (*layer.kernel_size, layer.filters, shape[-1]),
            "bias": lambda layer, shape: (layer.filters,),
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


_ROWS = [
    LayerSpec(
        layers.Dense,
        ["units", "activation", "use_bias", *variable_fields("kernel", "bias")],
        weights={
            "kernel": lambda layer, shape: (shape[-1], layer.units),
            "bias": lambda layer, shape: (layer.units,),
        },
        fixed={"activity_regularizer": None},
        passes_mask=True,
    ),
    LayerSpec(layers.Activation, ["activation"], passes_mask=True),
    LayerSpec(layers.Dropout, ["rate", "noise_shape"], passes_mask=True),
    LayerSpec(layers.SpatialDropout1D, ["rate"], fixed={"noise_shape": None}, passes_mask=True),
    LayerSpec(layers.GaussianNoise, ["stddev"], passes_mask=True),
    LayerSpec(layers.GaussianDropout, ["rate"], passes_mask=True),
    LayerSpec(layers.Masking, ["mask_value"]),
    LayerSpec(layers.Flatten, ["data_format"], check=_check_flatten),
    LayerSpec(layers.Permute, ["dims"]),
    LayerSpec(layers.Reshape, ["target_shape"]),
    LayerSpec(layers.RepeatVector, ["n"]),
    LayerSpec(
        layers.Embedding,
        ["input_dim", "output_dim", "mask_zero", *variable_fields("embeddings")],
        weights={"embeddings": lambda layer, shape: (layer.input_dim, layer.output_dim)},
        fixed={"activity_regularizer": None},
    ),
    *RECURRENT_ROWS,
    _convolution(layers.Conv1D),
    _convolution(layers.Conv2D),
    _convolution(layers.Conv3D),
    _transposed_convolution(layers.Conv2DTranspose, 2),
    _transposed_convolution(layers.Conv3DTranspose, 3)._replace(
        unwritable="the wasm backend computes wrong numbers"
    ),
    LayerSpec(
        layers.DepthwiseConv2D,
        ["depth_multiplier", *_CONV_FIELDS, *variable_fields("depthwise", "bias")],
        weights={
            "kernel": lambda layer, shape: (*layer.kernel_size, shape[-1], layer.depth_multiplier),
            "bias": lambda layer, shape: (shape[-1] * layer.depth_multiplier,),
        },
        renamed={"kernel": "depthwise_kernel"},
        fixed=_CONV_FIXED | {"dilation_rate": (1, 1)},
    ),
    LayerSpec(
        layers.SeparableConv2D,
        [
            *("filters", "depth_multiplier", *_CONV_FIELDS, *_DILATED),
            *variable_fields("depthwise", "pointwise", "bias"),
        ],
        weights={
            "depthwise_kernel": lambda layer, shape: (
                *layer.kernel_size,
                shape[-1],
                layer.depth_multiplier,
            ),
            "pointwise_kernel": lambda layer, shape: (
                *(1,) * len(layer.kernel_size),
                shape[-1] * layer.depth_multiplier,
                layer.filters,
            ),
            "bias": lambda layer, shape: (layer.filters,),
        },
        fixed=_CONV_FIXED,
    ),
    *map(
        _pooling,
        [
            layers.MaxPooling1D,
            layers.MaxPooling2D,
            layers.AveragePooling1D,
            layers.AveragePooling2D,
        ],
    ),
    _pooling(layers.MaxPooling3D)._replace(
        unwritable="the wasm backend computes wrong numbers for negative values"
    ),
    _pooling(layers.AveragePooling3D),
    *map(_global_pooling, [layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D]),
    *map(_global_pooling, [layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D]),
    LayerSpec(
        layers.BatchNormalization,
        [
            *("axis", "momentum", "epsilon", "center", "scale", *variable_fields("gamma", "beta")),
            *("moving_mean_initializer", "moving_variance_initializer"),
        ],
        weights=dict.fromkeys(["gamma", "beta", "moving_mean", "moving_variance"], _BY_CHANNEL),
        fixed={"renorm": False, "renorm_clipping": None},
        codecs={"axis": values.LAST_AXIS},  # cpu and wasm compute wrong numbers for other axes
        check=_check_normalization,
        passes_mask=True,
    ),
    LayerSpec(
        layers.LayerNormalization,
        ["axis", "epsilon", "center", "scale", *variable_fields("gamma", "beta")],
        weights=dict.fromkeys(["gamma", "beta"], _BY_AXES),
        fixed={"rms_scaling": False},
        check=_check_normalization,
        passes_mask=True,
    ),
    LayerSpec(layers.UpSampling2D, ["size", "data_format", "interpolation"]),
    LayerSpec(layers.ZeroPadding2D, ["padding", "data_format"], codecs={"padding": values.MARGINS}),
    LayerSpec(layers.Cropping2D, ["cropping", "data_format"]),
    *(
        LayerSpec(merging, check=_check_merging)
        for merging in (layers.Add, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
    ),
    LayerSpec(layers.Concatenate, ["axis"], check=_check_merging),
    LayerSpec(layers.Dot, ["axes", "normalize"], check=_check_dot),
    LayerSpec(layers.Rescaling, ["scale", "offset"], codecs={"scale": values.FLOAT}),
    LayerSpec(
        layers.CategoryEncoding,
        ["num_tokens", "output_mode"],
        fixed={"sparse": False},
        unwritable="tfjs-node cannot run it",
    ),
    LayerSpec(
        layers.ReLU,
        ["max_value"],
        fixed={"negative_slope": 0.0, "threshold": 0.0},
        passes_mask=True,
    ),
    LayerSpec(layers.LeakyReLU, ["negative_slope"], renamed={"negative_slope": "alpha"}),
    LayerSpec(layers.ELU, fixed={"alpha": 1.0}),
    LayerSpec(
        layers.PReLU,
        ["shared_axes", *variable_fields("alpha")],
        weights={
            "alpha": lambda layer, shape: tuple(
                1 if axis in (layer.shared_axes or ()) else size
                for axis, size in enumerate(shape[1:], start=1)
            )
        },
        passes_mask=True,
    ),
    LayerSpec(layers.Softmax, ["axis"], defaults={"axis": 1}, codecs={"axis": values.LAST_AXIS}),
]
TABLE = {row.keras_class.__name__: row for row in _ROWS}
