"""Recurrent layers as graph models compute the same as Keras on every backend."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from harness.javascript import PLACES, difference, graph_job
from keras_tfjs import graph_model
from tests.keras_tfjs.case import randomize

LIMIT = 1e-5


class Decay(layers.Layer):
    """A custom cell, which forgets a part of its state at each step."""

    state_size = output_size = 4

    def call(self, inputs, states):
        state = 0.5 * states[0] + inputs
        return keras.ops.tanh(state), [state]


def sequence(*layers, shape=(6, 4)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *layers])


def masked(*recurrent) -> keras.Model:
    return keras.Sequential(
        [keras.Input((None,), dtype="int32"), layers.Embedding(9, 4, mask_zero=True), *recurrent]
    )


def seq2seq() -> keras.Model:
    source, target = keras.Input((None, 4), name="source"), keras.Input((None, 4), name="target")
    _, *state = layers.LSTM(3, return_state=True)(source)
    outputs = layers.LSTM(3, return_sequences=True)(target, initial_state=state)
    return keras.Model([source, target], outputs)


def with_states() -> keras.Model:
    x = keras.Input((None, 4))
    return keras.Model(
        x, [layers.LSTM(3, return_state=True)(x), layers.GRU(2, return_state=True)(x)]
    )


FRAMES = (4, 6, 6, 1)
CASES = {
    "LSTM": lambda: sequence(layers.LSTM(3)),
    "LSTM, stacked, any length": lambda: sequence(
        layers.LSTM(3, return_sequences=True), layers.LSTM(2), shape=(None, 4)
    ),
    "LSTM, backwards": lambda: sequence(layers.LSTM(3, go_backwards=True, return_sequences=True)),
    "LSTM, unrolled": lambda: sequence(layers.LSTM(3, unroll=True, return_sequences=True)),
    "GRU": lambda: sequence(layers.GRU(3)),
    "GRU, reset before": lambda: sequence(layers.GRU(3, reset_after=False, return_sequences=True)),
    "SimpleRNN": lambda: sequence(layers.SimpleRNN(3, return_sequences=True)),
    "Bidirectional": lambda: sequence(
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Bidirectional(layers.GRU(2)),
    ),
    "stacked cells": lambda: sequence(
        layers.RNN(
            [layers.LSTMCell(3), layers.GRUCell(2), layers.SimpleRNNCell(4)], return_sequences=True
        )
    ),
    "custom cell": lambda: sequence(layers.RNN(Decay(), return_sequences=True)),
    "ConvLSTM1D": lambda: sequence(layers.ConvLSTM1D(2, 3, return_sequences=True), shape=(4, 6, 1)),
    "ConvLSTM2D": lambda: sequence(
        layers.ConvLSTM2D(2, 3, return_sequences=True, padding="same"),
        layers.ConvLSTM2D(1, 3),
        shape=FRAMES,
    ),
    "TimeDistributed, any length": lambda: sequence(
        layers.TimeDistributed(layers.Dense(3)), shape=(None, 4)
    ),
    "states": with_states,
    "initial state": seq2seq,
    "mask": lambda: masked(layers.LSTM(3, return_sequences=True), layers.GRU(3)),
    "mask, zero output": lambda: masked(
        layers.LSTM(3, return_sequences=True, zero_output_for_mask=True)
    ),
    "mask, backwards": lambda: masked(layers.GRU(3, go_backwards=True, return_sequences=True)),
    "mask, both ways": lambda: masked(layers.Bidirectional(layers.LSTM(3, return_sequences=True))),
}


def arguments(model: keras.Model) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    if model.inputs[0].dtype == "int32":  # padding at the end, start, middle, everywhere
        return [np.array([[1, 2, 3, 0, 0], [0, 0, 5, 6, 7], [8, 0, 2, 0, 1], [0] * 5], np.int32)]
    shapes = [[5 if size is None else size for size in tensor.shape[1:]] for tensor in model.inputs]
    return [rng.normal(size=(3, *shape)).astype(np.float32) for shape in shapes]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save every case as a graph model; return the jobs and Keras's outputs."""
    root, jobs, expected = tmp_path_factory.mktemp("recurrent"), [], {}
    for number, (name, make) in enumerate(CASES.items()):
        model, path = randomize(make()), root / str(number)
        values = arguments(model)
        graph_model.save(model, path)
        signature = json.loads((path / "model.json").read_text())["signature"]
        inputs = dict(zip(signature["inputs"], values, strict=True))
        jobs.append(graph_job(path, inputs, list(signature["outputs"])))
        expected[name] = model(values if len(values) > 1 else values[0])
    return jobs, expected


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: "-".join(place))
def answered(request, saved):
    where, backend = request.param
    run = request.getfixturevalue(f"run_in_{where}")
    return f"{where} {backend}", dict(zip(CASES, run(backend, saved[0]), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_recurrent_layers_compute_the_same(answered, saved, differences, name):
    place, answers = answered
    largest = difference(answers[name], saved[1][name])
    differences(f"{name}, graph model", "Keras to TensorFlow.js", place, largest)
    assert largest <= LIMIT
