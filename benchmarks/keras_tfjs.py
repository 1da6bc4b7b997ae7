"""Write docs/tfjs_numbers.md: the differences that the tests measured, and a conversion's cost.

Run the tests first, as `make docs-tfjs` does, because they measure the differences. The official
converter is included if `make test-converter` has installed it. The speed of text generation in
TensorFlow.js is a section of docs/benchmarks.md, which benchmarks/report.py writes.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import keras

from benchmarks.measure import machine, seconds
from harness import ROOT, javascript
from keras_tfjs import graph_model, layers_model
from lstm_text_generation.exported_functions import one_step
from lstm_text_generation.model import create_model

OFFICIAL = ROOT / ".venv-converter"
HEAD = """# TensorFlow.js: each layer and model, compared with Keras

Written by `make docs-tfjs` ({machine}, TensorFlow.js 4.22.0, Keras {keras}). [tfjs.md](tfjs.md)
says what converts.

## Numbers compared

Each model was run by Keras and by the real TensorFlow.js on the same inputs. The figure is the
largest absolute difference of any output. The limit is 1e-5 for layers and 1e-6 for the apps'
models. "Back": TensorFlow.js loaded the model on that backend and saved it, and Keras ran the saved
model. "Made there": TensorFlow.js made the model with its defaults. The tests are in
`tests/keras_tfjs/`.

"""


def main() -> None:
    """Measure, and write the page."""
    rows = json.loads(javascript.DIFFERENCES.read_text())
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        create_model(60, 65, (128, 128)).save(directory / "model.keras")
        parts = [
            HEAD.format(machine=machine(), keras=keras.__version__),
            differences_table(rows),
            conversion_section(directory),
        ]
    (ROOT / "docs/tfjs_numbers.md").write_text("\n".join(parts))
    print("Wrote docs/tfjs_numbers.md.")


def differences_table(rows: list[list]) -> str:
    """Return the largest difference of each model (rows) in each place and direction (columns)."""
    short = {
        "Keras to TensorFlow.js": "",
        "TensorFlow.js to Keras": "back, ",
        "SavedModel in tfjs-node": "SavedModel in ",
    }
    cells: dict[str, dict[str, float]] = {}
    for name, direction, backend, largest in rows:
        place = backend if " " in backend else f"node {backend}"
        column = short[direction] + place
        found = cells.setdefault(name, {})
        found[column] = max(largest, found.get(column, 0.0))
    columns = sorted({column for found in cells.values() for column in found})
    lines = ["| " + " | ".join(["model", *columns]) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, found in cells.items():
        figures = [f"{found[column]:.1e}" if column in found else "" for column in columns]
        lines.append("| " + " | ".join([name, *figures]) + " |")
    return "\n".join(lines) + "\n"


def conversion_section(directory: Path) -> str:
    """Return the cost of converting the text model with keras_tfjs and the official converter."""
    ours = [sys.executable, "-m", "keras_tfjs.convert"]
    tools = [("keras_tfjs", ours)]
    if OFFICIAL.exists():
        theirs = [str(OFFICIAL / "bin/tensorflowjs_converter")]
        flags = ["--input_format=keras_keras", "--output_format=tfjs_layers_model"]
        tools.append(("tensorflowjs_converter 4.22.0", [*theirs, *flags]))
    lines = [
        "## A conversion",
        "",
        "The text model of the book's size (2 x 128 units, window 60, 65 characters), from a",
        "`.keras` file to a layers model. The seconds are of the whole command, median of three.",
        "",
        "| tool | seconds | megabytes written | `tf.loadLayersModel` |",
        "|---|---|---|---|",
    ]
    for name, line in tools:
        target = directory / name.split()[0]
        work = partial(
            subprocess.run,
            [*line, directory / "model.keras", target],
            check=True,
            capture_output=True,
        )
        taken = statistics.median(seconds(work) for _ in range(3))
        written = sum(file.stat().st_size for file in target.iterdir()) / 1e6
        job = {"kind": "layers", "url": f"file://{target}/model.json"}
        (answer,) = javascript.run_in_node(directory, "cpu", [job])
        outcome = f"fails: {answer['error'].splitlines()[0]}" if "error" in answer else "loads"
        lines.append(f"| {name} | {taken:.1f} | {written:.2f} | {outcome} |")
    return "\n".join(lines) + "\n"


def generating_section(directory: Path, model: keras.Model) -> str:
    """Return the characters/s of the one-step graph and of windows, in Node and Chromium."""
    layers_model.save(model, directory / "layers")
    graph_model.save(one_step(model), directory / "graph")
    job = {
        "kind": "timing",
        "graphUrl": f"file://{directory}/graph/model.json",
        "layersUrl": f"file://{directory}/layers/model.json",
        "steps": 1000,
        "windows": 40,
    }
    lines = [
        "## Generating text in wasm",
        "",
        "Characters/s of the same model, including sampling. The one-step graph carries the LSTM",
        "states. The layers model reads the whole window for every character, as in the original's",
        "page. Medians of five runs (lowest to highest); one thread.",
        "",
        "| place | one step | whole window | ratio |",
        "|---|---|---|---|",
    ]
    for place, run in (("Node", javascript.run_in_node), ("Chromium", javascript.run_in_chromium)):
        (rates,) = run(directory, "wasm", [job])
        medians = {way: statistics.median(rates[way]) for way in ("step", "window")}
        spread = {way: f"({min(rates[way]):,.0f} to {max(rates[way]):,.0f})" for way in medians}
        cells = [f"{medians[way]:,.0f} {spread[way]}" for way in medians]
        lines.append(
            f"| {place} | {' | '.join(cells)} | {medians['step'] / medians['window']:.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
