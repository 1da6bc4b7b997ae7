"""Small models with recurrent layers and with TimeDistributed."""

from keras import layers

from keras_tfjs.values import hard_sigmoid
from tests.keras_tfjs.case import Case

_SEQUENCE = [(5, 4)]
_STATES = [(5, 4), (3,), (3,)]


def with_states(layer):
    """Return a function that calls the layer on a sequence and its initial states."""
    return lambda inputs: layer(inputs[0], initial_state=list(inputs[1:]))


RECURRENT_CASES = {
    "LSTM": Case(lambda: layers.LSTM(3), _SEQUENCE),
    "LSTM, every step, backwards": Case(
        lambda: layers.LSTM(3, return_sequences=True, go_backwards=True), _SEQUENCE
    ),
    "LSTM with states": Case(lambda: layers.LSTM(3, return_state=True), _SEQUENCE),
    "LSTM hard_sigmoid, without bias": Case(
        lambda: layers.LSTM(3, recurrent_activation=hard_sigmoid, use_bias=False), _SEQUENCE
    ),
    "LSTM, no unit_forget_bias": Case(lambda: layers.LSTM(3, unit_forget_bias=False), _SEQUENCE),
    "LSTM unrolled": Case(lambda: layers.LSTM(3, unroll=True), _SEQUENCE),
    "GRU": Case(lambda: layers.GRU(3, reset_after=False), _SEQUENCE),
    "GRU, every step": Case(
        lambda: layers.GRU(3, reset_after=False, return_sequences=True, activation="relu"),
        _SEQUENCE,
    ),
    "SimpleRNN": Case(lambda: layers.SimpleRNN(3), _SEQUENCE),
    "SimpleRNN with states": Case(lambda: layers.SimpleRNN(3, return_state=True), _SEQUENCE),
    **{
        f"Bidirectional {mode}": Case(
            lambda mode=mode: layers.Bidirectional(
                layers.LSTM(3, return_sequences=mode != "sum"), merge_mode=mode
            ),
            _SEQUENCE,
        )
        for mode in ("concat", "sum", "mul", "ave", None)
    },
    "Bidirectional with states": Case(
        lambda: layers.Bidirectional(layers.LSTM(3, return_state=True)), _SEQUENCE
    ),
    "Bidirectional GRU": Case(
        lambda: layers.Bidirectional(layers.GRU(2, reset_after=False)), _SEQUENCE
    ),
    "TimeDistributed": Case(lambda: layers.TimeDistributed(layers.Dense(3, "relu")), _SEQUENCE),
    "TimeDistributed Conv2D": Case(
        lambda: layers.TimeDistributed(layers.Conv2D(2, 3)), [(2, 5, 5, 3)]
    ),
    "LSTM with initial states": Case(
        lambda: with_states(layers.LSTM(3, return_sequences=True)), _STATES
    ),
    "GRU with an initial state": Case(
        lambda: with_states(layers.GRU(3, reset_after=False)), _STATES[:2]
    ),
    "Bidirectional with initial states": Case(
        lambda: with_states(layers.Bidirectional(layers.LSTM(3))), [*_STATES, (3,), (3,)]
    ),
    "RNN LSTMCell": Case(lambda: layers.RNN(layers.LSTMCell(3), return_state=True), _SEQUENCE),
    "RNN GRUCell": Case(
        lambda: layers.RNN(layers.GRUCell(3, reset_after=False), return_sequences=True), _SEQUENCE
    ),
    "RNN SimpleRNNCell": Case(
        lambda: layers.RNN(layers.SimpleRNNCell(3), go_backwards=True), _SEQUENCE
    ),
    "RNN StackedRNNCells": Case(
        lambda: layers.RNN(
            [layers.LSTMCell(2), layers.GRUCell(4, reset_after=False), layers.SimpleRNNCell(3)]
        ),
        _SEQUENCE,
    ),
    "ConvLSTM2D": Case(lambda: layers.ConvLSTM2D(2, 3), [(4, 6, 5, 3)]),
    "ConvLSTM2D, every step, same": Case(
        lambda: layers.ConvLSTM2D(
            2, (3, 2), padding="same", return_sequences=True, activation="relu"
        ),
        [(4, 6, 5, 3)],
    ),
    "ConvLSTM2D strides, with states": Case(
        lambda: layers.ConvLSTM2D(2, 2, strides=2, return_state=True, use_bias=False),
        [(4, 6, 5, 3)],
    ),
    "ConvLSTM2D dilated": Case(lambda: layers.ConvLSTM2D(2, 2, dilation_rate=2), [(4, 6, 5, 3)]),
}
