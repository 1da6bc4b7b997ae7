"""Computing the LSTM layers, for training, text generation and exports.

The functions loop over the characters themselves, because this is faster on a CPU, and because
a SavedModel with Keras's loop does not convert to TensorFlow.js. Only `run_by_layer` uses Keras's
loop.
"""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

State = list[list[tf.Tensor]]  # [h, c] of each LSTM layer, each [batch, units]


def lstm_layers(model: keras.Model) -> list[keras.layers.LSTM]:
    """Return the model's LSTM layers, the first layer first."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]


def zero_state(model: keras.Model, batch_size: Any) -> State:
    """Return the state before the first character of a text."""
    return [[tf.zeros([batch_size, layer.units])] * 2 for layer in lstm_layers(model)]


def lstm_step(
    model: keras.Model, x: tf.Tensor, state: State, masks: Mapping[str, tf.Tensor] | None = None
) -> tuple[tf.Tensor, State]:
    """Run all layers but the last on one character.

    Args:
      x: one-hot characters [batch, charset_size].
      masks: the factors of each Dropout layer, [batch, units], by the layer's name; without
        masks there is no dropout.

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


def run_by_character(
    model: keras.Model, windows: tf.Tensor, state: State, masks: Mapping[str, tf.Tensor]
) -> tuple[tf.Tensor, State]:
    """Run all layers on a character before the next character.

    TensorFlow starts an iteration before the previous iteration has ended, so each layer can run
    on its own core. On a CPU this order is faster than `model.fit`, because the matrices are too
    small to split a layer over several cores.

    Args:
      windows: indices [batch, length].
      masks: see `lstm_step`.

    Returns:
      The last layer's outputs [batch, length, units], and the new state.
    """
    characters = tf.transpose(windows)  # [length, batch]
    length, units = tf.shape(characters)[0], lstm_layers(model)[-1].units

    def body(position: tf.Tensor, outputs: tf.TensorArray, state: State) -> tuple:
        x = tf.one_hot(characters[position], model.input_shape[2])
        output, state = lstm_step(model, x, state, masks)
        return position + 1, outputs.write(position, output), state

    outputs = tf.TensorArray(tf.float32, length, element_shape=[None, units])
    start = (tf.constant(0), outputs, state)
    _, outputs, state = tf.while_loop(lambda position, *_: position < length, body, start)
    return tf.transpose(outputs.stack(), [1, 0, 2]), state


def run_by_layer(
    model: keras.Model, windows: tf.Tensor, state: State, masks: Mapping[str, tf.Tensor]
) -> tuple[tf.Tensor, State]:
    """Run a layer on whole windows before the next layer, as Keras does.

    On a GPU, Keras computes a layer with a single call of cuDNN. For arguments and results see
    `run_by_character`.
    """
    old, new = iter(state), []
    x = tf.one_hot(windows, model.input_shape[2])
    for layer in model.layers[:-1]:
        if isinstance(layer, keras.layers.LSTM):
            x, *layer_state = _SequenceLSTM(layer)(x, initial_state=next(old))
            new.append(layer_state)
        elif masks:
            x *= masks[layer.name][:, None]
    return x, new


class _SequenceLSTM(keras.layers.LSTM):
    """An LSTM layer that shares another layer's cell, and returns all outputs and its state.

    In the model, the last LSTM layer returns only one output, and no layer returns its state.
    """

    def __init__(self, layer: keras.layers.LSTM):
        # Skip LSTM's own __init__, because it creates another cell, which has a variable.
        super(keras.layers.LSTM, self).__init__(
            layer.cell, return_sequences=True, return_state=True, name=layer.name
        )
        self.use_cudnn = "auto"


def last_probabilities(model: keras.Model, text: tf.Tensor) -> tuple[tf.Tensor, State]:
    """Predict the character after each text, from a zero state.

    Keras's RNN loop uses TensorLists, which TensorFlow.js cannot run. This loop carries plain
    tensors.

    Args:
      text: indices [batch, length], or one-hot vectors [batch, length, charset_size].

    Returns:
      The probabilities of the next character, [batch, charset_size], and the new state.
    """
    charset_size, units = model.input_shape[2], lstm_layers(model)[-1].units

    def body(position: tf.Tensor, _: tf.Tensor, state: State) -> tuple:
        x = text[:, position]
        if text.dtype.is_integer:
            x = tf.one_hot(x, charset_size)
        return position + 1, *lstm_step(model, x, state)

    batch_size, length = tf.shape(text)[0], tf.shape(text)[1]
    start = (tf.constant(0), tf.zeros([batch_size, units]), zero_state(model, batch_size))
    _, output, state = tf.while_loop(lambda position, *_: position < length, body, start)
    return model.layers[-1](output), state
