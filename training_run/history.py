"""A run's figures as a table and as a picture."""

import csv
import io
from pathlib import Path

from training_run.atomic_files import write_atomically, write_text
from training_run.loop import Logs


def write_csv(path: Path, history: list[Logs]) -> None:
    """Write one row an epoch: its number and its figures, as exact as floats are."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "epoch": int(row["epoch"])} for row in history)
    write_text(path, text.getvalue())


def plot_loss(path: Path, history: list[Logs], title: str, unit: str) -> None:
    """Draw the training and validation loss of every epoch to a PNG.

    Args:
      unit: what the losses are measured in, for the axis.
    """
    # The object API needs no display and leaves pyplot's global state alone.
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
