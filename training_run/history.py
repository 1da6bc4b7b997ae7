"""What a run records: where it stands, and the metrics of its epochs as tables and a picture."""

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
    """Where a run stands: what a checkpoint holds beside the variables.

    Attributes:
      epoch: finished epochs.
      step: finished steps of the present epoch.
      sums: each metric of those steps, summed over their examples; `examples` counts them.
      history: a row for each finished epoch.
      num_epochs: epochs of the whole run, 0 until that is decided.
      best_epoch: the epoch (from 1) with the lowest loss so far, 0 before the first.
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
        """Return what a checkpoint holds as JSON: all attributes but `best_weights`."""
        return {name: value for name, value in vars(self).items() if name != "best_weights"}

    def check(self, fields: dict[str, Any]) -> None:
        """Check that JSON from a checkpoint could be what `fields` returned.

        Raises:
          ValueError: it could not.
        """
        types = {name: type(value) for name, value in self.fields().items()}
        if not isinstance(fields, dict) or {n: type(v) for n, v in fields.items()} != types:
            raise ValueError("its progress is not that of a run")
        if len(fields["history"]) != fields["epoch"] or fields["best_epoch"] > fields["epoch"]:
            raise ValueError("its history does not fit its epochs")

    def add_step(self, metrics: dict[str, float], examples: int) -> None:
        """Count one step over `examples` examples with these mean metrics."""
        self.step += 1
        for name, value in {**metrics, "examples": 1.0}.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * examples

    def means(self) -> dict[str, float]:
        """Return the metrics of the epoch so far: means over its examples."""
        examples = self.sums["examples"]
        return {name: total / examples for name, total in self.sums.items() if name != "examples"}

    def end_epoch(self, row: Row) -> bool:
        """Record a finished epoch, and tell whether it is the best so far."""
        self.epoch += 1
        self.step, self.sums = 0, {}
        self.history.append({"epoch": self.epoch, **row})
        best = not self.best_epoch or score(row) < score(self.history[self.best_epoch - 1])
        if best:
            self.best_epoch = self.epoch
        return best


def score(row: Row) -> float:
    """Return the metric to minimize: `val_loss`, or `loss` without validation data."""
    return row["val_loss" if "val_loss" in row else "loss"]


def metrics_of(row: Row) -> dict[str, float]:
    """Return an epoch's metrics: what its row holds beside the number and the samples."""
    return {name: value for name, value in row.items() if name not in ("epoch", "samples")}


def metrics_text(row: Row) -> str:
    """Return an epoch's metrics in one line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics_of(row).items())


def samples_text(row: Row) -> str:
    """Return an epoch's samples, each under its temperature; an empty text if there are none."""
    return "".join(
        f'Generated text (temperature={temperature}):\n"{text}"\n\n'
        for temperature, text in row.get("samples", {}).items()
    )


def write_tables(directory: Path, history: list[Row]) -> None:
    """Write `epochs.json`, which the pages read, and its metrics as `history.csv`."""
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
      unit: what the losses are measured in, for the axis.
    """
    # The object API needs no display and does not change pyplot's global state.
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
    axes.set_title(title, parse_math=False)  # a corpus may have $ in its name
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=120))
