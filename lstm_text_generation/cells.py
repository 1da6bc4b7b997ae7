"""The model's LSTM layers, run one character at a time."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

States = list[list[tf.Tensor]]  # [h, c] of each LSTM layer, each [batch, units]


def lstm_layers(model: keras.Model) -> list[keras.layers.LSTM]:
    """Return the model's LSTM layers, from the input on."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]


def lstm_cells(model: keras.Model) -> list[keras.layers.LSTMCell]:
    """Return the cells of the model's LSTM layers."""
    return [layer.cell for layer in lstm_layers(model)]


def zero_states(model: keras.Model, batch: tf.Tensor) -> States:
    """Return the states in front of a text's first character."""
    return [[tf.zeros([batch, cell.units])] * 2 for cell in lstm_cells(model)]


def advance(
    cells: list[keras.layers.LSTMCell],
    x: tf.Tensor,
    states: States,
    masks: Sequence[tf.Tensor] = (),
) -> tuple[tf.Tensor, States]:
    """Take one character through the LSTM layers.

    Args:
      x: one-hot characters [batch, charset_size].
      masks: factors for the outputs of each layer [batch, units], for dropout; none by default.

    Returns:
      The last layer's output [batch, units], and the new states.
    """
    advanced = []
    for layer, cell in enumerate(cells):
        x, state = cell(x, states[layer])
        advanced.append(state)
        if masks:
            x *= tf.cast(masks[layer], x.dtype)
    return x, advanced


def scan(model: keras.Model, text: tf.Tensor, masks: Sequence[tf.Tensor] = ()) -> tf.Tensor:
    """Run the LSTM layers over a text from its beginning, for training.

    The loop takes each character through all layers, and TensorFlow begins an iteration before the
    last one has ended. So one layer's next character and the next layer's present one wait for
    nothing but their own inputs, and are computed at the same time on two cores. That, and not the
    arithmetic, is where this is faster than `model.fit`: the matrices are too small to share.

    Args:
      text: indices [length, batch].
      masks: factors for the outputs of each layer [batch, length, units], for dropout.

    Returns:
      The last layer's outputs, float32 [length, batch, units].
    """
    cells, size = lstm_cells(model), model.input_shape[2]
    length, batch = model.input_shape[1], tf.shape(text)[1]

    def body(position: tf.Tensor, outputs: tf.TensorArray, states: States) -> tuple:
        x = tf.one_hot(text[position], size)
        step = advance(cells, x, states, [mask[:, position] for mask in masks])
        x, states = tf.nest.map_structure(lambda value: tf.cast(value, tf.float32), step)
        return position + 1, outputs.write(position, x), states

    outputs = tf.TensorArray(tf.float32, length, element_shape=[None, cells[-1].units])
    start = (tf.constant(0), outputs, zero_states(model, batch))
    _, outputs, _ = tf.while_loop(lambda position, *_: position < length, body, start)
    return outputs.stack()


def one_step(model: keras.Model) -> Callable[..., dict[str, tf.Tensor]]:
    """Return a function that takes one character through the model.

    Its inputs are `character`, indices [batch], and the states of each LSTM layer, `lstm_1_h` and
    `lstm_1_c` [batch, units] and so on by the layers' names; zeros at a text's beginning. It
    returns `probabilities` of the next character [batch, charset_size], and the states by the
    same names, for the next call.
    """
    cells, size = lstm_cells(model), model.input_shape[2]
    names = [f"{layer.name}_{state}" for layer in lstm_layers(model) for state in "hc"]
    units = [cell.units for cell in cells for _ in "hc"]
    specs = [
        tf.TensorSpec([None, n], tf.float32, name) for n, name in zip(units, names, strict=True)
    ]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "character"), *specs])
    def step(character: tf.Tensor, *states: tf.Tensor) -> dict[str, tf.Tensor]:
        pairs = [list(pair) for pair in zip(states[::2], states[1::2], strict=True)]
        # Of integers first: TensorFlow.js's wasm backend has no one-hot vectors of floats.
        x = tf.cast(tf.one_hot(character, size, dtype=tf.int32), tf.float32)
        output, advanced = advance(cells, x, pairs)
        left = dict(zip(names, tf.nest.flatten(advanced), strict=True))
        return {"probabilities": model.layers[-1](output), **left}

    return step


def read(model: keras.Model, text: tf.Tensor) -> tuple[tf.Tensor, States]:
    """Run the model over a text from its beginning.

    The loop keeps nothing but tensors. Keras's own keeps lists of them, which TensorFlow.js cannot
    run.

    Args:
      text: indices [batch, length], or one-hot vectors [batch, length, charset_size].

    Returns:
      The probabilities of the character that follows, [batch, charset_size], and the LSTM states.
    """
    cells, size = lstm_cells(model), model.input_shape[2]

    def body(position: tf.Tensor, _: tf.Tensor, states: States) -> tuple:
        x = text[:, position]
        if text.dtype.is_integer:
            x = tf.one_hot(x, size)
        return position + 1, *advance(cells, x, states)

    length = tf.shape(text)[1]
    batch = tf.shape(text)[0]
    output = tf.zeros([batch, cells[-1].units])
    start = (tf.constant(0), output, zero_states(model, batch))
    _, output, states = tf.while_loop(lambda position, *_: position < length, body, start)
    return model.layers[-1](output), states
