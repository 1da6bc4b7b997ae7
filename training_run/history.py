"""The progress of a run, and the metrics of its epochs as tables and a picture."""

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from keras_tfjs.atomic_files import write_atomically, write_text

# The metrics of an epoch by name, such as `loss`; the texts in `samples` by temperature.
Row = dict[str, Any]


@dataclasses.dataclass
class Progress:
    """The progress of a run: the content of a checkpoint besides the variables.

    Attributes:
      epoch: number of finished epochs.
      step: number of finished steps of the current epoch.
      sums: each metric summed over the examples of these steps, and their number as `examples`.
      history: a row for each finished epoch.
      num_epochs: number of epochs of the whole run; 0 until it is set.
      best_epoch: the epoch (from 1) with the lowest loss so far; 0 before the first epoch.
      best_weights: the model's weights after `best_epoch`.
    """

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = dataclasses.field(default_factory=dict)
    history: list[Row] = dataclasses.field(default_factory=list)
    num_epochs: int = 0
    best_epoch: int = 0
    best_weights: list[np.ndarray] = dataclasses.field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """Return the attributes that a checkpoint stores as JSON: all except `best_weights`."""
        return {name: value for name, value in vars(self).items() if name != "best_weights"}

    def check(self, fields: dict[str, Any]) -> None:
        """Check the JSON of a checkpoint.

        Raises:
          ValueError: a field is missing, unknown, or has the wrong type or length.
        """
        types = {name: type(value) for name, value in self.fields().items()}
        if not isinstance(fields, dict) or {n: type(v) for n, v in fields.items()} != types:
            raise ValueError("its progress has wrong fields")
        if len(fields["history"]) != fields["epoch"] or fields["best_epoch"] > fields["epoch"]:
            raise ValueError("its history has the wrong length")

    def add_step(self, metrics: dict[str, float], examples: int) -> None:
        """Add a step with these mean metrics over a number of examples."""
        self.step += 1
        for name, value in {**metrics, "examples": 1.0}.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * examples

    def means(self) -> dict[str, float]:
        """Return the mean metrics over the examples of the epoch so far."""
        examples = self.sums["examples"]
        return {name: total / examples for name, total in self.sums.items() if name != "examples"}

    def end_epoch(self, row: Row) -> bool:
        """Add a finished epoch, and tell whether its loss is the lowest so far."""
        self.epoch += 1
        self.step, self.sums = 0, {}
        self.history.append({"epoch": self.epoch, **row})
        best = not self.best_epoch or loss_of(row) < loss_of(self.history[self.best_epoch - 1])
        if best:
            self.best_epoch = self.epoch
        return best


def loss_of(row: Row) -> float:
    """Return the metric to minimize: `val_loss`, or `loss` without validation data."""
    return row["val_loss" if "val_loss" in row else "loss"]


def metrics_of(row: Row) -> dict[str, float]:
    """Return an epoch's metrics: its row without the number and the samples."""
    return {name: value for name, value in row.items() if name not in ("epoch", "samples")}


def metrics_text(row: Row) -> str:
    """Return an epoch's metrics as one line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics_of(row).items())


def samples_text(row: Row) -> str:
    """Return an epoch's samples, each below its temperature; empty without samples."""
    return "".join(
        f'Generated text (temperature={temperature}):\n"{text}"\n\n'
        for temperature, text in row.get("samples", {}).items()
    )


def write_tables(directory: Path, history: list[Row]) -> None:
    """Write the rows as `epochs.json` for the pages, and their metrics as `history.csv`."""
    write_text(directory / "epochs.json", json.dumps({"epochs": history}, indent=1) + "\n")
    text = io.StringIO()
    names = [name for name in history[0] if name != "samples"]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(directory / "history.csv", text.getvalue())


def plot_loss(path: Path, history: list[Row], title: str, unit: str) -> None:
    """Draw the training and validation loss of every epoch to a PNG.

    Args:
      unit: of the loss, for the label of the axis.
    """
    # Use the object API, because pyplot has a global state and may need a display.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    epochs = [row["epoch"] for row in history]
    for name, label in (("loss", "training"), ("val_loss", "validation")):
        if name in history[0]:
            marker = "o" if len(history) < 25 else None
            axes.plot(epochs, [row[name] for row in history], label=label, marker=marker)
    axes.set(xlabel="epoch", ylabel=f"loss ({unit})")
    axes.set_title(title, parse_math=False)  # because the name of a corpus may contain $
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=120))
