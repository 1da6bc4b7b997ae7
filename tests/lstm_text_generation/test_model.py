import math
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_tfjs.command_line import UserError
from lstm_text_generation import model as lstm
from lstm_text_generation.cells import (
    last_probabilities,
    run_by_character,
    run_by_layer,
)
from lstm_text_generation.generation import generate_text
from tests.lstm_text_generation.conftest import (
    OneBatch,
    make_model,
    one_hot,
    some_windows,
    take_step,
)
from training_run.run import Run


@pytest.mark.parametrize(("sizes", "layers"), [(8, 1), ([8], 1), ((8, 4, 6), 3)])
def test_create_model_has_the_originals_shapes(sizes, layers):
    model = lstm.create_model(20, 50, sizes)
    assert model.input_shape == (None, 20, 50) and model.output_shape == (None, 50)
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM"] * layers + ["Dense"]
    x = np.random.default_rng(0).random((3, 20, 50), dtype=np.float32)
    np.testing.assert_allclose(model(x).numpy().sum(-1), 1, rtol=1e-5)


def keras_gradients(model, inputs, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, model(inputs)))
    return float(loss), tape.gradient(loss, model.trainable_variables)


def test_last_char_computes_what_keras_computes(text_data):
    windows = some_windows(text_data)
    step = take_step(make_model(text_data), text_data, windows, objective="last_char")
    keras_loss, expected = keras_gradients(make_model(text_data), *one_hot(text_data, windows))
    assert step.loss == pytest.approx(keras_loss, rel=1e-5)
    for ours, theirs in zip(step.moved(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def prefix_logits(model, x):
    """Return what Keras's own layers compute after one-hot texts [batch, length, charset_size]."""
    whole = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])
    return np.log(whole(x).numpy())


def test_sequence_logits_are_keras_at_every_prefix(trained, text_data):
    model, _ = trained
    windows = some_windows(text_data, 20)
    logits = lstm.sequence_logits(model, tf.constant(windows[:, :-1]))[0].numpy()
    assert logits.shape == (20, 12, text_data.char_set_size())
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    for length in range(1, 13):
        x, _ = one_hot(text_data, windows[:, : length + 1])
        np.testing.assert_allclose(logits[:, length - 1], prefix_logits(model, x), atol=1e-4)
    last = lstm.sequence_logits(model, tf.constant(windows[:, :-1]), positions=1)[0].numpy()
    last -= np.log(np.exp(last).sum(-1, keepdims=True))
    np.testing.assert_allclose(last, logits[:, -1:], atol=1e-5)


def test_sequence_logits_go_on_from_a_state(trained, text_data):
    model, _ = trained
    windows = tf.constant(some_windows(text_data, 20))
    whole, end = lstm.sequence_logits(model, windows)
    first, state = lstm.sequence_logits(model, windows[:, :5])
    second, end_of_parts = lstm.sequence_logits(model, windows[:, 5:], state=state)
    np.testing.assert_allclose(tf.concat([first, second], axis=1), whole, atol=1e-5)
    for ours, expected in zip(tf.nest.flatten(end_of_parts), tf.nest.flatten(end), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("sizes", [(16,), (16, 8), (8, 16, 12)])
def test_layer_by_layer_computes_what_character_by_character_does(text_data, sizes):
    """Both ways, in a graph as in training: outputs, states and gradients, with dropout masks."""
    model = make_model(text_data, sizes, dropout=0.5)
    windows, rng = tf.constant(some_windows(text_data, 20)), np.random.default_rng(0)
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


def test_with_a_gpu_each_layer_is_one_call_of_cudnn(trained, text_data, monkeypatch):
    """TensorFlow makes the graph as on a GPU; only there would it run."""
    model, _ = trained
    windows = tf.TensorSpec([None, 12], tf.int32)

    def operations():
        graph = tf.function(lambda x: lstm.sequence_logits(model, x), autograph=False)
        return [
            operation.type
            for operation in graph.get_concrete_function(windows).graph.get_operations()
        ]

    assert "CudnnRNNV3" not in operations()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    keras_rnn = sys.modules["keras.src.backend.tensorflow.rnn"]  # the package has a function `rnn`
    monkeypatch.setattr(keras_rnn, "_is_gpu_available", lambda: True)
    assert operations().count("CudnnRNNV3") == 2  # as the arguments of both layers allow it
    assert "While" not in operations() and "StatelessWhile" not in operations()


def test_with_a_gpu_the_logits_are_the_same(trained, text_data, monkeypatch):
    model, _ = trained
    windows = tf.constant(some_windows(text_data, 20))
    expected = tf.nest.flatten(lstm.sequence_logits(model, windows))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(lstm, "run_by_character", None)  # not used
    for ours, theirs in zip(
        tf.nest.flatten(lstm.sequence_logits(model, windows)), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_every_char_is_the_mean_over_all_prefixes(text_data):
    windows = some_windows(text_data)
    loss = take_step(make_model(text_data), text_data, windows, objective="every_char").loss
    model = make_model(text_data)
    losses = []
    for length in range(1, 13):
        x, y = one_hot(text_data, windows[:, : length + 1])
        prefix_model = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])
        losses.append(keras_gradients(prefix_model, x, y)[0])
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)


