import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_text_generation.cells import (
    last_probabilities,
    run_by_character,
    run_by_layer,
)
from lstm_text_generation.model import (
    create_model,
    sequence_logits,
)
from tests.lstm_text_generation.conftest import (
    make_model,
    make_windows,
    one_hot,
)


@pytest.mark.parametrize(("sizes", "layers"), [(8, 1), ([8], 1), ((8, 4, 6), 3)])
def test_create_model_has_the_originals_shapes(sizes, layers):
    model = create_model(20, 50, sizes)
    assert model.input_shape == (None, 20, 50) and model.output_shape == (None, 50)
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM"] * layers + ["Dense"]
    x = np.random.default_rng(0).random((3, 20, 50), dtype=np.float32)
    np.testing.assert_allclose(model(x).numpy().sum(-1), 1, rtol=1e-5)


def prefix_logits(model, x):
    """Return Keras's log probabilities after one-hot texts [batch, length, charset_size]."""
    whole = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])
    return np.log(whole(x).numpy())


def test_sequence_logits_equal_keras_at_every_prefix(trained, text_data):
    model, _ = trained
    windows = make_windows(text_data, 20)
    logits = sequence_logits(model, tf.constant(windows[:, :-1]))[0].numpy()
    assert logits.shape == (20, 12, text_data.char_set_size())
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    for length in range(1, 13):
        x, _ = one_hot(text_data, windows[:, : length + 1])
        np.testing.assert_allclose(logits[:, length - 1], prefix_logits(model, x), atol=1e-4)
    last = sequence_logits(model, tf.constant(windows[:, :-1]), num_positions=1)[0].numpy()
    last -= np.log(np.exp(last).sum(-1, keepdims=True))
    np.testing.assert_allclose(last, logits[:, -1:], atol=1e-5)


def test_sequence_logits_continue_from_a_state(trained, text_data):
    model, _ = trained
    windows = tf.constant(make_windows(text_data, 20))
    whole, end = sequence_logits(model, windows)
    first, state = sequence_logits(model, windows[:, :5])
    second, end_of_parts = sequence_logits(model, windows[:, 5:], state=state)
    np.testing.assert_allclose(tf.concat([first, second], axis=1), whole, atol=1e-5)
    for ours, expected in zip(tf.nest.flatten(end_of_parts), tf.nest.flatten(end), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("sizes", [(16,), (16, 8), (8, 16, 12)])
def test_run_by_layer_equals_run_by_character(text_data, sizes):
    """Outputs, states and gradients are equal, in a graph and with dropout masks."""
    model = make_model(text_data, sizes, dropout=0.5)
    windows, rng = tf.constant(make_windows(text_data, 20)), np.random.default_rng(0)
    state = [[rng.normal(size=(20, n)).astype(np.float32) for _ in "hc"] for n in sizes]
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    masks = {
        layer.name: 2 * rng.integers(0, 2, (20, n)).astype(np.float32)
        for layer, n in zip(dropouts, sizes, strict=True)
    }

    def result(read):
        @tf.function(autograph=False)
        def compute():
            with tf.GradientTape() as tape:
                hidden, new = read(model, windows, state, masks)
                loss = tf.reduce_sum(hidden**2)
            kernels = [v for v in model.trainable_variables if "lstm" in v.path]
            return hidden, new, tape.gradient(loss, kernels)

        return tf.nest.flatten(compute())

    ours, theirs = result(run_by_character), result(run_by_layer)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_gpu_graph_has_one_cudnn_call_per_layer(trained, text_data, monkeypatch):
    """TensorFlow builds the graph of a GPU. Only a GPU can run this graph."""
    model, _ = trained
    windows = tf.TensorSpec([None, 12], tf.int32)

    def operations():
        graph = tf.function(lambda x: sequence_logits(model, x), autograph=False)
        return [
            operation.type
            for operation in graph.get_concrete_function(windows).graph.get_operations()
        ]

    assert "CudnnRNNV3" not in operations()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    keras_rnn = sys.modules[
        "keras.src.backend.tensorflow.rnn"
    ]  # an import gives the function `rnn`
    monkeypatch.setattr(keras_rnn, "_is_gpu_available", lambda: True)
    assert operations().count("CudnnRNNV3") == 2  # one per layer
    assert "While" not in operations() and "StatelessWhile" not in operations()


def test_gpu_code_gives_the_same_logits(trained, text_data, monkeypatch):
    model, _ = trained
    windows = tf.constant(make_windows(text_data, 20))
    expected = tf.nest.flatten(sequence_logits(model, windows))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr("lstm_text_generation.model.run_by_character", None)  # not called
    for ours, theirs in zip(
        tf.nest.flatten(sequence_logits(model, windows)), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_dropout_uses_rate_and_seed_of_each_layer(text_data):
    """Each layer has its own rate, and its own seed generator."""
    model = make_model(text_data, dropout=0.4)
    model.layers[1].rate = 0.0
    assert [type(layer).__name__ for layer in model.layers[:4]] == ["LSTM", "Dropout"] * 2
    windows = tf.constant(make_windows(text_data)[:, :-1])
    state = model.layers[3].seed_generator.state.numpy()
    dropped = sequence_logits(model, windows, training=True)[0].numpy()
    model.layers[3].seed_generator.state.assign(state)
    again = sequence_logits(model, windows, training=True)[0].numpy()
    np.testing.assert_array_equal(dropped, again)
    other = sequence_logits(model, windows, training=True)[0].numpy()
    assert np.abs(dropped - other).max() > 1e-3


def test_dropout_mask_is_the_same_at_all_positions(text_data):
    model = make_model(text_data, sizes=(16,), dropout=0.5)
    model.layers[-1].kernel.assign(tf.eye(16, text_data.char_set_size()))
    windows = tf.constant(make_windows(text_data)[:, :-1])
    units = sequence_logits(model, windows, training=True)[0].numpy()[..., :16]
    dropped = units == model.layers[-1].bias.numpy()[:16]
    assert (dropped.all(axis=1) == dropped.any(axis=1)).all()
    assert 0.3 < dropped.mean() < 0.7 and len(np.unique(dropped[:, 0], axis=0)) > 10


def test_last_probabilities_equal_predict(trained, text_data):
    model, _ = trained
    windows = text_data.validation_windows(0.1)[:40]
    x, _ = one_hot(text_data, windows)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(last_probabilities(model, tf.constant(x))[0], expected, atol=1e-6)
    indices = tf.constant(windows[:, :-1])
    np.testing.assert_allclose(last_probabilities(model, indices)[0], expected, atol=1e-6)
