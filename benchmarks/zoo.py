"""Write docs/tfjs_zoo.md: the zoo in TensorFlow.js, ONNX and LiteRT.

`make zoo` measures the exports of Keras and the architectures of `keras.applications` first.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras

from benchmarks.measure import machine
from benchmarks.zoo_memory import conversions as resnet_costs
from keras_tfjs import BACKENDS
from tests.keras_tfjs import javascript
from tests.keras_tfjs.zoo import EXAMPLES
from tests.keras_tfjs.zoo_runs import convert, run

ROOT = Path(__file__).parents[1]
IN_A_PAGE = BACKENDS[:3]
HEAD = """# A zoo of models, converted

Written by `make zoo` ({machine}, TensorFlow.js 4.22.0, Keras {keras}). The zoo has {count} small
models, written as the Keras examples build them, with random weights
([tests/keras_tfjs/zoo](../tests/keras_tfjs/zoo)). Keras and the other runtime ran each model on two
batches of random inputs. The figures are the largest absolute differences of the outputs.

- cpu, wasm and tensorflow ran in Node; webgl in headless Chromium without a graphics card.
- ONNX: `model.export(format="onnx")`, run in onnxruntime-web (wasm, Node).
- LiteRT: `model.export(format="litert")`, run in the interpreter for Python.
"""
Row = dict[str, Any]  # of a model: {"layers" or "graph": {backend: difference} or the refusal}


def main() -> None:
    """Measure what is fast to measure, read the rest, and write the page."""
    node_modules, peers_file, applications_file = sys.argv[1:]
    peers = json.loads(Path(peers_file).read_text())
    applications = json.loads(Path(applications_file).read_text())
    rows = {name: row | peers[name] for name, row in run_zoo().items()}
    (ROOT / "build/zoo/rows.json").write_text(json.dumps(rows, indent=1))
    script = Path(__file__).with_name("zoo_downloads.mjs")
    line: list[Any] = ["node", script, node_modules]
    downloads = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    parts = [
        HEAD.format(machine=machine(), keras=keras.__version__, count=len(rows)),
        ways_table(rows, downloads),
        models_table(rows),
        refusals(rows),
        applications_table(applications),
        resnet_section(),
    ]
    (ROOT / "docs/tfjs_zoo.md").write_text("\n".join(parts))
    print("Wrote docs/tfjs_zoo.md.")


def run_zoo() -> dict[str, Row]:
    """Convert every model, and run it on every backend, one domain after the other."""
    rows: dict[str, Row] = {}
    for domain in {example.domain: None for example in EXAMPLES.values()}:
        examples = [example for example in EXAMPLES.values() if example.domain == domain]
        with tempfile.TemporaryDirectory() as directory:
            rows |= run_examples(examples, Path(directory))
        print(f"{domain}: {len(examples)} models", flush=True)
    return rows


def run_examples(examples: list, directory: Path) -> dict[str, Row]:
    """Return the outcomes of some models."""
    rows: dict[str, Row] = {example.name: {} for example in examples}
    converted = {
        example.name: convert(example, directory, ["layers", "graph"]) for example in examples
    }
    for kind in ("layers", "graph"):
        conversions = {name: kinds[kind] for name, kinds in converted.items()}
        for name, conversion in conversions.items():
            rows[name][kind] = {"error": conversion.refusal} if conversion.refusal else {}
        for backend in BACKENDS:
            runner = javascript.run_in_chromium if backend == "webgl" else javascript.run_in_node
            outcomes = run(conversions, backend, partial(runner, directory))
            for name, outcome in outcomes.items():
                rows[name][kind][backend] = outcome._asdict()
    return rows


def right(outcome: Row | None, tolerance: float) -> bool:
    """Tell whether a model runs and is as near to Keras as that."""
    return outcome is not None and outcome.get("difference", math.inf) <= tolerance


def everywhere(kind: Row, tolerance: float) -> bool:
    """Tell whether a model is right on every backend of a page."""
    return all(right(kind.get(backend), tolerance) for backend in IN_A_PAGE)


class Way(NamedTuple):
    """A way to a web page.

    Attributes:
      is_right: tells from a row whether the model is as near to Keras as a tolerance.
      runtime: the name of the runtime in zoo_downloads.mjs.
    """

    name: str
    is_right: Callable[[Row, float], bool]
    runtime: str = ""


WAYS = [
    Way("layers model", lambda row, e: everywhere(row["layers"], e), "layers"),
    Way("graph model, cpu", lambda row, e: right(row["graph"].get("cpu"), e)),
    Way("graph model, wasm", lambda row, e: right(row["graph"].get("wasm"), e), "graph"),
    Way("graph model, webgl", lambda row, e: right(row["graph"].get("webgl"), e)),
    Way("graph model, all three", lambda row, e: everywhere(row["graph"], e)),
    Way("ONNX and onnxruntime-web", lambda row, e: right(row["onnx"], e), "onnx"),
    Way("LiteRT", lambda row, e: right(row["litert"], e), "litert"),
]


def ways_table(rows: dict[str, Row], downloads: dict[str, int]) -> str:
    """Return how many models each way takes to a page."""
    lines = [
        "## Ways to a web page",
        "",
        f"How many of {len(rows)} models are right. The download is the runtime after gzip: the",
        "layers model with WebGL, the graph model with wasm, the others with their WebAssembly.",
        "",
        "| way | right to 1e-4 | to 1e-5 | download | trains on in the page | back to Keras |",
        "|---|---:|---:|---:|---|---|",
    ]
    for way in WAYS:
        counts = [sum(way.is_right(row, e) for row in rows.values()) for e in (1e-4, 1e-5)]
        size = f"{downloads[way.runtime] / 1000:,.0f} kB" if way.runtime else ""
        features = "yes | yes" if way.name == "layers model" else "no | no"
        lines.append(f"| {way.name} | {counts[0]} | {counts[1]} | {size} | {features} |")
    return "\n".join(lines) + "\n"


def cell(outcome: Row | None) -> str:
    """Return a difference, bold where it is too large, or what happened instead."""
    if outcome is None:
        return ""
    if outcome.get("error"):
        return "fails"
    figure = f"{outcome['difference']:.0e}"
    return figure if right(outcome, 1e-4) else f"**{figure}**"


def models_table(rows: dict[str, Row]) -> str:
    """Return one line for each model."""
    lines = [
        "## Models",
        "",
        "The column layers has the largest difference of all backends. An empty cell: the",
        "converter refuses the model. Fails: the runtime raises an error, or Keras cannot export",
        "the model. Bold: the difference is above 1e-4.",
        "",
        "| model | layers | cpu | wasm | webgl | tensorflow | ONNX | LiteRT |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        layers = [row["layers"][backend] for backend in BACKENDS if backend in row["layers"]]
        worst = max(layers, key=lambda outcome: outcome["difference"], default=None)
        outcomes = [worst, *(row["graph"].get(b) for b in BACKENDS), row["onnx"], row["litert"]]
        lines.append(f"| {name} | {' | '.join(map(cell, outcomes))} |")
    return "\n".join(lines) + "\n"


def refusals(rows: dict[str, Row]) -> str:
    """Return why models are refused."""
    lines = ["## Refusals", ""]
    for kind in ("graph", "layers"):
        refused = {name: row[kind]["error"] for name, row in rows.items() if "error" in row[kind]}
        lines += [f"As {kind} models, {len(refused)}:", ""]
        lines += [f"- {name}: {reason[:200]}" for name, reason in refused.items()] + [""]
    return "\n".join(lines)


def applications_table(applications: dict[str, Row]) -> str:
    """Return one line for each architecture of `keras.applications`."""
    lines = [
        "## keras.applications",
        "",
        "Graph models at the smallest input, with random weights. The differences are relative to",
        "the largest logit. Architectures above 2 billion operations ran on wasm only. The column",
        "Keras has the difference of Keras in float32 from Keras in float64. A difference of that",
        "size is a rounding error, which deep networks of random weights amplify.",
        "",
        "| architecture | input | parameters (M) | operations (M) | wasm | cpu | webgl | Keras |",
        "|---|---:|---:|---:|---|---|---|---|",
    ]
    for name, row in applications.items():
        if row.get("refusal"):
            lines.append(f"| {name} | | | | {row['refusal']} | | | |")
            continue
        outcomes = [row.get(backend) for backend in ("wasm", "cpu", "webgl")]
        cells = [
            cell(outcome and {**outcome, "difference": outcome["difference"] / row["scale"]})
            for outcome in outcomes
        ]
        cells.append(f"{row['keras'] / row['scale']:.0e}")
        figures = [f"{row[key] / 1e6:,.1f}" for key in ("parameters", "float_operations")]
        lines.append(f"| {name} | {row['size']} | {' | '.join([*figures, *cells])} |")
    return "\n".join(lines) + "\n"


def resnet_section() -> str:
    """Return what converting ResNet50 costs."""
    lines = [
        "## Converting ResNet50 (102 MB)",
        "",
        "Memory is the peak of the process above the peak of loading the model.",
        "",
        "| kind | seconds | memory |",
        "|---|---:|---:|",
    ]
    for kind, cost in resnet_costs().items():
        lines.append(f"| {kind} | {cost['seconds']:.1f} | {cost['added'] / 1e6:,.0f} MB |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
