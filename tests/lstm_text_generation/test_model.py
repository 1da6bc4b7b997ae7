import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_text_generation import model as lstm
from lstm_text_generation.cells import read
from tests.lstm_text_generation.conftest import make_model, one_hot, some_windows
from training_run.command_line import UserError


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


def stepped_with_sgd(text_data, objective, windows):
    """Return the loss of our training step, and the gradients it applied."""
    model = make_model(text_data)
    model.optimizer = keras.optimizers.SGD(1.0)
    model.optimizer.build(model.trainable_variables)
    before = [v.numpy() for v in model.trainable_variables]
    loss = float(lstm.make_train_step(model, objective)(windows)["loss"])
    after = [v.numpy() for v in model.trainable_variables]
    return loss, [b - a for b, a in zip(before, after, strict=True)]


def test_last_char_computes_what_keras_computes(text_data):
    windows = some_windows(text_data)
    loss, gradients = stepped_with_sgd(text_data, "last_char", windows)
    keras_loss, expected = keras_gradients(
        make_model(text_data), *one_hot(text_data, windows.numpy())
    )
    assert loss == pytest.approx(keras_loss, rel=1e-5)
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_every_char_is_the_mean_over_all_prefixes(text_data):
    windows = some_windows(text_data)
    loss, _ = stepped_with_sgd(text_data, "every_char", windows)
    model = make_model(text_data)
    losses = []
    for length in range(1, 13):
        x, y = one_hot(text_data, windows.numpy()[:, : length + 1])
        prefix_model = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])
        losses.append(keras_gradients(prefix_model, x, y)[0])
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)


def test_every_char_learns_more_from_the_same_examples(text_data):
    reached = {}
    for objective in ("every_char", "last_char"):
        model = make_model(text_data)
        progress = lstm.fit_model(model, text_data, 5, 600, 32, 0.1, objective=objective)
        reached[objective] = progress.history[-1]["val_loss"]
    assert reached["every_char"] < reached["last_char"] - 0.1


def test_val_loss_is_what_keras_evaluates(trained, text_data):
    model, progress = trained
    windows = text_data.validation_windows(0.1)
    ours = lstm.evaluate_model(model, windows)
    assert ours == pytest.approx(progress.history[-1]["val_loss"], abs=1e-9)
    assert ours == pytest.approx(
        model.evaluate(*one_hot(text_data, windows), batch_size=512, verbose=0), rel=1e-5
    )


def test_fit_model_trains_on_the_originals_share_of_the_examples(text_data):
    seen = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(int(self.model.optimizer.iterations))

    lstm.fit_model(make_model(text_data), text_data, 2, 320, 32, 0.0625, [Count()])
    assert seen == [10, 20]  # 300 examples an epoch, the last batch of 12
    assert lstm.training_examples(10_000, 0.0625) == 9375


def test_without_validation_the_training_loss_decides(text_data):
    progress = lstm.fit_model(make_model(text_data), text_data, 2, 100, 32, 0)
    assert "val_loss" not in progress.history[0]
    assert progress.best_epoch == np.argmin([h["loss"] for h in progress.history]) + 1


def test_the_same_seed_gives_the_same_weights(text_data):
    def weights(seed, dropout):
        model = make_model(text_data, dropout=dropout)
        lstm.fit_model(model, text_data, 1, 200, 32, 0, seed=seed)
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
    x, _ = one_hot(text_data, windows.numpy())
    np.testing.assert_allclose(with_dropout(x), without(x), atol=1e-6)
    np.testing.assert_allclose(read(with_dropout, tf.constant(x))[0], without(x), atol=1e-6)
    losses = [float(lstm.make_train_step(m)(windows)["loss"]) for m in (with_dropout, without)]
    assert abs(losses[0] - losses[1]) > 1e-3


def test_clip_norm_bounds_the_gradient(text_data):
    model = make_model(text_data)
    model.optimizer = keras.optimizers.SGD(1.0)
    model.optimizer.build(model.trainable_variables)
    before = [v.numpy() for v in model.trainable_variables]
    lstm.make_train_step(model, clip_norm=1e-3)(some_windows(text_data))
    moved = [a.numpy() - b for a, b in zip(model.trainable_variables, before, strict=True)]
    assert math.sqrt(sum((m**2).sum() for m in moved)) == pytest.approx(1e-3, rel=1e-2)


def test_constraints_are_kept(text_data):
    model = make_model(text_data)
    (kernel, *_) = model.trainable_variables
    kernel.constraint = keras.constraints.MaxNorm(0.1, axis=0)
    assert np.linalg.norm(kernel.numpy(), axis=0).max() > 0.5
    lstm.make_train_step(model)(some_windows(text_data))
    assert np.linalg.norm(kernel.numpy(), axis=0).max() == pytest.approx(0.1, rel=1e-3)


def test_adam_is_there(text_data):
    model = make_model(text_data, optimizer="adam")
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_a_loss_that_is_no_number_stops_the_training(text_data):
    model = make_model(text_data, learning_rate=1e38)
    with pytest.raises(UserError, match="the loss became (nan|inf) in epoch .*learning_rate"):
        lstm.fit_model(model, text_data, 3, 300, 32, 0.1)


def test_read_is_the_models_own_prediction(trained, text_data):
    model, _ = trained
    windows = text_data.validation_windows(0.1)[:40]
    x, _ = one_hot(text_data, windows)
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(read(model, tf.constant(x))[0], expected, atol=1e-6)
    indices = tf.constant(windows[:, :-1])
    np.testing.assert_allclose(read(model, indices)[0], expected, atol=1e-6)
