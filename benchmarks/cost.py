"""Measure how time and memory grow with the work, and draw docs/images/cost.png.

  python -m benchmarks.cost

Each point is measured in a process of its own. Its memory is the peak resident memory; for corpora,
it excludes mapped files. The exponent is the slope of a line through the points on logarithmic
axes.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import flags

from benchmarks.measure import seconds, table
from harness import ROOT
from keras_tfjs import command_line

PICTURE = ROOT / "docs/images/cost.png"
ROUNDS = 5


class Series(NamedTuple):
    """Measurements at several values of one quantity.

    Attributes:
      title: name of the quantity.
      measure: maps a value to figures, such as the seconds of a step.
      values: the values to measure.
      shown: the units of the figures to show, by the figures' names.
      num_fitted: how many of the largest values to fit; constant costs dominate at small values.
    """

    title: str
    measure: Callable[[int], dict[str, float]]
    values: list[int]
    shown: dict[str, str]
    num_fitted: int = 4


def text_step(length: int = 60, units: int = 128) -> dict[str, float]:
    """Time training steps of the text model with 128 examples."""
    from lstm_text_generation import corpora
    from lstm_text_generation.data import TextData
    from training_run import tensorflow_setup

    tensorflow_setup.set_up(parallel_ops=2)
    from benchmarks.training import TimedRun, train_text

    text_data = TextData("docs", corpora.load("python-docs"), length, 3)
    (batch,) = text_data.next_data_epoch(128, 128, epoch=0)
    run = TimedRun()
    train_text(run, [batch] * (1 + ROUNDS), text_data.char_set_size(), units)
    return _measured(run.seconds[1:])


def corpus(megabytes: int) -> dict[str, float]:
    """Time encoding a text file of a given size, and drawing batches from it."""
    from lstm_text_generation import corpora
    from lstm_text_generation.data import TextData
    from training_run import tensorflow_setup

    tensorflow_setup.set_up(parallel_ops=2)
    piece = corpora.load("python-docs").encode()
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        for _ in range(0, megabytes * 1_000_000, len(piece)):
            file.write(piece)
        file.flush()
        texts: list[TextData] = []
        encoding = seconds(lambda: texts.append(TextData("x", corpora.read(file.name), 60, 3)))

    def draw() -> None:
        for _ in texts[0].next_data_epoch(12_800, 128, epoch=0):
            pass

    draw()
    times = [seconds(draw) for _ in range(ROUNDS)]
    return _measured(times, memory="RssAnon") | {"encoding": encoding}


def image_step(batch_size: int) -> dict[str, float]:
    """Time training steps of the autoencoder on random images."""
    from training_run import tensorflow_setup

    tensorflow_setup.set_up()
    import keras

    from benchmarks.training import TimedRun, train_images

    keras.utils.set_random_seed(0)
    batch = np.random.default_rng(0).integers(0, 256, (batch_size, 784), np.uint8)
    run, steps_per_round = TimedRun(), max(1, 1024 // batch_size)
    train_images(run, [batch] * (1 + ROUNDS * steps_per_round))
    rounds = np.reshape(run.seconds[1:], (ROUNDS, steps_per_round))
    return _measured(rounds.mean(axis=1).tolist())


STEP = {"step": "s a step", "memory": "MB"}
SERIES = {
    "window": Series("characters in a window", lambda n: text_step(length=n),
                     [20, 40, 80, 160, 320], STEP),
    "units": Series("units of each of 2 layers", lambda n: text_step(units=n),
                    [64, 128, 256, 512, 1024], STEP, 3),
    "corpus": Series("megabytes of text", corpus, [1, 10, 100, 1000],
                     {"encoding": "s to encode", "step": "s for 100 batches", "memory": "MB"}, 3),
    "batch": Series("images in a batch (VAE)", image_step,
                    [32, 128, 512, 2048, 8192], STEP),
}  # fmt: skip


def main(arguments: list[str]) -> None:
    """Measure all series; or one point, if the arguments are a series and a value."""
    if arguments:
        name, value = arguments
        print("POINT", json.dumps(SERIES[name].measure(int(value))))
        return
    points = {
        name: [_point(name, value) for value in series.values] for name, series in SERIES.items()
    }
    print("## Cost against work\n")
    for name, series in SERIES.items():
        rows = []
        for key, unit in series.shown.items():
            figures = [point[key] for point in points[name]]
            slope = exponent(series.values[-series.num_fitted :], figures[-series.num_fitted :])
            rows.append([unit, *map(_rounded, figures), f"{slope:.2f}"])
        print(table([series.title, *series.values, "exponent"], rows))
    print("The exponents are fitted to the last 3 or 4 points.\n\n![Cost](images/cost.png)\n")
    draw(points)


def exponent(work: list[int], cost: list[float]) -> float:
    """Return the slope of log(cost) over log(work), fitted by least squares."""
    return float(np.polyfit(np.log(work), np.log(cost), 1)[0])


def draw(points: dict[str, list[dict[str, float]]]) -> None:
    """Draw a panel with logarithmic axes for each series."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for axes, (name, series) in zip(panels, SERIES.items(), strict=True):
        for key, unit in series.shown.items():
            figures = [point[key] for point in points[name]]
            if key == "memory":
                figures = [number / 1000 for number in figures]
            label = "memory, GB" if key == "memory" else unit
            axes.loglog(series.values, figures, marker="o", label=label)
        axes.set_xlabel(series.title)
        axes.set_xticks(series.values, map(str, series.values))
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(PICTURE, dpi=110)


def _rounded(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def _point(name: str, value: int) -> dict[str, float]:
    line = [sys.executable, "-m", "benchmarks.cost", name, str(value)]
    out = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    return json.loads(out[out.index("POINT ") + 6 :])


def _measured(times: list[float], memory: str = "VmHWM") -> dict[str, float]:
    """Return the median of the times, and the process's memory from /proc in megabytes."""
    step = statistics.median(times)
    status = Path("/proc/self/status").read_text()
    found = re.search(memory + r":\s+(\d+) kB", status)
    assert found
    return {"step": step, "memory": int(found[1]) / 1000}


if __name__ == "__main__":
    command_line.run(main, flags.FlagValues(), lambda: __doc__ or "")
