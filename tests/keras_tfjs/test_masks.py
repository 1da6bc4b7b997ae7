"""Models with masks compute the same on padded input in TensorFlow.js, or `save` refuses them."""

import keras
import numpy as np
import pytest
from keras import layers

from harness.javascript import difference, layers_job
from keras_tfjs import layers_model
from tests.keras_tfjs.case import randomize

# Padding at the end, at the start, in the middle, nowhere, everywhere.
IDS = np.array(
    [[3, 1, 2, 0, 0, 0], [0, 0, 4, 1, 2, 3], [1, 0, 2, 0, 3, 4], [4, 3, 2, 1, 2, 3], [0] * 6],
    np.int32,
)


def embedded(call, inputs=1) -> keras.Model:
    """Return a model that calls a function on embeddings with masks."""
    ids = [keras.Input((6,), dtype="int32") for _ in range(inputs)]
    tables = [layers.Embedding(5, 4, mask_zero=True) for _ in ids]
    outputs = call(*(table(x) for table, x in zip(tables, ids, strict=True)))
    return randomize(keras.Model(ids if inputs > 1 else ids[0], outputs))


def sequence(*layers) -> keras.Model:
    def call(x):
        for layer in layers:
            x = layer(x)
        return x

    return embedded(call)


def gru(units=3, **config):
    return layers.GRU(units, reset_after=False, **config)


def seq2seq(source, target):
    _, h, c = layers.LSTM(3, return_state=True)(source)
    return layers.Dense(5, "softmax")(
        layers.LSTM(3, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    )


def attention(source, target):
    x = layers.LSTM(3, return_sequences=True)(source)
    y = layers.LSTM(3, return_sequences=True, name="decoder")(target)
    return layers.Dot((2, 1))([layers.Dot(2)([y, x]), x])


def masking() -> keras.Model:
    x = keras.Input((6, 1))
    scaled = layers.Masking(0.0)(x)
    return randomize(keras.Model(x, layers.LSTM(3)(layers.Dense(2)(scaled))))


def nested() -> keras.Model:
    """Return a model with a nested model that creates masks."""
    ids = keras.Input((6,), dtype="int32")
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Embedding(5, 4, mask_zero=True), layers.LSTM(3)]
    )
    return randomize(keras.Model(ids, layers.Dense(2)(inner(ids))))


