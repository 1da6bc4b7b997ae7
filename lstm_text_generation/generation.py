"""Sampling and text generation (`sample` and `generateText` of model.js)."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from keras_tfjs.command_line import UserError
from lstm_text_generation.cells import last_probabilities, lstm_step

Mode = Literal["stateful", "windowed"]

_STREAM_CHUNK = 20  # characters generated at once for on_text_generation_char


def sample(probs: Any, temperature: Any, seed: Any = None, top_k: int = 0) -> tf.Tensor:
    """Draw characters from predicted probabilities (`sample`; the book's section 10.1.3).

    A probability p becomes proportional to p^(1 / temperature). A temperature below 1 makes likely
    characters likelier, 0 leaves only the likeliest, and above 1 the probabilities become more
    equal.

    Args:
      probs: probabilities [charset_size], or [batch, charset_size]; they may hold zeros.
      temperature: at least 0; a number, or [batch].
      seed: random seed, two integers; by default a different draw each time.
      top_k: draw only from the k likeliest; 0 draws from all.

    Returns:
      The index of a character, or indices [batch].

    Raises:
      ValueError: a temperature or a probability is negative, infinite or NaN, or all probabilities
        of a row are 0. In a graph there is no error: the index of that row is `charset_size`.
    """
    probs = tf.convert_to_tensor(probs, tf.float32)
    if tf.executing_eagerly():
        _check_arguments(probs.numpy(), np.asarray(temperature))
    if seed is None:
        seed = np.random.default_rng().integers(0, 2**31, 2)
    temperature = tf.cast(temperature, tf.float32)
    rows = tf.reshape(probs, [-1, probs.shape[-1]])
    likeliest = tf.argmax(rows, axis=-1, output_type=tf.int32)
    if top_k and top_k < rows.shape[-1]:
        threshold = tf.math.top_k(rows, top_k).values[:, -1:]
        rows = tf.where(rows >= threshold, rows, 0.0)
    logits = at_temperature(rows, temperature)
    sampled = tf.random.stateless_categorical(logits, 1, seed, dtype=tf.int32)[:, 0]
    valid = sampled < rows.shape[-1]  # out of range if the probabilities are NaN
    sampled = tf.where(valid & (temperature < 1e-6), likeliest, sampled)
    return tf.reshape(sampled, tf.shape(probs)[:-1])


def _check_arguments(probs: np.ndarray, temperature: np.ndarray) -> None:
    """Raise the ValueError that `sample` describes."""
    if not np.all(np.isfinite(probs)) or np.any(probs < 0) or not np.all(np.any(probs, axis=-1)):
        raise ValueError("probs must be finite, at least 0, and not all 0")
    if not np.all(np.isfinite(temperature)) or np.any(temperature < 0):
        raise ValueError(f"temperature must be a number of at least 0, but got {temperature}")


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

    Args:
      char_set: the characters by index.
      sentence_indices: the seed text; at least `sample_len` characters in windowed mode.
      length: characters to generate.
      temperature: at least 0; see `sample`.
      on_text_generation_char: called with each generated character.
      mode: `stateful` reads the seed text once, of any length, and then keeps the LSTM state.
        `windowed` reads the last `sample_len` characters again for each character, as the original
        does.
      top_k: draw only from the k likeliest characters; 0 draws from all.
      seed: random seed; by default a different text each time.

    Raises:
      ValueError: the seed text is empty, or too short for windowed mode.
      UserError: the model's probabilities are NaN.
    """
    check_seed_length(len(sentence_indices), model.input_shape[1], mode)
    if seed is None:
        seed = int(np.random.default_rng().integers(0, 2**31))
    probs, state = begin_text(model, tf.constant([sentence_indices], tf.int32), mode)
    generated, at_once = "", _STREAM_CHUNK if on_text_generation_char else length
    while len(generated) < length:
        indices, probs, state = continue_text(
            model,
            probs,
            state,
            tf.constant(min(at_once, length - len(generated))),
            tf.constant(temperature, tf.float32),
            tf.constant([seed, len(generated)], tf.int64),
            mode,
            top_k,
        )
        for char in _to_text(char_set, indices[0].numpy()):
            generated += char
            if on_text_generation_char:
                on_text_generation_char(char)
    return generated


def check_seed_length(length: int, sample_len: int, mode: Mode) -> None:
    """Check that a seed text is long enough for a mode.

    Raises:
      ValueError: the seed text is too short.
    """
    needed = sample_len if mode == "windowed" else 1
    if length < needed:
        raise ValueError(
            f"Seed text must have a length of at least {needed}, but has a length of {length}."
        )


@tf.function(reduce_retracing=True, autograph=False)
def begin_text(model: keras.Model, text: tf.Tensor, mode: Mode) -> tuple[tf.Tensor, Any]:
    """Read seed texts [batch, length]; in windowed mode at least `sample_len` characters.

    Returns:
      The probabilities of the next character [batch, charset_size]; and the LSTM state, or in
      windowed mode the last window.
    """
    if mode == "stateful":
        return last_probabilities(model, text)
    window = text[:, -model.input_shape[1] :]
    return last_probabilities(model, window)[0], window


@tf.function(reduce_retracing=True, autograph=False)
def continue_text(
    model: keras.Model,
    probs: tf.Tensor,
    state: Any,
    length: tf.Tensor,
    temperature: tf.Tensor,
    seed: tf.Tensor,
    mode: Mode,
    top_k: int,
) -> tuple[tf.Tensor, tf.Tensor, Any]:
    """Generate `length` more characters, in one graph.

    Args:
      probs, state: from the previous call, or from `begin_text`.
      temperature: one for all texts, or [batch].
      seed: int64 [2]: the random seed, and the number of characters generated before.

    Returns:
      The generated indices [batch, length], and `probs` and `state` for the next call.
    """

    def body(i: tf.Tensor, probs: tf.Tensor, state: Any, written: tf.TensorArray) -> tuple:
        draw_seed = seed + tf.stack([tf.constant(0, tf.int64), tf.cast(i, tf.int64)])
        sampled = sample(probs, temperature, draw_seed, top_k)
        if mode == "stateful":
            x = tf.one_hot(sampled, model.input_shape[2])
            output, state = lstm_step(model, x, state)
            probs = model.layers[-1](output)
        else:
            state = tf.concat([state[:, 1:], sampled[:, None]], axis=1)
            probs, _ = last_probabilities(model, state)
        return i + 1, probs, state, written.write(i, sampled)

    start = (tf.constant(0), probs, state, tf.TensorArray(tf.int32, length))
    _, probs, state, written = tf.while_loop(lambda i, *_: i < length, body, start)
    return tf.transpose(written.stack()), probs, state


def _to_text(char_set: Sequence[str], indices: np.ndarray) -> str:
    """Return the text of the sampled indices.

    Raises:
      UserError: an index is out of range, because the probabilities are NaN.
    """
    if np.any(indices >= len(char_set)):
        raise UserError(
            "the model's probabilities are NaN: its weights have diverged, so train it again"
        )
    return "".join(char_set[index] for index in indices)


def at_temperature(probs: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """Return the logits of probs^(1 / temperature), with a maximum of 0 (the book's figure 10.3).

    Args:
      probs: probabilities [batch, charset_size]; they may hold zeros.
      temperature: one for all rows, or [batch].
    """
    # The logit of probability 0 is -inf, because a high temperature could draw a finite logit.
    logits = tf.where(probs > 0, tf.math.log(tf.maximum(probs, 1e-38)), -math.inf)
    divisor = tf.maximum(temperature, 1e-6)  # the original's lower bound
    if divisor.shape.rank:
        divisor = divisor[:, None]
    return (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / divisor
