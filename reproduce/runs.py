"""The runs that the results come from, trained by the apps' own commands."""

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
SHARED = Path(__file__).parents[2] / "shared/datasets"  # beside the repository, on some machines


class Plan(NamedTuple):
    """How long to train, and what to show of it.

    Attributes:
      text_epochs: the epochs of the text runs whose models are kept.
      image_epochs: the epochs of the autoencoder's runs that are shown; it is trained to the last.
      examples_per_epoch: of the text runs.
    """

    text_epochs: tuple[int, ...]
    image_epochs: tuple[int, ...]
    examples_per_epoch: int


CHAPTER = Plan((5, 25, 50, 100, 120), (1, 2, 5, 10, 20, 50, 100), 10_000)
QUICK = Plan((1, 2, 3), (1, 2, 3), 5_000)


def text_run(directory: Path, objective: str, epoch: int) -> Path:
    """Return where the run is that was trained with `objective` up to `epoch`."""
    return directory / f"text-{objective}" / f"epoch-{epoch:03d}"


def image_run(directory: Path, reconstruction: str) -> Path:
    """Return where the autoencoder's run is."""
    return directory / f"vae-{reconstruction}"


def choose_corpus(directory: Path) -> str:
    """Return the text of the runs that are there already, or as much of the chapter's as there is.

    Returns:
      The name of a corpus, or the path of a text.
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
    """Train the chapter's model, that of the default flags, and keep the run of each stage.

    A stage goes on from the run before, in a directory of its own. Those that are there already are
    left alone, so that what was interrupted goes on where it was.

    Raises:
      UserError: a run that is there was trained otherwise, or a training failed.
    """
    own = {"examples_per_epoch": plan.examples_per_epoch, "objective": objective}
    before = None
    for epoch in plan.text_epochs:
        run = text_run(directory, objective, epoch)
        if before and not run.exists():
            run.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(run, partial(shutil.copytree, before))
        _train("lstm_text_generation.train", run, epoch, own, corpus)
        before = run


def train_images(directory: Path, reconstruction: str, plan: Plan) -> None:
    """Train the chapter's autoencoder, unless that is done.

    Raises:
      UserError: the run that is there was trained otherwise, or the training failed.
    """
    own = {"reconstruction_loss": reconstruction}
    run = image_run(directory, reconstruction)
    _train("fashion_mnist_vae.train", run, plan.image_epochs[-1], own)


def trained_epochs(run: Path) -> int:
    """Return how many epochs a finished run has; 0 where there is none."""
    return len(history(run)) if (run / "history.csv").exists() else 0


def history(run: Path) -> list[dict[str, float]]:
    """Return the metrics of each epoch of a run."""
    with (run / "history.csv").open() as file:
        return [{name: float(x) for name, x in row.items()} for row in csv.DictReader(file)]


def settings(run: Path) -> dict[str, Any]:
    """Return the flags of a run."""
    return json.loads((run / SETTINGS_FILE).read_text())


def _train(module: str, run: Path, epochs: int, own: dict[str, Any], *corpus: str) -> None:
    """Train a run up to so many epochs by its command, unless that is done.

    Args:
      own: the flags that are not the default ones.
    """
    if run.exists():
        had = settings(run)
        other = [f"{name}={had[name]}" for name in own if had[name] != own[name]]
        if other:
            raise UserError(f"{run} was trained with {', '.join(other)}; delete it to train anew")
    if trained_epochs(run) >= epochs:
        return
    line = [sys.executable, "-m", module, *corpus, f"--epochs={epochs}", f"--save_path={run}"]
    line += [f"--{name}={value}" for name, value in own.items()]
    datasets = SHARED / "tensorflow_datasets"
    line += ["--resume", *([f"--data_dir={datasets}"] if datasets.exists() else [])]
    print(f"\n$ {' '.join(line)}", flush=True)
    status = subprocess.run(line).returncode
    if status:
        raise UserError(f"{module} ended with status {status}; the same command goes on from there")