SAME = {
    "LSTM": lambda: sequence(layers.LSTM(3)),
    "LSTM, backwards": lambda: sequence(layers.LSTM(3, go_backwards=True)),
    "LSTM, every step": lambda: sequence(layers.LSTM(3, return_sequences=True)),
    "LSTM with states": lambda: sequence(layers.LSTM(3, return_state=True)),
    "LSTMs": lambda: sequence(layers.LSTM(3, return_sequences=True), layers.LSTM(2)),
    "GRU": lambda: sequence(gru(return_sequences=True), gru(2)),
    "SimpleRNN": lambda: sequence(layers.SimpleRNN(3)),
    "RNN of cells": lambda: sequence(layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(2)])),
    "RNN of cells, every step": lambda: sequence(
        layers.RNN([layers.SimpleRNNCell(2), layers.LSTMCell(3)], return_sequences=True)
    ),
    "Bidirectional": lambda: sequence(layers.Bidirectional(layers.LSTM(3))),
    "Bidirectionals": lambda: sequence(
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.Dense(3),
        layers.Bidirectional(gru()),
    ),
    "Dense and Dropout between": lambda: sequence(
        layers.Dropout(0.5),
        layers.Dense(3, "tanh"),
        layers.LayerNormalization(),
        layers.LSTM(3),
        layers.Dense(2),
    ),
    "TimeDistributed between": lambda: sequence(
        layers.TimeDistributed(layers.Dense(3)), layers.LSTM(3)
    ),
    "Conv1D": lambda: sequence(layers.Conv1D(3, 2), layers.GlobalMaxPooling1D()),
    "Flatten": lambda: sequence(layers.Flatten(), layers.Dense(3)),
    "Concatenate": lambda: embedded(
        lambda x: layers.LSTM(3)(layers.Concatenate()([x, layers.Dense(2)(x)]))
    ),
    "Add at the end": lambda: embedded(lambda x: layers.Add()([x, layers.Dense(4)(x)])),
    "Dot": lambda: embedded(attention, 2),
    "Masking": masking,
    "nested": nested,
}
REFUSED = {
    "no mask after RepeatVector": (
        lambda: sequence(layers.LSTM(3), layers.RepeatVector(4), layers.LSTM(2, name="second")),
        "layer 'second' .LSTM.: TensorFlow.js uses the mask of another layer, Keras no mask",
    ),
    "average": (
        lambda: sequence(layers.GlobalAveragePooling1D(name="mean")),
        "layer 'mean' .* use its mask differently",
    ),
    "batch": (
        lambda: sequence(layers.BatchNormalization(name="norm"), layers.LSTM(3)),
        "layer 'norm' .* use its mask differently",
    ),
    "merged": (
        lambda: embedded(
            lambda x: layers.LSTM(3, name="last")(layers.Add()([x, layers.Dense(4)(x)]))
        ),
        "layer 'last' .*: TensorFlow.js uses a mask of a wrong shape, Keras a mask",
    ),
    "two masks": (
        lambda: embedded(lambda x, y: layers.LSTM(3, name="last")(layers.Concatenate()([x, y])), 2),
        "layer 'last' .*: TensorFlow.js uses a mask of a wrong shape",
    ),
    "dropped": (
        lambda: sequence(layers.LeakyReLU(), layers.LSTM(3, name="last")),
        "layer 'last' .*: TensorFlow.js uses .* Keras a mask",
    ),
    "zeros": (
        lambda: sequence(layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")),
        "layer 'both': TensorFlow.js repeats an output",
    ),
    "zeros that are added up": (
        lambda: sequence(
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GlobalMaxPooling1D(name="max"),
        ),
        "layer 'max' .* TensorFlow.js repeats an output",
    ),
    "softmax": (
        lambda: embedded(
            lambda x, y: layers.Softmax(name="weights")(
                layers.Dot(2)(
                    [
                        layers.LSTM(3, return_sequences=True)(x),
                        layers.LSTM(3, return_sequences=True)(y),
                    ]
                )
            ),
            2,
        ),
        "layer 'weights' .* use its mask differently",
    ),
    "wrapped": (
        lambda: sequence(
            layers.Reshape((6, 2, 2)),
            layers.TimeDistributed(layers.LSTM(3, name="in"), name="each"),
        ),
        "TensorFlow.js",
    ),
    "model that takes a mask": (
        lambda: sequence(keras.Sequential([keras.Input((6, 4)), layers.LSTM(3)], name="inner")),
        "layer 'inner' .* use its mask differently",
    ),
    "initial states": (
        lambda: embedded(seq2seq, 2),
        "layer 'decoder' .* if the first step is masked, TensorFlow.js outputs the initial",
    ),
    "mask as an argument": (
        lambda: embedded(
            lambda x, y: layers.LSTM(3, name="own")(
                x, mask=keras.ops.not_equal(layers.Flatten()(y), 0.0)
            ),
            2,
        ),
        "'own'",
    ),
}


def inputs_of(model: keras.Model) -> list[np.ndarray]:
    ids = [IDS, IDS[::-1]][: len(model.inputs)]
    dtype = model.inputs[0].dtype
    return [x.reshape((-1, *model.inputs[0].shape[1:])).astype(dtype) for x in ids]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save every model; return the jobs and Keras's outputs."""
    root, jobs, expected = tmp_path_factory.mktemp("masks"), [], {}
    for number, (name, make) in enumerate(SAME.items()):
        model = make()
        inputs = inputs_of(model)
        expected[name] = model(inputs if len(inputs) > 1 else inputs[0])
        layers_model.save(model, root / str(number))
        own = layers_model.load(root / str(number))(inputs if len(inputs) > 1 else inputs[0])
        for a, b in zip(*map(keras.tree.flatten, (own, expected[name])), strict=True):
            assert np.array_equal(a, b), name
        jobs.append(layers_job(root / str(number), *inputs))
    return jobs, expected


@pytest.mark.parametrize("backend", ["cpu", "wasm", "tensorflow"])
def test_masked_models_compute_the_same(run_in_node, differences, saved, backend):
    jobs, expected = saved
    answers = run_in_node(backend, jobs)
    errors = {}
    for name, answer in zip(expected, answers, strict=True):
        errors[name] = difference(answer, expected[name])
        differences(f"masks: {name}", "Keras to TensorFlow.js", backend, errors[name])
    assert max(errors.values()) <= 1e-5, errors


@pytest.mark.parametrize("name", REFUSED)
def test_different_masks_are_refused(tmp_path, name):
    make, pattern = REFUSED[name]
    with pytest.raises(ValueError, match=pattern):
        layers_model.save(make(), tmp_path / "model")
