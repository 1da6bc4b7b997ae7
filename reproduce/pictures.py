"""Draw the chapter's figures as PNG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from keras_tfjs.atomic_files import write_atomically
from lstm_text_generation.generation import at_temperature

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 2.0, 3.0)
SHOWN = 12  # most likely characters of a distribution


def temperatures(path: Path, chars: Sequence[str], probs: np.ndarray) -> list[float]:
    """Draw the distribution of the next character at several temperatures (figure 10.3).

    Returns:
      The probability of the most likely character at each of `TEMPERATURES`.
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


def text_losses(
    path: Path, curves: dict[str, list[float]], points: dict[str, dict[int, float]]
) -> None:
    """Draw the text models' losses by epoch.

    Args:
      curves: the held-out losses of all epochs, by objective.
      points: losses on windows of all the text by epoch, for each objective and for the book.
    """
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for label, values in curves.items():
        _curve(axes, values, f"{label}, held out")
    axes.set_prop_cycle(None)  # Use the colours of the curves again.
    for label, found in points.items():
        style = "k*" if label not in curves else "o"
        axes.plot(list(found), list(found.values()), style, label=f"{label}, all text")
    axes.set_ylabel("loss (nats per character)")
    axes.legend()
    _save(figure, path)


def image_losses(
    path: Path, histories: dict[str, list[dict[str, float]]], expected: tuple[float, float]
) -> None:
    """Draw the autoencoders' losses by epoch, with a panel for each kind of loss.

    Args:
      histories: metrics of each epoch, by kind of loss.
      expected: range of the first kind of loss in the original's README.
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    panels = figure.subplots(1, len(histories))
    panels[0].axhspan(*expected, alpha=0.2, color="gray", label="the original's README")
    for axes, (name, history) in zip(panels, histories.items(), strict=True):
        for key, label in (("loss", "training"), ("val_loss", "test")):
            _curve(axes, [row[key] for row in history], label)
        axes.set_ylabel(f"loss per image ({name})")
        axes.legend()
    _save(figure, path)


def _curve(axes: Any, values: list[float], label: str) -> None:
    axes.plot(range(1, len(values) + 1), values, label=label)
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)


def _visible(char: str) -> str:
    return {" ": "␣", "\n": "↵", "\t": "⇥"}.get(char, char)


def _save(figure: Any, path: Path) -> None:
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=110))
