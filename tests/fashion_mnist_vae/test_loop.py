"""The training loop of train.py, called as a notebook calls it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae.model import VaeOptions, decoder, encoder, evaluate, vae, vae_loss
from fashion_mnist_vae.train import train
from keras_tfjs.command_line import UserError
from training_run.run import Run

pytestmark = pytest.mark.quick

OPTS = VaeOptions(120, 16, 2)
LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("reconstruction_loss", ["mse", "bce"])
def test_training_reduces_val_loss(shapes, reconstruction_loss):
    run = Run()
    best = train(
        shapes, OPTS, run, epochs=6, batch_size=64, learning_rate=1e-2,
        reconstruction_loss=reconstruction_loss,
    )  # fmt: skip
    losses = [row["val_loss"] for row in run.history]
    assert losses[-1] < 0.8 * losses[0]
    first = run.history[0]
    assert first["loss"] == pytest.approx(first["reconstruction"] + first["kl"], rel=1e-5)
    evaluated = evaluate(best, shapes.test_images, reconstruction_loss).loss
    assert evaluated == pytest.approx(min(losses), rel=1e-6)


def test_every_batch_is_one_step(shapes):
    steps = []

    class RecordingRun(Run):
        def log_step(self, metrics):
            steps.append(list(metrics))
            super().log_step(metrics)

    train(shapes, OPTS, RecordingRun(), epochs=2, batch_size=64)
    assert steps == [["loss", "reconstruction", "kl"]] * 2 * 8  # 500 images, the last batch of 52


def test_step_subtracts_the_gradient_of_vae_loss(shapes, monkeypatch):
    """The loss is that of training, with noise from the seed generator."""
    monkeypatch.setattr(keras.optimizers, "Adam", keras.optimizers.SGD)
    subset = shapes._replace(train_images=shapes.train_images[:50])
    (inputs,) = subset.batch_images(0, 50, seed=0)
    inputs = tf.cast(inputs, tf.float32) / 255
    keras.utils.set_random_seed(7)
    model = vae(encoder(OPTS), decoder(OPTS))
    before = [variable.numpy() for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        loss, *_ = vae_loss(inputs, model(inputs, training=True), beta=2.0)
    expected = tape.gradient(loss, model.trainable_variables)

    keras.utils.set_random_seed(7)
    run = Run()
    after = train(subset, OPTS, run, epochs=1, batch_size=50, learning_rate=1.0, beta=2.0)
    assert run.history[0]["loss"] == pytest.approx(float(loss), rel=1e-5)
    for old, new, gradient in zip(before, after.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(old - new.numpy(), gradient, atol=1e-4)


def test_best_epoch_without_test_images_has_lowest_loss(shapes):
    run = Run()
    train(shapes._replace(test_images=shapes.test_images[:0]), OPTS, run, epochs=3)
    assert list(run.history[0]) == ["epoch", "loss", "reconstruction", "kl"]
    assert run.progress.best_epoch == np.argmin([row["loss"] for row in run.history]) + 1


def test_nan_loss_stops_training(shapes):
    with pytest.raises(UserError, match="the loss became (nan|inf)"):
        train(shapes, OPTS, epochs=2, learning_rate=1e20)


def test_extreme_variances_stop_training(shapes, monkeypatch):
    def encoder_with_extreme_variances(opts):
        model = encoder(opts)
        model.get_layer("z_log_var").bias.assign([LARGEST, LARGEST])
        return model

    monkeypatch.setattr("fashion_mnist_vae.model.encoder", encoder_with_extreme_variances)
    with pytest.raises(UserError, match="the loss became nan in epoch 1, step 1; start again"):
        train(shapes, OPTS, epochs=1, batch_size=64)
