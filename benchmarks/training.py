"""The apps' own training loops, run on given batches."""

import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from fashion_mnist_vae.data import make_image_data
from fashion_mnist_vae.model import VaeOptions
from fashion_mnist_vae.train import train
from lstm_text_generation.model import compile_model, create_model, fit_model
from training_run.distribution import Workers
from training_run.run import Run


class ServedRun(Run):
    """Trains an epoch for each line on stdin, then prints `done`, as `measure.serve` does."""

    def epochs(self, count: int, patience: int = 0) -> Iterator[int]:
        """Yield an epoch for each line on stdin."""
        self.progress.num_epochs = 1
        for number, _ in enumerate(sys.stdin):
            yield number
            print("done", flush=True)

    def log_epoch(self, metrics, samples=None) -> None:
        """Reset the progress of the epoch."""
        self.progress.step, self.progress.sums = 0, {}


class TimedRun(Run):
    """Measures the seconds of each step, including the drawing of its batch.

    Attributes:
      seconds: of each step.
      parameters: number of the model's parameters.
    """

    def __init__(self, workers: Workers | None = None):
        super().__init__(workers=workers)
        self.seconds: list[float] = []

    def restore(self, model, optimizer) -> None:
        """Store the number of parameters."""
        super().restore(model, optimizer)
        self.parameters = model.count_params()

    def steps(self, batches: Sequence) -> Iterator:
        """Yield the batches, and time the steps."""
        started = time.perf_counter()
        for batch in super().steps(batches):
            yield batch
            now = time.perf_counter()
            self.seconds.append(now - started)
            started = now


class FixedText:
    """A `TextData` for `fit_model` without validation, with the same batches in every epoch."""

    def __init__(self, batches: Sequence[np.ndarray]):
        self._batches = batches

    def sample_len(self) -> int:
        """Return the length of a window."""
        return self._batches[0].shape[1] - 1

    def next_data_epoch(self, *_, **__) -> Sequence[np.ndarray]:
        """Return the batches."""
        return self._batches


def train_text(
    run: Run,
    batches: Sequence[np.ndarray],
    characters: int,
    units: int = 128,
    objective: str = "every_char",
) -> None:
    """Train a model of two LSTM layers on these batches, with the run's strategy."""
    with run.strategy.scope():
        model = create_model(batches[0].shape[1] - 1, characters, (units, units))
        compile_model(model, 0.01)
    fit_model(model, FixedText(batches), 1, 1, 1, 0, run, objective=objective)  # type: ignore[arg-type]


def train_images(run: Run, batches: Sequence[np.ndarray]) -> None:
    """Train the autoencoder of the default flags on these batches."""
    images = np.zeros((1, 28, 28), np.uint8)
    data = make_image_data("fixed", images, images[:0], np.zeros(0, np.uint8), [])

    class Fixed(type(data)):  # type: ignore[misc]
        def batch_images(self, *_) -> Sequence[np.ndarray]:
            return batches

    train(Fixed(*data), VaeOptions(784), run, epochs=1)
