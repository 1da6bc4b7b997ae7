"""The chapter's figures, as PNG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from lstm_text_generation.generation import at_temperature
from training_run.atomic_files import write_atomically

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 2.0, 3.0)
SHOWN = 12  # characters of a distribution


def temperatures(path: Path, chars: Sequence[str], probs: np.ndarray) -> list[float]:
    """Draw one distribution over the next character at several temperatures (figure 10.3).

    Returns:
      The probability of the likeliest character at each of `TEMPERATURES`.
    """
    order = np.argsort(-probs)[:SHOWN]
    rows = tf.constant(np.tile(probs, (len(TEMPERATURES), 1)))
    tempered = tf.nn.softmax(at_temperature(rows, tf.constant(TEMPERATURES))).numpy()
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey=True).flat
    for axes, temperature, row in zip(panels, TEMPERATURES, tempered, strict=True):
        axes.bar(range(len(order)), row[order])
        axes.set_xticks(range(len(order)), [_visible(chars[index]) for index in order])
        axes.set_title(f"temperature {temperature:g}", fontsize=10)
    figure.supylabel("probability")
    _save(figure, path)
    return tempered[:, order[0]].tolist()


def losses(
    path: Path,
    curves: dict[str, list[float]],
    unit: str,
    points: dict[int, float] | None = None,
) -> None:
    """Draw losses by epoch.

    Args:
      curves: by their labels, a value for each epoch.
      unit: what they are measured in.
      points: the book's, by epoch.
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for label, values in curves.items():
        axes.plot(range(1, len(values) + 1), values, label=label)
    if points:
        axes.plot(list(points), list(points.values()), "k.", markersize=9, label="the book, not held out")
    axes.set(xlabel="epoch", ylabel=unit)
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, path)


def _visible(char: str) -> str:
    return {" ": "␣", "\n": "↵", "\t": "⇥"}.get(char, char)


def _save(figure: Any, path: Path) -> None:
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=110))
