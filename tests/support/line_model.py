"""A model that fits a line, trained in a loop with a run."""

import signal

import keras
import numpy as np
import tensorflow as tf

from keras_tfjs import signals
from training_run.batches import Batches
from training_run.run import Run
from training_run.run_directory import RunDirectory

ROWS = [5, 5, 5, 3]  # of each step of an epoch
STEPS = len(ROWS)


def make_model(learning_rate=0.001):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def open_run(path, **kwargs) -> Run:
    path.mkdir(exist_ok=True)
    return Run(RunDirectory(path.with_name("finished"), path, {}), **kwargs)


def fit(
    model, run, epochs=3, val_losses=None, evaluate=None, patience=0, after_step=None, decay=False
):
    """Fit a line. The batches depend only on the epoch's number; the last batch is smaller.

    Args:
      val_losses: val_loss by epoch.
      after_step: called after each step with the number of steps so far.
      decay: decay the learning rate to zero over the run.
    """

    @run.on_each_replica
    def train_step(batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(batch) - batch[:, :1]) ** 2)
        variables = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}

    run.restore(model, model.optimizer)
    for epoch in run.epochs(epochs, patience):
        if decay:
            run.set_learning_rate(0.01 * (1 - epoch / run.num_epochs))

        def batch(first, end, epoch=epoch):
            return np.random.default_rng((epoch, first)).random((end - first, 2), dtype=np.float32)

        for images in run.steps(Batches(sum(ROWS), ROWS[0], batch)):
            run.log_step(train_step(images))
            if after_step:
                after_step(int(model.optimizer.iterations))
        figures = {"val_loss": val_losses.pop(0)} if val_losses else {}
        run.log_epoch(evaluate() if evaluate else figures, {"0": f"epoch {epoch + 1}"})
    return run


def signal_at(step, number=signal.SIGTERM):
    """Return a function that simulates a signal during a step."""

    def after_step(steps):
        if steps == step:
            signals.state.received = number

    return after_step
