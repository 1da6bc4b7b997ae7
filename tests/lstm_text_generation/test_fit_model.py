"""Training with `fit_model`, compared with Keras."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_tfjs.command_line import UserError
from lstm_text_generation.cells import (
    last_probabilities,
)
from lstm_text_generation.generation import generate_text
from lstm_text_generation.model import (
    evaluate,
    fit_model,
    num_training_examples,
)
from tests.lstm_text_generation.conftest import (
    OneBatch,
    make_model,
    make_windows,
    one_hot,
    take_step,
)
from training_run.run import Run


def keras_gradients(model, inputs, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, model(inputs)))
    return float(loss), tape.gradient(loss, model.trainable_variables)


def test_last_char_loss_and_gradients_equal_keras(text_data):
    windows = make_windows(text_data)
    step = take_step(make_model(text_data), text_data, windows, objective="last_char")
    keras_loss, expected = keras_gradients(make_model(text_data), *one_hot(text_data, windows))
    assert step.loss == pytest.approx(keras_loss, rel=1e-5)
    for ours, theirs in zip(step.subtracted(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_every_char_loss_is_the_mean_over_all_prefixes(text_data):
    windows = make_windows(text_data)
    loss = take_step(make_model(text_data), text_data, windows, objective="every_char").loss
    model = make_model(text_data)
    losses = []
    for length in range(1, 13):
        x, y = one_hot(text_data, windows[:, : length + 1])
        prefix_model = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])
        losses.append(keras_gradients(prefix_model, x, y)[0])
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)


def test_every_char_reaches_lower_val_loss_than_last_char(text_data):
    reached = {}
    for objective in ("every_char", "last_char"):
        model = make_model(text_data, (16,))
        run = Run()
        fit_model(model, text_data, 5, 600, 32, 0.1, run, objective=objective, clip_norm=0)
        reached[objective] = run.history[-1]["val_loss"]
    assert reached["every_char"] < reached["last_char"] - 0.1


def test_val_loss_equals_keras_evaluate(trained, text_data):
    model, run = trained
    windows = text_data.validation_windows(0.1)
    ours = evaluate(model, windows)
    assert ours == pytest.approx(run.history[-1]["val_loss"], abs=1e-9)
    assert ours == pytest.approx(
        model.evaluate(*one_hot(text_data, windows), batch_size=512, verbose=0), rel=1e-5
    )


def test_fit_model_takes_as_many_steps_as_the_original(text_data):
    model = make_model(text_data, (16,))
    for epochs in (1, 2):
        fit_model(model, text_data, 1, 320, 32, 0.0625, clip_norm=0)
        assert int(model.optimizer.iterations) == 10 * epochs  # 300 examples, the last batch of 12
    assert num_training_examples(10_000, 0.0625) == 9375


def test_best_epoch_without_validation_has_lowest_loss(text_data):
    run = Run()
    fit_model(make_model(text_data), text_data, 2, 100, 32, 0, run)
    assert "val_loss" not in run.history[0]
    assert run.progress.best_epoch == np.argmin([row["loss"] for row in run.history]) + 1


def test_fit_model_returns_the_best_epoch(text_data, monkeypatch):
    losses = [3.0, 1.0, 2.0]
    monkeypatch.setattr("lstm_text_generation.model.evaluate", lambda *_: losses.pop(0))
    best = fit_model(make_model(text_data, (16,)), text_data, 3, 320, 32, 0.1)
    losses = [3.0, 1.0]
    two_epochs = make_model(text_data, (16,))
    fit_model(two_epochs, text_data, 2, 320, 32, 0.1)
    for ours, theirs in zip(best.get_weights(), two_epochs.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_samples_equal_generate_text(text_data):
    model, run = make_model(text_data), Run()
    fit_model(model, text_data, 1, 320, 32, 0.1, run, seed_text="5 green", display_length=9)
    samples = run.history[0]["samples"]
    assert list(samples) == ["0", "0.25", "0.5", "0.75"]
    indices = text_data.text_to_indices("5 green")
    for temperature, text in samples.items():
        written = generate_text(model, text_data.char_set(), indices, 9, float(temperature), seed=0)
        assert text == written


def test_same_seed_gives_same_weights(text_data):
    def weights(seed, dropout):
        model = make_model(text_data, dropout=dropout)
        fit_model(model, text_data, 1, 200, 32, 0, seed=seed, clip_norm=0)
        return np.concatenate([v.numpy().ravel() for v in model.trainable_variables])

    first = weights(1, 0.3)
    np.testing.assert_array_equal(first, weights(1, 0.3))
    assert not np.array_equal(first, weights(2, 0.3))


def test_dropout_acts_in_training_only(text_data):
    windows = make_windows(text_data)
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


def test_clip_norm_bounds_the_gradient(text_data):
    windows = make_windows(text_data)
    subtracted = take_step(make_model(text_data), text_data, windows, clip_norm=1e-3).subtracted()
    assert math.sqrt(sum((m**2).sum() for m in subtracted)) == pytest.approx(1e-3, rel=1e-2)


def test_training_applies_constraints(text_data):
    model = make_model(text_data)
    (kernel, *_) = model.trainable_variables
    kernel.constraint = keras.constraints.MaxNorm(0.1, axis=0)
    assert np.linalg.norm(kernel.numpy(), axis=0).max() > 0.5
    take_step(model, text_data, make_windows(text_data))
    assert np.linalg.norm(kernel.numpy(), axis=0).max() == pytest.approx(0.1, rel=1e-3)


def test_compile_model_accepts_adam(text_data):
    model = make_model(text_data, optimizer="adam")
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_muon_takes_orthogonal_steps_in_the_lstm_matrices(text_data):
    model = make_model(text_data, optimizer="muon", learning_rate=0.01)
    before = [variable.numpy() for variable in model.trainable_variables]
    fit_model(model, OneBatch(text_data, make_windows(text_data)), 1, 1, 1, 0)
    for variable, old in zip(model.trainable_variables, before, strict=True):
        step = variable.numpy() - old
        if "lstm" in variable.path and step.ndim == 2:
            # Five iterations bring the singular values near 1, and the step's mean square to 0.2.
            singular = np.linalg.svd(step / (0.002 * math.sqrt(max(step.shape))), compute_uv=False)
            assert 0.5 < singular[len(singular) // 2] < 1.3
        else:  # Adam's first step, with a fifth of the learning rate
            sizes = np.abs(step[step != 0])
            assert sizes.max() == pytest.approx(0.002, rel=0.01) and np.median(sizes) > 0.0015


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "muon"])
def test_weight_decay_shrinks_the_weights(text_data, optimizer):
    plain, decayed = (
        make_model(text_data, (16,), optimizer=optimizer, weight_decay=weight_decay)
        for weight_decay in (0.0, 5.0)
    )
    for model in (plain, decayed):
        fit_model(model, OneBatch(text_data, make_windows(text_data)), 1, 1, 1, 0)
    start = make_model(text_data, (16,)).layers[0].cell.kernel.numpy()
    difference = plain.layers[0].cell.kernel.numpy() - decayed.layers[0].cell.kernel.numpy()
    np.testing.assert_allclose(difference, 5.0 * 0.01 * start, atol=1e-6)


def test_nan_loss_stops_training(text_data):
    model = make_model(text_data, learning_rate=1e38)
    with pytest.raises(UserError, match="the loss became (nan|inf) in epoch .*learning_rate"):
        fit_model(model, text_data, 3, 300, 32, 0.1)
