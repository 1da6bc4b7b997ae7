"""The runs that the results come from, trained by the apps' own commands."""

import csv
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lstm_text_generation import corpora
from training_run.atomic_files import write_atomically
from training_run.command_line import UserError

# By objective, what the book's command is given besides. The chapter's way does not clip gradients;
# with the default norm of 1, one that exploded undid the run of seed 0 in its last epoch.
OBJECTIVES = {"last_char": ["--clip_norm=0.25"], "every_char": []}
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


def choose_corpus() -> str:
    """Return the name or path of the chapter's text, as much of it as is at hand."""
    try:
        corpora.download("shakespeare")
        return "shakespeare"
    except UserError as error:
        print(f"{error}.", flush=True)
    half = SHARED / "texts/shakespeare-first-half.txt"
    return str(half) if half.exists() else "tiny_shakespeare"


def data_flags() -> list[str]:
    """Return the flag that says where TensorFlow Datasets are, unless in their usual place."""
    place = SHARED / "tensorflow_datasets"
    return [f"--data_dir={place}"] if place.exists() else []


def text_run(directory: Path, objective: str, epoch: int) -> Path:
    """Return where the run is that was trained with `objective` up to `epoch`."""
    return directory / f"text-{objective}" / f"epoch-{epoch:03d}"


def image_run(directory: Path, reconstruction: str) -> Path:
    """Return where the autoencoder's run is."""
    return directory / f"vae-{reconstruction}"


def train_text(directory: Path, corpus: str, objective: str, plan: Plan) -> None:
    """Train the chapter's model, that of the default flags, and keep the run of each stage.

    A stage goes on from the run before, in a directory of its own. Those that are there already are
    left alone, so that what was interrupted goes on where it was.
    """
    before = None
    for epoch in plan.text_epochs:
        run = text_run(directory, objective, epoch)
        if trained_epochs(run) < epoch:
            if before and not run.exists():
                run.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(run, partial(shutil.copytree, before))
            _command(
                "lstm_text_generation.train",
                *[corpus, "--epochs", str(epoch), "--savePath", str(run)],
                *[f"--objective={objective}", *OBJECTIVES[objective]],
                *[f"--examples_per_epoch={plan.examples_per_epoch}", "--resume", *data_flags()],
            )
        before = run


def train_images(directory: Path, reconstruction: str, plan: Plan) -> None:
    """Train the chapter's autoencoder, unless that is done."""
    run = image_run(directory, reconstruction)
    epochs = plan.image_epochs[-1]
    if trained_epochs(run) < epochs:
        _command(
            "fashion_mnist_vae.train",
            *["--epochs", str(epochs), "--savePath", str(run), "--resume"],
            *[f"--reconstruction_loss={reconstruction}", *data_flags()],
        )


def trained_epochs(run: Path) -> int:
    """Return how many epochs a finished run has; 0 where there is none."""
    return len(history(run)) if (run / "history.csv").exists() else 0


def history(run: Path) -> list[dict[str, float]]:
    """Return the figures of each epoch of a run."""
    with (run / "history.csv").open() as file:
        return [{name: float(x) for name, x in row.items()} for row in csv.DictReader(file)]


def _command(module: str, *arguments: str) -> None:
    """Run a training command.

    Raises:
      UserError: it failed; it has said why.
    """
    line = [sys.executable, "-m", module, *arguments]
    print(f"\n$ {' '.join(line)}", flush=True)
    status = subprocess.run(line).returncode
    if status:
        raise UserError(f"{module} ended with status {status}; the same command goes on from there")
