"""A small text and models of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_text_generation import model as lstm
from lstm_text_generation.data import TextData
from tests.conftest import TEXT
from training_run.loop import Progress


@pytest.fixture(scope="session")
def text_data() -> TextData:
    return TextData("bottles", TEXT, 12, 3)


@pytest.fixture(scope="session")
def trained(text_data) -> tuple[keras.Model, Progress]:
    """A model that has learned something, and the progress of its training."""
    model = make_model(text_data, (24, 16))
    progress = lstm.fit_model(model, text_data, 8, 1000, 32, 0.1)
    return model, progress


def make_model(text_data, sizes=(16, 8), dropout=0.0, seed=0, **kwargs) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = lstm.create_model(12, text_data.char_set_size(), sizes, dropout)
    lstm.compile_model(model, **{"learning_rate": 0.01, **kwargs})
    return model


def one_hot(text_data, windows) -> tuple[np.ndarray, np.ndarray]:
    """Return windows and the characters after them as the original's one-hot pair."""
    eye = np.eye(text_data.char_set_size(), dtype=np.float32)
    return eye[windows[:, :-1]], eye[windows[:, -1]]


def some_windows(text_data, n=50) -> tf.Tensor:
    return next(iter(text_data.training_batches(epoch=0, num_examples=n, batch_size=n)))
