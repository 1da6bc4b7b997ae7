"""The LSTM layers character by character; apart from model.py, as writing and exports need them.

Keras's own loop over the characters does not run in TensorFlow.js.
"""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

State = list[list[tf.Tensor]]  # [h, c] of each LSTM layer, each [batch, units]


def lstm_layers(model: keras.Model) -> list[keras.layers.LSTM]:
    """Return the model's LSTM layers, from the input on."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]


def zero_state(model: keras.Model, batch: Any) -> State:
    """Return the state before a text's first character."""
    return [[tf.zeros([batch, layer.units])] * 2 for layer in lstm_layers(model)]


def lstm_step(
    model: keras.Model, x: tf.Tensor, state: State, masks: Mapping[str, tf.Tensor] | None = None
) -> tuple[tf.Tensor, State]:
    """Take one character through the LSTM layers.

    Args:
      x: one-hot characters [batch, charset_size].
      masks: by the name of a Dropout layer, what it multiplies its input with, [batch, units];
        without masks there is no dropout.

    Returns:
      The last layer's output [batch, units], and the new state.
    """
    old, new = iter(state), []
    for layer in model.layers[:-1]:
        if isinstance(layer, keras.layers.LSTM):
            x, layer_state = layer.cell(x, next(old))
            new.append(layer_state)
        elif masks:
            x *= masks[layer.name]
    return x, new


def last_probabilities(model: keras.Model, text: tf.Tensor) -> tuple[tf.Tensor, State]:
    """Read texts from their beginning.

    Keras's RNN loop uses TensorLists, which TensorFlow.js cannot run. This loop carries plain
    tensors.

    Args:
      text: indices [batch, length], or one-hot vectors [batch, length, charset_size].

    Returns:
      The probabilities of the character that follows, [batch, charset_size], and the state.
    """
    charset_size, units = model.input_shape[2], lstm_layers(model)[-1].units

    def body(position: tf.Tensor, _: tf.Tensor, state: State) -> tuple:
        x = text[:, position]
        if text.dtype.is_integer:
            x = tf.one_hot(x, charset_size)
        return position + 1, *lstm_step(model, x, state)

    batch, length = tf.shape(text)[0], tf.shape(text)[1]
    start = (tf.constant(0), tf.zeros([batch, units]), zero_state(model, batch))
    _, output, state = tf.while_loop(lambda position, *_: position < length, body, start)
    return model.layers[-1](output), state
