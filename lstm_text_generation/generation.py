"""Writing text with a trained model: `sample` and `generateText` of the original's model.js."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from lstm_text_generation.cells import advance, lstm_cells, read

Mode = Literal["stateful", "windowed"]

_STREAMED = 10  # characters made between two looks at the screen


def sample(
    probs: Any, temperature: Any, seed: Sequence[int] | None = None, top_k: int = 0
) -> tf.Tensor:
    """Draw characters from predicted probabilities (`sample`; the book's section 10.1.3).

    A probability p becomes proportional to p^(1 / temperature): below 1 the likely ones grow
    likelier, at 0 only the likeliest is left, above 1 they come closer to each other.

    Args:
      probs: probabilities [charset_size], or [batch, charset_size]; they may hold zeros.
      temperature: at least 0; a number, or one a row.
      seed: two integers that decide the draw; by default another draw every time.
      top_k: draw only from the k likeliest; 0 draws from all.

    Returns:
      The index drawn, or [batch] of them.

    Raises:
      ValueError: the temperature is negative or not a finite number; or so is a probability, or
        all of a row are 0.
    """
    probs = tf.convert_to_tensor(probs, tf.float32)
    if not np.all(np.isfinite(probs)) or np.any(probs < 0) or not np.all(np.any(probs, axis=-1)):
        raise ValueError("probs must be numbers of at least 0, and not all of them 0")
    if not np.all(np.isfinite(temperature)) or np.any(np.asarray(temperature) < 0):
        raise ValueError(f"temperature must be a number of at least 0, but got {temperature}")
    if seed is None:
        seed = np.random.default_rng().integers(0, 2**31, 2).tolist()
    rows = tf.reshape(probs, [-1, probs.shape[-1]])
    drawn = _draw(rows, tf.constant(temperature, tf.float32), tf.constant(seed, tf.int64), top_k)
    return tf.reshape(drawn, probs.shape[:-1])


class TextGenerator:
    """Writes text with a trained model, a character at a time, a batch of texts at once.

    `stateful` reads the seed text once, whatever its length, and then carries the LSTM states on.
    `windowed` reads the last `sample_len` characters anew for every character, as the original.
    With `top_k`, only the k likeliest characters are drawn from; 0 draws from all.
    """

    def __init__(self, model: keras.Model, mode: Mode = "stateful", top_k: int = 0):
        self.model = model
        self.mode = mode
        self.top_k = top_k
        indices = tf.TensorSpec([None, None], tf.int32)
        self.start = tf.function(self._start, input_signature=[indices])
        self.write = tf.function(self._write, reduce_retracing=True)

    def generate(
        self,
        char_set: Sequence[str],
        sentence_indices: Sequence[int],
        length: int,
        temperature: float,
        on_text_generation_char: Callable[[str], None] | None = None,
        seed: int | None = None,
    ) -> str:
        """Write one text.

        Args:
          char_set: the characters by index.
          sentence_indices: the seed text; in windowed mode at least `sample_len` characters.
          length: characters to generate.
          temperature: at least 0; see `sample`.
          on_text_generation_char: called with each character, soon after it is made.
          seed: decides the draws; by default another text every time.

        Raises:
          ValueError: the seed text is empty, or too short for windowed mode; or the model's weights
            are such that it computes no probabilities.
        """
        needed = self.model.input_shape[1] if self.mode == "windowed" else 1
        if len(sentence_indices) < needed:
            raise ValueError(
                f"Seed text must have a length of at least {needed}, but has a length of "
                f"{len(sentence_indices)}."
            )
        if seed is None:
            seed = int(np.random.default_rng().integers(0, 2**31))
        probs, memory = self.start(tf.constant([sentence_indices], tf.int32))
        generated = ""
        while len(generated) < length:
            indices, probs, memory = self.write(
                probs,
                memory,
                tf.constant(min(_STREAMED, length - len(generated))),
                tf.constant(temperature, tf.float32),
                tf.constant(seed, tf.int64),
                tf.constant(len(generated), tf.int64),
            )
            for char in to_text(char_set, indices[0].numpy()):
                generated += char
                if on_text_generation_char:
                    on_text_generation_char(char)
        return generated

    def _start(self, text: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Read seed texts [batch, length]; in windowed mode at least `sample_len` characters.

        Returns:
          The probabilities of the next character, and what else `write` needs to go on.
        """
        window = text[:, -self.model.input_shape[1] :]
        if self.mode == "windowed":
            return read(self.model, window)[0], window
        return read(self.model, text)

    def _write(
        self,
        probs: tf.Tensor,
        memory: Any,
        length: tf.Tensor,
        temperature: tf.Tensor,
        seed: tf.Tensor,
        position: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """Write `length` characters more.

        Args:
          probs, memory: as the last call, or `start`, returned them.
          temperature: of all texts, or one a text.
          seed, position: what decides the draws: the seed, and how many characters came before.

        Returns:
          The indices written [batch, length], and `probs` and `memory` for the next call.
        """

        def body(i: tf.Tensor, probs: tf.Tensor, memory: Any, written: tf.TensorArray) -> tuple:
            draw_seed = tf.stack([seed, position + tf.cast(i, tf.int64)])
            drawn = _draw(probs, temperature, draw_seed, self.top_k)
            return i + 1, *self._go_on(memory, drawn), written.write(i, drawn)

        written = tf.TensorArray(tf.int32, length)
        start = (tf.constant(0), probs, memory, written)
        _, probs, memory, written = tf.while_loop(lambda i, *_: i < length, body, start)
        return tf.transpose(written.stack()), probs, memory

    def _go_on(self, memory: Any, drawn: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Return the probabilities after one character more, and the memory."""
        if self.mode == "windowed":
            window = tf.concat([memory[:, 1:], drawn[:, None]], axis=1)
            return read(self.model, window)[0], window
        x = tf.one_hot(drawn, self.model.input_shape[2])
        output, states = advance(lstm_cells(self.model), x, memory)
        return self.model.layers[-1](output), states


def to_text(char_set: Sequence[str], indices: np.ndarray) -> str:
    """Return the characters of the indices that were drawn.

    Raises:
      ValueError: a draw failed, which gives the index after the last.
    """
    if np.any(indices >= len(char_set)):
        raise ValueError("the model computes probabilities that are no numbers: it is of no use")
    return "".join(char_set[index] for index in indices)


def generate_text(
    model: keras.Model,
    char_set: Sequence[str],
    sentence_indices: Sequence[int],
    length: int,
    temperature: float,
    on_text_generation_char: Callable[[str], None] | None = None,
    *,
    mode: Mode = "stateful",
    top_k: int = 0,
    seed: int | None = None,
) -> str:
    """Generate text with a next-character model (`generateText`).

    For several texts make a `TextGenerator`, which is compiled once.

    Args:
      mode, top_k: see `TextGenerator`; the others, and what is raised, see its `generate`.
    """
    return TextGenerator(model, mode, top_k).generate(
        char_set, sentence_indices, length, temperature, on_text_generation_char, seed
    )


def at_temperature(probs: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """Return the logits of probs^(1 / temperature), each row's largest 0 (the book's figure 10.3).

    Args:
      probs: probabilities [batch, charset_size]; they may hold zeros.
      temperature: of all rows, or one a row.
    """
    # log(0) is never taken: what has no probability must not get any at a high temperature.
    logits = tf.where(probs > 0, tf.math.log(tf.maximum(probs, 1e-38)), -math.inf)
    divisor = tf.maximum(temperature, 1e-6)  # the original's lower bound
    if divisor.shape.rank:
        divisor = divisor[:, None]
    return (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / divisor


def _draw(probs: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor, top_k: int) -> tf.Tensor:
    """Draw an index from each row of probs [batch, charset_size], in log space."""
    likeliest = tf.argmax(probs, axis=-1, output_type=tf.int32)
    if top_k and top_k < probs.shape[-1]:
        least = tf.math.top_k(probs, top_k).values[:, -1:]
        probs = tf.where(probs >= least, probs, 0.0)
    logits = at_temperature(probs, temperature)
    drawn = tf.random.stateless_categorical(logits, 1, seed, dtype=tf.int32)[:, 0]
    return tf.where(temperature < 1e-6, likeliest, drawn)
