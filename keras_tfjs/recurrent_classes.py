"""The rows of the table for recurrent layers, their cells, and the layers that wrap layers."""

import keras

from keras_tfjs.layer_spec import LayerSpec, Shape, variable_fields

_LOOP_FIELDS = ["return_sequences", "return_state", "go_backwards"]
_LOOP_FIXED = {
    "activity_regularizer": None,
    "stateful": False,
    "time_major": False,
}


def _cell(keras_class: type[keras.Layer], gates: int, *fields: str) -> LayerSpec:
    """Return the row of a recurrent cell with the given number of gates."""
    gated = {"recurrent_activation": "hard_sigmoid"} if gates > 1 else {}
    return LayerSpec(
        keras_class,
        [
            *("units", "activation", *gated, "use_bias", *fields),
            *variable_fields("kernel", "recurrent", "bias"),
        ],
        weights={
            "kernel": lambda layer, s: (s[-1], gates * layer.units),
            "recurrent_kernel": lambda layer, s: (layer.units, gates * layer.units),
            "bias": lambda layer, s: (gates * layer.units,),
        },
        # TensorFlow.js draws the dropout mask of a cell in an RNN once, for all batches.
        fixed={"dropout": 0.0, "recurrent_dropout": 0.0, "activity_regularizer": None},
        defaults=gated | dict.fromkeys(fields, False),
    )


def _recurrent(keras_class: type[keras.Layer], gates: int, *fields: str) -> LayerSpec:
    """Return the row of a recurrent layer with the given number of gates."""
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


_L = keras.layers
_CONV_LSTM = LayerSpec(
    _L.ConvLSTM2D,
    [
        *("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"),
        *("activation", "use_bias", "recurrent_activation", "unit_forget_bias"),
        *("dropout", "recurrent_dropout", *_LOOP_FIELDS),
        *variable_fields("kernel", "recurrent", "bias"),
    ],
    weights={
        "kernel": lambda layer, s: (*layer.kernel_size, s[-1], 4 * layer.filters),
        "recurrent_kernel": lambda layer, s: (
            *layer.kernel_size,
            layer.filters,
            4 * layer.filters,
        ),
        "bias": lambda layer, s: (4 * layer.filters,),
    },
    fixed=_LOOP_FIXED,
    check=_check_conv_lstm,
    defaults={"recurrent_activation": "hard_sigmoid", "unit_forget_bias": False},
)
RECURRENT_ROWS = [
    _recurrent(_L.LSTM, 4, "unit_forget_bias"),
    _recurrent(_L.GRU, 3, "reset_after"),
    _recurrent(_L.SimpleRNN, 1),
    _cell(_L.LSTMCell, 4, "unit_forget_bias"),
    _cell(_L.GRUCell, 3, "reset_after"),
    _cell(_L.SimpleRNNCell, 1),
    LayerSpec(_L.StackedRNNCells, sublayers=["cells"]),
    LayerSpec(_L.RNN, _LOOP_FIELDS, fixed=_LOOP_FIXED, sublayers=["cell"], check=_check_rnn),
    LayerSpec(_L.Bidirectional, ["merge_mode"], sublayers=["layer"], check=_check_bidirectional),
    LayerSpec(_L.TimeDistributed, sublayers=["layer"], passes_mask=True),
    _CONV_LSTM,
]
