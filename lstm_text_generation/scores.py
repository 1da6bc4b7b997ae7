"""How well a model predicts a text, by two measures that other programs also report."""

import math
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from lstm_text_generation.cells import State, zero_state
from lstm_text_generation.model import sequence_logits

BLOCK = 256  # predictions, as in the character model of karpathy/nanoGPT
BLOCKS_AT_ONCE = 64
CHARACTERS_AT_ONCE = 2000


class Scores(NamedTuple):
    """Mean cross-entropies, in nats per character.

    Attributes:
      whole_text: each character is predicted from all characters before it.
      blocks: the text is cut into blocks of `BLOCK`, and each block begins with a zero state.
    """

    whole_text: float
    blocks: float


def score(model: keras.Model, indices: np.ndarray) -> Scores:
    """Return how well the model predicts a text.

    Args:
      indices: the text's characters [length], at least 2.
    """
    return Scores(whole_text_loss(model, indices), block_loss(model, indices))


def describe(scores: Scores) -> str:
    """Return the scores as lines of text, in nats and in bits per character."""
    return "\n".join(
        f"  {value:.4f} nats, {value / math.log(2):.4f} bits per character: {what}"
        for value, what in (
            (scores.whole_text, "each character from all before it"),
            (scores.blocks, f"mean over blocks of {BLOCK}, each from a zero state"),
        )
    )


def whole_text_loss(model: keras.Model, indices: np.ndarray) -> float:
    """Return the mean loss of all characters after the first, with one state for the whole text.

    A compressor that uses this model needs this many nats per character.
    """
    total, state = 0.0, zero_state(model, 1)
    for start in range(0, len(indices) - 1, CHARACTERS_AT_ONCE):
        window = indices[None, start : start + CHARACTERS_AT_ONCE + 1]
        loss, state = _sum_of_losses(model, window.astype(np.int32), state)
        total += float(loss)
    return total / (len(indices) - 1)


def block_loss(model: keras.Model, indices: np.ndarray, block: int = BLOCK) -> float:
    """Return the mean loss over blocks of `block` predictions, each from a zero state.

    The characters after the last whole block are left out. A shorter text is one block.
    """
    block = min(block, len(indices) - 1)
    starts = np.arange(0, len(indices) - block, block)
    total = 0.0
    for first in range(0, len(starts), BLOCKS_AT_ONCE):
        batch = starts[first : first + BLOCKS_AT_ONCE]
        windows = indices[batch[:, None] + np.arange(block + 1)].astype(np.int32)
        loss, _ = _sum_of_losses(model, windows, zero_state(model, len(windows)))
        total += float(loss)
    return total / (len(starts) * block)


@tf.function(reduce_retracing=True, autograph=False)
def _sum_of_losses(model: keras.Model, windows: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
    """Return the summed losses of windows [batch, length + 1], in float64, and the new state."""
    logits, state = sequence_logits(model, windows[:, :-1], state=state)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(windows[:, 1:], logits)
    return tf.reduce_sum(tf.cast(losses, tf.float64)), state
