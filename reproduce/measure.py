"""What the runs' files say, as numbers and texts."""

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

DRAWN = 16_384  # windows of the chapter's measure; the original draws 625 anew in each epoch


class Stage(NamedTuple):
    """A text model at one of the table's epochs.

    Attributes:
      epoch: how many epochs it was trained.
      drawn: mean cross-entropy, nats per character, on windows drawn from all the text, as the
        chapter's program validates.
      held_out: the same on text that training never saw.
      texts: what it wrote, by temperature.
    """

    epoch: int
    drawn: float
    held_out: float
    texts: dict[str, str]


def load_text(run: Path) -> TextData:
    """Load the text that a run was trained on.

    Raises:
      UserError: it cannot be had, or is another by now.
    """
    flags = runs.settings(run)
    corpus, sizes = flags["corpus"], (flags["sample_len"], flags["sample_step"])
    pieces = corpora.read(corpus, flags["data_dir"])
    text_data = TextData(corpora.identifier(corpus), pieces, *sizes)
    if text_data.fingerprint() != flags["text"]:
        raise UserError(f"{corpus} is not the text any more that {run} was trained on")
    return text_data


def stages(
    directory: Path, text_data: TextData, objective: str, plan: runs.Plan
) -> Iterator[Stage]:
    """Measure the run of each stage."""
    # Drawn as for training, but with nothing held out and from another seed.
    (windows,) = text_data.next_data_epoch(DRAWN, DRAWN, epoch=0, seed=1)
    for epoch in plan.text_epochs:
        run = runs.text_run(directory, objective, epoch)
        yield Stage(
            epoch,
            evaluate(last_model(run), windows),
            runs.history(run)[-1]["val_loss"],
            sample_texts(run),
        )


def last_model(run: Path) -> keras.Model:
    """Return a text run's model after its last epoch; the one that it exports is its best."""
    model, _ = load_model(run)
    compile_model(model, runs.settings(run)["learning_rate"])
    Checkpoints(run / CHECKPOINTS, model, model.optimizer, Progress()).restore()
    return model


def sample_texts(run: Path) -> dict[str, str]:
    """Return what a text run wrote after its last epoch, by temperature."""
    return json.loads((run / "epochs.json").read_text())["epochs"][-1]["samples"]


def next_char(run: Path) -> tuple[str, list[str], np.ndarray]:
    """Return a run's seed text, its characters, and what it predicts to follow: [charset_size].

    The prediction is that of the weights after the last epoch.
    """
    text_data = layers_model.load_metadata(run)
    chars, seed_text = text_data["char_set"], text_data["seed_text"]
    indices = tf.constant([[chars.index(char) for char in seed_text]])
    probs, _ = last_probabilities(last_model(run), indices)
    return seed_text, chars, probs.numpy()[0]