def test_every_char_learns_more_from_the_same_examples(text_data):
    reached = {}
    for objective in ("every_char", "last_char"):
        model = make_model(text_data)
        run = Run()
        lstm.fit_model(model, text_data, 5, 600, 32, 0.1, run, objective=objective, clip_norm=0)
        reached[objective] = run.history[-1]["val_loss"]
    assert reached["every_char"] < reached["last_char"] - 0.1


def test_val_loss_is_what_keras_evaluates(trained, text_data):
    model, run = trained
    windows = text_data.validation_windows(0.1)
    ours = lstm.evaluate(model, windows)
    assert ours == pytest.approx(run.history[-1]["val_loss"], abs=1e-9)
    assert ours == pytest.approx(
        model.evaluate(*one_hot(text_data, windows), batch_size=512, verbose=0), rel=1e-5
    )


def test_fit_model_trains_on_the_originals_share_of_the_examples(text_data):
    model = make_model(text_data)
    for epochs in (1, 2):
        lstm.fit_model(model, text_data, 1, 320, 32, 0.0625, clip_norm=0)
        assert int(model.optimizer.iterations) == 10 * epochs  # 300 examples, the last batch of 12
    assert lstm.num_training_examples(10_000, 0.0625) == 9375


def test_without_validation_the_training_loss_decides(text_data):
    run = Run()
    lstm.fit_model(make_model(text_data), text_data, 2, 100, 32, 0, run)
    assert "val_loss" not in run.history[0]
    assert run.progress.best_epoch == np.argmin([row["loss"] for row in run.history]) + 1


