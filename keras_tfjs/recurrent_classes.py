"""The rows of the table for recurrent layers, cells, Bidirectional and TimeDistributed."""

import keras
from keras import layers

from keras_tfjs.layer_spec import LayerSpec, Shape, variable_fields

_LOOP_FIELDS = ["return_sequences", "return_state", "go_backwards"]
_LOOP_FIXED = {
    "activity_regularizer": None,
    "stateful": False,
    "time_major": False,
}


def _cell(keras_class: type[keras.Layer], gates: int, *fields: str) -> LayerSpec:
    """Return the row of a recurrent cell with a number of gates."""
    gated = {"recurrent_activation": "hard_sigmoid"} if gates > 1 else {}
    return LayerSpec(
        keras_class,
        [
            *("units", "activation", *gated, "use_bias", *fields),
            *variable_fields("kernel", "recurrent", "bias"),
        ],
        weights={
            "kernel": lambda layer, shape: (shape[-1], gates * layer.units),
            "recurrent_kernel": lambda layer, shape: (layer.units, gates * layer.units),
            "bias": lambda layer, shape: (gates * layer.units,),
        },
        # Dropout must be 0, because TensorFlow.js draws the dropout mask of a cell once for all
        # batches.
        fixed={"dropout": 0.0, "recurrent_dropout": 0.0, "activity_regularizer": None},
        defaults=gated | dict.fromkeys(fields, False),
    )


def _recurrent(keras_class: type[keras.Layer], gates: int, *fields: str) -> LayerSpec:
    """Return the row of a recurrent layer with a number of gates."""
    cell = _cell(keras_class, gates, *fields)
    return cell._replace(
        fields=[*cell.fields, "dropout", "recurrent_dropout", *_LOOP_FIELDS],
        fixed=_LOOP_FIXED,
    )


def _check_rnn(layer: keras.layers.RNN, shapes: list[Shape]) -> None:
    if layer.return_state and isinstance(layer.cell, keras.layers.StackedRNNCells):
        raise ValueError("return_state: TensorFlow.js has the states of stacked cells reversed")


def _check_conv_lstm(layer: keras.layers.ConvLSTM2D, shapes: list[Shape]) -> None:
    if len(shapes) > 1:
        raise ValueError("initial_state: TensorFlow.js fails to load the model")


def _check_bidirectional(layer: keras.layers.Bidirectional, shapes: list[Shape]) -> None:
    if not isinstance(
        layer.forward_layer, keras.layers.LSTM | keras.layers.GRU | keras.layers.SimpleRNN
    ):
        raise ValueError("layer: TensorFlow.js has LSTM, GRU and SimpleRNN only")


_CONV_LSTM = LayerSpec(
    layers.ConvLSTM2D,
    [
        *("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"),
        *("activation", "use_bias", "recurrent_activation", "unit_forget_bias"),
        *("dropout", "recurrent_dropout", *_LOOP_FIELDS),
        *variable_fields("kernel", "recurrent", "bias"),
    ],
    weights={
        "kernel": lambda layer, shape: (*layer.kernel_size, shape[-1], 4 * layer.filters),
        "recurrent_kernel": lambda layer, shape: (
            *layer.kernel_size,
            layer.filters,
            4 * layer.filters,
        ),
        "bias": lambda layer, shape: (4 * layer.filters,),
    },
    fixed=_LOOP_FIXED,
    check=_check_conv_lstm,
    defaults={"recurrent_activation": "hard_sigmoid", "unit_forget_bias": False},
)
RECURRENT_ROWS = [
    _recurrent(layers.LSTM, 4, "unit_forget_bias"),
    _recurrent(layers.GRU, 3, "reset_after"),
    _recurrent(layers.SimpleRNN, 1),
    _cell(layers.LSTMCell, 4, "unit_forget_bias"),
    _cell(layers.GRUCell, 3, "reset_after"),
    _cell(layers.SimpleRNNCell, 1),
    LayerSpec(layers.StackedRNNCells, sublayers=["cells"]),
    LayerSpec(layers.RNN, _LOOP_FIELDS, fixed=_LOOP_FIXED, sublayers=["cell"], check=_check_rnn),
    LayerSpec(
        layers.Bidirectional, ["merge_mode"], sublayers=["layer"], check=_check_bidirectional
    ),
    LayerSpec(layers.TimeDistributed, sublayers=["layer"], passes_mask=True),
    _CONV_LSTM,
]
