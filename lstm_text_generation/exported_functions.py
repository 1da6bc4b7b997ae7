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
        # Build the one-hot vectors as int32, then cast, because the wasm backend of TensorFlow.js
        # cannot build float one-hot vectors.
        x = tf.cast(tf.one_hot(character, charset_size, dtype=tf.int32), tf.float32)
        output, new_state = lstm_step(model, x, state)
        named = dict(zip(names, tf.nest.flatten(new_state), strict=True))
        return {"probabilities": model.layers[-1](output), **named}

    return step


class SavedTextModel(tf.Module):
    """The content of the SavedModel. Loading it needs TensorFlow, but not Keras or this package."""

    def __init__(self, model: keras.Model, char_set: Sequence[str]):
        super().__init__()
        self._model = model
        self._weights = [variable.value for variable in model.variables]
        codes = np.array([ord(char) for char in char_set], np.int32)
        order = np.argsort(codes).astype(np.int32)
        self._codes, self._sorted, self._order = map(tf.constant, (codes, codes[order], order))
        window = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, "windows")
        self.serving_default = tf.function(self._serve, input_signature=[window], autograph=False)
        self.generate = tf.function(
            self._generate,
            input_signature=[
                tf.TensorSpec([], tf.string, "seed_text"),
                tf.TensorSpec([], tf.int32, "length"),
                tf.TensorSpec([], tf.float32, "temperature"),
                tf.TensorSpec([], tf.int64, "seed"),
            ],
            autograph=False,
        )

    def _serve(self, windows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Map one-hot windows to the probabilities of the next character."""
        return {"probabilities": last_probabilities(self._model, windows)[0]}

    def _generate(
        self, seed_text: tf.Tensor, length: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Generate the `length` characters after a seed text."""
        codes = tf.strings.unicode_decode(seed_text, "UTF-8")
        place = tf.minimum(tf.searchsorted(self._sorted, codes), len(self._sorted) - 1)
        unknown = tf.boolean_mask(codes, tf.gather(self._sorted, place) != codes)
        checks = [
            tf.debugging.Assert(
                tf.size(unknown) == 0,
                [
                    "seed_text has characters that the model does not know:",
                    tf.strings.unicode_encode(unknown, "UTF-8"),
                ],
            ),
            tf.debugging.assert_positive(tf.size(codes), "seed_text is empty"),
            tf.debugging.Assert(
                tf.math.is_finite(temperature) & (temperature >= 0),
                ["temperature must be a number of at least 0, but is", temperature],
            ),
            tf.debugging.assert_positive(length, "length must be positive"),
        ]
        with tf.control_dependencies(checks):
            indices = tf.gather(self._order, place)[None]
        probs, state = begin_text(self._model, indices, "stateful")
        draws = tf.stack([seed, tf.constant(0, tf.int64)])
        written, _, _ = continue_text(
            self._model, probs, state, length, temperature, draws, mode="stateful", top_k=0
        )
        return {"text": tf.strings.unicode_encode(tf.gather(self._codes, written[0]), "UTF-8")}