def test_the_result_is_a_model_of_the_best_epoch(text_data, monkeypatch):
    losses = [3.0, 1.0, 2.0]
    monkeypatch.setattr(lstm, "evaluate", lambda *_: losses.pop(0))
    best = lstm.fit_model(make_model(text_data), text_data, 3, 320, 32, 0.1)
    losses = [3.0, 1.0]
    two_epochs = make_model(text_data)
    lstm.fit_model(two_epochs, text_data, 2, 320, 32, 0.1)
    for ours, theirs in zip(best.get_weights(), two_epochs.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_samples_are_written_by_generate_text(text_data):
    model, run = make_model(text_data), Run()
    lstm.fit_model(model, text_data, 1, 320, 32, 0.1, run, seed_text="5 green", display_length=9)
    samples = run.history[0]["samples"]
    assert list(samples) == ["0", "0.25", "0.5", "0.75"]
    indices = text_data.text_to_indices("5 green")
    for temperature, text in samples.items():
        written = generate_text(model, text_data.char_set(), indices, 9, float(temperature), seed=0)
        assert text == written


def test_the_same_seed_gives_the_same_weights(text_data):
    def weights(seed, dropout):
        model = make_model(text_data, dropout=dropout)
        lstm.fit_model(model, text_data, 1, 200, 32, 0, seed=seed, clip_norm=0)
        return np.concatenate([v.numpy().ravel() for v in model.trainable_variables])

    first = weights(1, 0.3)
    np.testing.assert_array_equal(first, weights(1, 0.3))
    assert not np.array_equal(first, weights(2, 0.3))


def test_dropout_acts_in_training_only(text_data):
    windows = some_windows(text_data)
    with_dropout, without = make_model(text_data, dropout=0.9), make_model(text_data)
    variables = [model.trainable_variables for model in (with_dropout, without)]
    for ours, theirs in zip(*variables, strict=True):
        ours.assign(theirs)
    x, _ = one_hot(text_data, windows)
    np.testing.assert_allclose(with_dropout(x), without(x), atol=1e-6)
    probs, _ = last_probabilities(with_dropout, tf.constant(x))
    np.testing.assert_allclose(probs, without(x), atol=1e-6)
    losses = [take_step(m, text_data, windows).loss for m in (with_dropout, without)]
    assert abs(losses[0] - losses[1]) > 1e-3


def test_dropout_is_that_of_keras_layers(text_data):
    """Each layer of the model drops what it says; the draws are its seed generator's."""
    model = make_model(text_data, dropout=0.4)
    model.layers[1].rate = 0.0
    assert [type(layer).__name__ for layer in model.layers[:4]] == ["LSTM", "Dropout"] * 2
    windows = tf.constant(some_windows(text_data)[:, :-1])
    state = model.layers[3].seed_generator.state.numpy()
    dropped = lstm.sequence_logits(model, windows, training=True)[0].numpy()
    model.layers[3].seed_generator.state.assign(state)
    again = lstm.sequence_logits(model, windows, training=True)[0].numpy()
    np.testing.assert_array_equal(dropped, again)
    other = lstm.sequence_logits(model, windows, training=True)[0].numpy()
    assert np.abs(dropped - other).max() > 1e-3


def test_one_mask_drops_the_same_units_at_all_positions(text_data):
    model = make_model(text_data, sizes=(16,), dropout=0.5)
    model.layers[-1].kernel.assign(tf.eye(16, text_data.char_set_size()))
    windows = tf.constant(some_windows(text_data)[:, :-1])
    units = lstm.sequence_logits(model, windows, training=True)[0].numpy()[..., :16]
    dropped = units == model.layers[-1].bias.numpy()[:16]
    assert (dropped.all(axis=1) == dropped.any(axis=1)).all()
    assert 0.3 < dropped.mean() < 0.7 and len(np.unique(dropped[:, 0], axis=0)) > 10


def test_clip_norm_bounds_the_gradient(text_data):
    windows = some_windows(text_data)
    moved = take_step(make_model(text_data), text_data, windows, clip_norm=1e-3).moved()
    assert math.sqrt(sum((m**2).sum() for m in moved)) == pytest.approx(1e-3, rel=1e-2)


def test_constraints_are_kept(text_data):
    model = make_model(text_data)
    (kernel, *_) = model.trainable_variables
    kernel.constraint = keras.constraints.MaxNorm(0.1, axis=0)
    assert np.linalg.norm(kernel.numpy(), axis=0).max() > 0.5
    take_step(model, text_data, some_windows(text_data))
    assert np.linalg.norm(kernel.numpy(), axis=0).max() == pytest.approx(0.1, rel=1e-3)


def test_adam_is_there(text_data):
    model = make_model(text_data, optimizer="adam")
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_muon_takes_orthogonal_steps_in_the_lstm_matrices(text_data):
    model = make_model(text_data, optimizer="muon", learning_rate=0.01)
    before = [variable.numpy() for variable in model.trainable_variables]
    lstm.fit_model(model, OneBatch(text_data, some_windows(text_data)), 1, 1, 1, 0)
    for variable, old in zip(model.trainable_variables, before, strict=True):
        step = variable.numpy() - old
        if "lstm" in variable.path and step.ndim == 2:
            # Five iterations bring the singular values near 1, and the step's mean square to 0.2.
            singular = np.linalg.svd(step / (0.002 * math.sqrt(max(step.shape))), compute_uv=False)
            assert 0.5 < singular[len(singular) // 2] < 1.3
        else:  # Adam's first step, of a fifth of the rate
            sizes = np.abs(step[step != 0])
            assert sizes.max() == pytest.approx(0.002, rel=0.01) and np.median(sizes) > 0.0015


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "muon"])
def test_weight_decay_shrinks_the_weights(text_data, optimizer):
    plain, decayed = (
        make_model(text_data, optimizer=optimizer, weight_decay=weight_decay)
        for weight_decay in (0.0, 5.0)
    )
    for model in (plain, decayed):
        lstm.fit_model(model, OneBatch(text_data, some_windows(text_data)), 1, 1, 1, 0)
    start = make_model(text_data).layers[0].cell.kernel.numpy()
    difference = plain.layers[0].cell.kernel.numpy() - decayed.layers[0].cell.kernel.numpy()
    np.testing.assert_allclose(difference, 5.0 * 0.01 * start, atol=1e-6)


def test_a_loss_that_is_nan_stops_the_training(text_data):
    model = make_model(text_data, learning_rate=1e38)
    with pytest.raises(UserError, match="the loss became (nan|inf) in epoch .*learning_rate"):
        lstm.fit_model(model, text_data, 3, 300, 32, 0.1)


def test_last_probabilities_are_the_models_own_prediction(trained, text_data):
    model, _ = trained
    windows = text_data.validation_windows(0.1)[:40]
    x, _ = one_hot(text_data, windows)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(last_probabilities(model, tf.constant(x))[0], expected, atol=1e-6)
    indices = tf.constant(windows[:, :-1])
    np.testing.assert_allclose(last_probabilities(model, indices)[0], expected, atol=1e-6)
