"""Read numbers and texts from the runs' files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_tfjs import layers_model
from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from lstm_text_generation.cells import last_probabilities
from lstm_text_generation.data import TextData
from lstm_text_generation.load import load_model
from lstm_text_generation.model import compile_model, evaluate
from reproduce import runs
from training_run.checkpoints import Checkpoints
from training_run.history import Progress
from training_run.run_directory import CHECKPOINTS

NUM_DRAWN_WINDOWS = 16_384  # for the book's measure; the original draws 625 in each epoch


class Stage(NamedTuple):
    """The text model at an epoch of the table.

    Attributes:
      epoch: number of training epochs.
      all_text: mean cross-entropy, nats per character, on windows drawn from all of the text, as
        the book's program validates.
      held_out: the same on text that training never saw.
      texts: generated texts by temperature.
    """

    epoch: int
    all_text: float
    held_out: float
    texts: dict[str, str]


def load_text(run: Path) -> TextData:
    """Load the text that a run was trained on.

    Raises:
      UserError: the text cannot be loaded, or has changed since the training.
    """
    flags = runs.settings(run)
    corpus, sizes = flags["corpus"], (flags["sample_len"], flags["sample_step"])
    pieces = corpora.read(corpus, flags["data_dir"])
    text_data = TextData(corpora.identifier(corpus), pieces, *sizes)
    if text_data.fingerprint() != flags["text"]:
        raise UserError(f"{corpus} has changed since {run} was trained on it; delete the run")
    return text_data


def stages(
    directory: Path, text_data: TextData, objective: str, plan: runs.Plan
) -> Iterator[Stage]:
    """Measure the run of each stage."""
    # Draw windows as training does, but from all of the text and with another seed.
    count = NUM_DRAWN_WINDOWS
    (windows,) = text_data.next_data_epoch(count, count, epoch=0, seed=1)
    for epoch in plan.text_epochs:
        run = runs.text_run(directory, objective, epoch)
        yield Stage(
            epoch,
            evaluate(last_model(run), windows),
            runs.history(run)[-1]["val_loss"],
            sample_texts(run),
        )


def last_model(run: Path) -> keras.Model:
    """Return a text run's model after its last epoch. The exported model is the best epoch's."""
    model, _ = load_model(run)
    compile_model(model, runs.settings(run)["learning_rate"])
    Checkpoints(run / CHECKPOINTS, model, model.optimizer, Progress()).restore()
    return model


def sample_texts(run: Path) -> dict[str, str]:
    """Return the texts that a run generated after its last epoch, by temperature."""
    return json.loads((run / "epochs.json").read_text())["epochs"][-1]["samples"]


def next_char(run: Path) -> tuple[str, list[str], np.ndarray]:
    """Return a run's seed text, its characters, and the next-char probabilities [charset_size].

    The probabilities are those of the model after the last epoch.
    """
    text_data = layers_model.load_metadata(run)
    chars, seed_text = text_data["char_set"], text_data["seed_text"]
    indices = tf.constant([[chars.index(char) for char in seed_text]])
    probs, _ = last_probabilities(last_model(run), indices)
    return seed_text, chars, probs.numpy()[0]
