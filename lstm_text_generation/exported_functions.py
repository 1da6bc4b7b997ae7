"""The functions of the exported models, which run without Keras; export.py writes the files."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from lstm_text_generation.cells import last_probabilities, lstm_layers, lstm_step
from lstm_text_generation.generation import begin_text, continue_text


def one_step(model: keras.Model) -> Callable[..., dict[str, tf.Tensor]]:
    """Return a function that runs the model on one character.

    Its inputs are `character`, indices [batch], and the states of each LSTM layer, named after the
    layer: `lstm_1_h` and `lstm_1_c` [batch, units], and so on. At the beginning of a text, all
    states are zero. The function returns `probabilities` of the next character
    [batch, charset_size], and the new states under the same names.
    """
    layers, charset_size = lstm_layers(model), model.input_shape[2]
    names = [f"{layer.name}_{state}" for layer in layers for state in "hc"]
    units = [layer.units for layer in layers for _ in "hc"]
    specs = [
        tf.TensorSpec([None, n], tf.float32, name) for n, name in zip(units, names, strict=True)
    ]

    character = tf.TensorSpec([None], tf.int32, "character")

    @tf.function(input_signature=[character, *specs], autograph=False)
    def step(character: tf.Tensor, *states: tf.Tensor) -> dict[str, tf.Tensor]:
        state = [list(pair) for pair in zip(states[::2], states[1::2], strict=True)]
        x = tf.one_hot(character, charset_size)
        output, new_state = lstm_step(model, x, state)
        named = dict(zip(names, tf.nest.flatten(new_state), strict=True))
        return {"probabilities": model.layers[-1](output), **named}

    return step


def serving_default(model: keras.Model) -> Callable[..., dict[str, tf.Tensor]]:
    """Return a function from one-hot windows to the `probabilities` of the next character."""
    specification = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, "windows")

    @tf.function(input_signature=[specification], autograph=False)
    def serve(windows: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": last_probabilities(model, windows)[0]}

    return serve


def generate(model: keras.Model, char_set: Sequence[str]) -> Callable[..., dict[str, tf.Tensor]]:
    """Return a function that generates the `length` characters after a seed text.

    Its inputs are scalars: `seed_text`, `length`, `temperature`, and `seed`, the random seed.
    """
    codes = np.array([ord(char) for char in char_set], np.int32)
    order = np.argsort(codes).astype(np.int32)
    sorted_codes = codes[order]

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.string, "seed_text"),
            tf.TensorSpec([], tf.int32, "length"),
            tf.TensorSpec([], tf.float32, "temperature"),
            tf.TensorSpec([], tf.int64, "seed"),
        ],
        autograph=False,
    )
    def generate_after(
        seed_text: tf.Tensor, length: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        seed_codes = tf.strings.unicode_decode(seed_text, "UTF-8")
        position = tf.minimum(tf.searchsorted(sorted_codes, seed_codes), len(sorted_codes) - 1)
        unknown = tf.boolean_mask(seed_codes, tf.gather(sorted_codes, position) != seed_codes)
        checks = [
            tf.debugging.Assert(
                tf.size(unknown) == 0,
                [
                    "seed_text has characters that the model does not know:",
                    tf.strings.unicode_encode(unknown, "UTF-8"),
                ],
            ),
            tf.debugging.assert_positive(tf.size(seed_codes), "seed_text is empty"),
            tf.debugging.Assert(
                tf.math.is_finite(temperature) & (temperature >= 0),
                ["temperature must be a number of at least 0, but is", temperature],
            ),
            tf.debugging.assert_positive(length, "length must be positive"),
        ]
        with tf.control_dependencies(checks):
            indices = tf.gather(order, position)[None]
        probs, state = begin_text(model, indices, "stateful")
        draw_seed = tf.stack([seed, tf.constant(0, tf.int64)])
        written, _, _ = continue_text(
            model, probs, state, length, temperature, draw_seed, mode="stateful", top_k=0
        )
        return {"text": tf.strings.unicode_encode(tf.gather(codes, written[0]), "UTF-8")}

    return generate_after
