"""Training steps of one worker: a command with the arguments KIND and FILE.

KIND is a value of --distribution; `mirrored` uses two virtual CPU devices.
The program writes gradients, losses and weights to FILE, and the test compares the files.
"""

import sys
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from fashion_mnist_vae.data import make_image_data
from fashion_mnist_vae.model import VaeOptions
from fashion_mnist_vae.train import train
from lstm_text_generation.data import TextData
from lstm_text_generation.model import compile_model, create_model, evaluate, fit_model
from tests.support import shapes
from tests.support.bottles import TEXT
from training_run.distribution import Workers, join, shard
from training_run.run import Run

STEPS = 50
SIZES = [30] * (STEPS - 1) + [3]  # not divisible by 4; fewer rows than replicas


class WatchedAdam(keras.optimizers.Adam):
    """Stores the gradients of the first step in `first`, in the order of the variables."""

    def build(self, variables):
        super().build(variables)
        self.first = [self.add_variable_from_reference(v, name="first") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        first = self.first[self._get_variable_index(variable)]
        self.assign(first, tf.where(tf.equal(self.iterations, 0), gradient, first))
        super().update_step(gradient, variable, learning_rate)


class WatchedRun(Run):
    """Stores the model, its optimizer and the loss of each step."""

    def __init__(self, workers: Workers):
        super().__init__(workers=workers)
        self.losses: list[float] = []

    def restore(self, model, optimizer):
        super().restore(model, optimizer)
        self.model, self.optimizer = model, optimizer

    def log_step(self, metrics):
        super().log_step(metrics)
        self.losses.append(float(metrics["loss"]))


class FixedText(TextData):
    """A text whose only epoch has batches of `SIZES`."""

    def next_data_epoch(self, num_examples, batch_size, **_):
        (whole,) = super().next_data_epoch(sum(SIZES), sum(SIZES), epoch=0)
        return np.split(whole, np.cumsum(SIZES)[:-1])


def text(workers: Workers, dropout: float = 0.0) -> WatchedRun:
    """Train the text model for an epoch."""
    data = FixedText("bottles", TEXT, 12, 3)
    keras.utils.set_random_seed(0)
    with workers.strategy.scope():
        model = create_model(12, data.char_set_size(), [16, 8], dropout)
        compile_model(model, 0.01)
        model.optimizer = WatchedAdam(0.01)
        model.optimizer.build(model.trainable_variables)
    run = WatchedRun(workers)
    fit_model(model, data, 1, 1, 1, 0, run, clip_norm=0.05)
    return run


def images(workers: Workers) -> WatchedRun:
    """Train the autoencoder for an epoch."""
    drawn, labels = shapes.draw_shapes(sum(SIZES), 0)
    data = make_image_data("shapes", drawn, drawn[:30], labels[:30], ["wide", "high", "box"])

    class Fixed(type(data)):
        def batch_images(self, epoch, batch_size, seed=0):
            return np.split(self.train_images, np.cumsum(SIZES)[:-1])

    keras.utils.set_random_seed(0)
    keras.optimizers.Adam, adam = lambda learning_rate: WatchedAdam(0.01), keras.optimizers.Adam
    run = WatchedRun(workers)
    train(Fixed(*data), VaeOptions(120, 16, 2), run, epochs=1)
    keras.optimizers.Adam = adam
    return run


def measure(workers: Workers) -> dict[str, np.ndarray]:
    """Return all results by name."""
    found = {}
    rows = tf.function(lambda: workers.strategy.run(lambda: shard(tf.range(10))), autograph=False)()
    found["rows"] = workers.strategy.experimental_local_results(rows)[0].numpy()
    cases = {"text": text, "dropout": partial(text, dropout=0.5), "images": images}
    for name, case in cases.items():
        run = case(workers)
        for index, gradient in enumerate(run.optimizer.first):
            found[f"{name}/gradient/{index:02d}"] = gradient.numpy()
        found[f"{name}/losses"] = np.array(run.losses)
        found[f"{name}/epoch_loss"] = np.array(run.history[0]["loss"])
        copies = [
            workers.strategy.experimental_local_results(variable.value)
            for variable in run.model.trainable_variables
        ]
        for number, weights in enumerate(zip(*copies, strict=True)):  # replicas of this process
            found[f"{name}/weights/{number}"] = np.concatenate([w.numpy().ravel() for w in weights])
        if name == "text":
            windows = FixedText("bottles", TEXT, 12, 3).next_data_epoch(1, 1)[0]
            found["text/val_loss"] = np.array(evaluate(run.model, windows))
        if name == "images":
            found["images/val_loss"] = np.array(run.history[0]["val_loss"])
    return found


def main(kind: str, file: str) -> None:
    """Compute and write the results."""
    if kind == "mirrored":
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    with join(kind) as workers:
        np.savez(file, **measure(workers))


def cli() -> None:
    """Run `main` with the command line's arguments."""
    main(*sys.argv[1:])
