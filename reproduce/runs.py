"""Train the runs for the results, with the apps' own commands."""

import csv
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from keras_tfjs.atomic_files import write_atomically
from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from training_run.settings_file import SETTINGS_FILE

OBJECTIVES = ("last_char", "every_char")
RECONSTRUCTIONS = ("mse", "bce")
SHARED = Path(__file__).parents[2] / "shared/datasets"  # optional, next to the repository


class Plan(NamedTuple):
    """How long to train, and which epochs to show.

    Attributes:
      text_epochs: the epochs after which the text models are kept.
      image_epochs: the autoencoder's epochs to show; its training ends with the last.
      examples_per_epoch: of the text runs.
    """

    text_epochs: tuple[int, ...]
    image_epochs: tuple[int, ...]
    examples_per_epoch: int


CHAPTER = Plan((5, 25, 50, 100, 120), (1, 2, 5, 10, 20, 50, 100), 10_000)
QUICK = Plan((1, 2, 3), (1, 2, 3), 5_000)


def text_run(directory: Path, objective: str, epoch: int) -> Path:
    """Return the directory of the text run with an objective up to an epoch."""
    return directory / f"text-{objective}" / f"epoch-{epoch:03d}"


def image_run(directory: Path, reconstruction: str) -> Path:
    """Return the directory of the autoencoder's run."""
    return directory / f"vae-{reconstruction}"


def choose_corpus(directory: Path) -> str:
    """Return the corpus of the existing runs, or else the corpus that is nearest to the book's.

    Returns:
      The name of a corpus, or the path of a text file.
    """
    for file in sorted(directory.glob(f"text-*/epoch-*/{SETTINGS_FILE}")):
        return settings(file.parent)["corpus"]
    try:
        corpora.download("shakespeare")
        return "shakespeare"
    except UserError as error:
        print(f"{error}.", flush=True)
    half = SHARED / "texts/shakespeare-first-half.txt"
    return str(half) if half.exists() else "tiny_shakespeare"


def train_text(directory: Path, corpus: str, objective: str, plan: Plan) -> None:
    """Train the book's model, which has the default flags, and keep the run of each stage.

    A stage goes on from a copy of the previous stage. Finished stages are not trained again.

    Raises:
      UserError: an existing run was trained with other flags, or a training failed.
    """
    flags = {"examples_per_epoch": plan.examples_per_epoch, "objective": objective}
    previous = None
    for epoch in plan.text_epochs:
        run = text_run(directory, objective, epoch)
        if previous and not run.exists():
            run.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(run, partial(shutil.copytree, previous))
        _train("lstm_text_generation.train", run, epoch, flags, corpus)
        previous = run


def train_images(directory: Path, reconstruction: str, plan: Plan) -> None:
    """Train the book's autoencoder, unless its run is finished.

    Raises:
      UserError: the existing run was trained with other flags, or the training failed.
    """
    flags = {"reconstruction_loss": reconstruction}
    run = image_run(directory, reconstruction)
    _train("fashion_mnist_vae.train", run, plan.image_epochs[-1], flags)


def trained_epochs(run: Path) -> int:
    """Return the number of epochs of a finished run; 0 if there is no run."""
    return len(history(run)) if (run / "history.csv").exists() else 0


def history(run: Path) -> list[dict[str, float]]:
    """Return the metrics of each epoch of a run."""
    with (run / "history.csv").open() as file:
        return [{name: float(x) for name, x in row.items()} for row in csv.DictReader(file)]


def settings(run: Path) -> dict[str, Any]:
    """Return the flags of a run."""
    return json.loads((run / SETTINGS_FILE).read_text())


def _train(module: str, run: Path, epochs: int, flags: dict[str, Any], *corpus: str) -> None:
    """Train a run up to a number of epochs with its command, unless the run is finished.

    Args:
      flags: the flags that differ from the defaults.
    """
    if run.exists():
        saved = settings(run)
        different = [f"{name}={saved[name]}" for name in flags if saved[name] != flags[name]]
        if different:
            raise UserError(f"{run} was trained with {', '.join(different)}; delete it, then retry")
    if trained_epochs(run) >= epochs:
        return
    line = [sys.executable, "-m", module, *corpus, f"--epochs={epochs}", f"--save_path={run}"]
    line += [f"--{name}={value}" for name, value in flags.items()]
    datasets = SHARED / "tensorflow_datasets"
    line += ["--resume", *([f"--data_dir={datasets}"] if datasets.exists() else [])]
    print(f"\n$ {' '.join(line)}", flush=True)
    status = subprocess.run(line).returncode
    if status:
        raise UserError(f"{module} ended with status {status}; run the same command to go on")
