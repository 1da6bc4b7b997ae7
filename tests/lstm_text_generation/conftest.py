"""A small text, and models of it."""

from typing import NamedTuple

import keras
import numpy as np
import pytest

from lstm_text_generation.data import TextData
from lstm_text_generation.model import compile_model, create_model, fit_model
from tests.support.bottles import TEXT
from training_run.run import Run


@pytest.fixture(scope="session")
def text_data() -> TextData:
    return TextData("bottles", TEXT, 12, 3)


@pytest.fixture(scope="session")
def trained(text_data) -> tuple[keras.Model, Run]:
    """A trained model, and its run."""
    model, run = make_model(text_data, (24, 16)), Run()
    fit_model(model, text_data, 8, 1000, 32, 0.1, run, clip_norm=0)
    return model, run


def make_model(text_data, sizes=(16, 8), dropout=0.0, seed=0, **kwargs) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = create_model(12, text_data.char_set_size(), sizes, dropout)
    compile_model(model, **{"learning_rate": 0.01, **kwargs})
    return model


def one_hot(text_data, windows) -> tuple[np.ndarray, np.ndarray]:
    """Return windows and the characters after them as the original's one-hot pair."""
    eye = np.eye(text_data.char_set_size(), dtype=np.float32)
    return eye[windows[:, :-1]], eye[windows[:, -1]]


def make_windows(text_data, n=50) -> np.ndarray:
    return text_data.next_data_epoch(n, n, epoch=0)[0]


class StepResult(NamedTuple):
    """The result of a training step.

    Attributes:
      loss: the loss of the batch, before the step.
      before, after: the trainable variables before and after the step.
    """

    loss: float
    before: list[np.ndarray]
    after: list[np.ndarray]

    def subtracted(self) -> list[np.ndarray]:
        """Return the change of the variables: with SGD(1), the gradients."""
        return [before - after for before, after in zip(self.before, self.after, strict=True)]


class OneBatch:
    """Text data whose epochs have one given batch."""

    def __init__(self, text_data, windows):
        self._text_data, self._windows = text_data, windows

    def __getattr__(self, name):
        return getattr(self._text_data, name)

    def next_data_epoch(self, num_examples, batch_size, **_):
        return [self._windows]


def take_step(model, text_data, windows, **kwargs) -> StepResult:
    """Take one step of `fit_model` on these windows, with SGD(1)."""
    model.optimizer = keras.optimizers.SGD(1.0)
    model.optimizer.build(model.trainable_variables)
    before = [variable.numpy() for variable in model.trainable_variables]
    run = Run()
    arguments = {"clip_norm": 0, **kwargs}
    fit_model(model, OneBatch(text_data, windows), 1, 1, 1, 0, run, **arguments)
    after = [variable.numpy() for variable in model.trainable_variables]
    return StepResult(run.history[0]["loss"], before, after)
