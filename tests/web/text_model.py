"""The expected texts, probabilities and cell states of the text model's page, from Keras."""

import numpy as np
import tensorflow as tf

from lstm_text_generation.cells import lstm_layers
from lstm_text_generation.generation import generate_text
from tests.support.bottles import TEXT

SEED = TEXT[:30]


def greedy(trained, seed: str, length: int, mode="stateful") -> str:
    model, char_set = trained
    indices = [char_set.index(char) for char in seed]
    return generate_text(model, char_set, indices, length, 0, mode=mode)


def read(trained, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a text with Keras's LSTM cells.

    Returns:
      After each character, the probabilities of the next one [length, charset_size], and tanh of
      the cell states [length, units], layer after layer.
    """
    model, char_set = trained
    layers = lstm_layers(model)

    @tf.function(autograph=False)
    def step(x, states):
        after = []
        for layer, state in zip(layers, states, strict=True):
            x, state = layer.cell(x, state)
            after.append(state)
        return model.layers[-1](x)[0], after

    states = [[tf.zeros((1, layer.units))] * 2 for layer in layers]
    probabilities, cells = [], []
    for char in text:
        probs, states = step(tf.one_hot([char_set.index(char)], len(char_set)), states)
        probabilities.append(probs.numpy())
        cells.append(np.tanh(np.concatenate([c.numpy()[0] for _, c in states])))
    return np.array(probabilities), np.array(cells)


def surprise(trained, text: str) -> np.ndarray:
    """Return -log2 p of each character except the first."""
    indices = [trained[1].index(char) for char in text]
    probabilities = read(trained, text)[0]
    return -np.log2(probabilities[np.arange(len(text) - 1), indices[1:]])


def at_temperature(p: np.ndarray, temperature: float) -> np.ndarray:
    powers = p.astype(np.float64) ** (1 / temperature)
    return powers / powers.sum()
