"""Write docs/tfjs_zoo.md: the zoo of models in TensorFlow.js, ONNX and LiteRT.

`make zoo` first measures Keras's own exports and the architectures of `keras.applications`.
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
from harness import ROOT, javascript
from harness.zoo import EXAMPLES
from harness.zoo_runs import convert, run
from keras_tfjs import BACKENDS

PAGE_BACKENDS = BACKENDS[:3]
HEAD = """# A zoo of models, converted

Written by `make zoo` ({machine}, TensorFlow.js 4.22.0, Keras {keras}). The zoo has {count} small
models in the style of the Keras examples, with random weights
([harness/zoo](../harness/zoo)). Keras and the other runtime ran each model on two
batches of random inputs. The figures are the largest absolute differences.

- cpu, wasm and tensorflow ran in Node; webgl in headless Chromium without a graphics card.
- ONNX: `model.export(format="onnx")`, run in onnxruntime-web (wasm, Node).
- LiteRT: `model.export(format="litert")`, run in the interpreter for Python.
"""
Row = dict[str, Any]  # of a model: {"layers" or "graph": {backend: difference} or the error}


def main() -> None:
    """Run the zoo in TensorFlow.js, read the other measurements, and write the page."""
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
    """Convert each model, and run it on all backends, domain by domain."""
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


def is_close(outcome: Row | None, tolerance: float) -> bool:
    """Tell whether a model runs and differs from Keras by at most a tolerance."""
    return outcome is not None and outcome.get("difference", math.inf) <= tolerance


def is_close_in_pages(outcomes: Row, tolerance: float) -> bool:
    """Tell whether a model is close to Keras on all backends of a page."""
    return all(is_close(outcomes.get(backend), tolerance) for backend in PAGE_BACKENDS)


class Way(NamedTuple):
    """A way to a web page.

    Attributes:
      is_close: tells from a row whether the model differs from Keras by at most a tolerance.
      runtime: the name of the runtime in zoo_downloads.mjs.
    """

    name: str
    is_close: Callable[[Row, float], bool]
    runtime: str = ""


WAYS = [
    Way("layers model", lambda row, e: is_close_in_pages(row["layers"], e), "layers"),
    Way("graph model, cpu", lambda row, e: is_close(row["graph"].get("cpu"), e)),
    Way("graph model, wasm", lambda row, e: is_close(row["graph"].get("wasm"), e), "graph"),
    Way("graph model, webgl", lambda row, e: is_close(row["graph"].get("webgl"), e)),
    Way("graph model, all three", lambda row, e: is_close_in_pages(row["graph"], e)),
    Way("ONNX and onnxruntime-web", lambda row, e: is_close(row["onnx"], e), "onnx"),
    Way("LiteRT", lambda row, e: is_close(row["litert"], e), "litert"),
]


def ways_table(rows: dict[str, Row], downloads: dict[str, int]) -> str:
    """Return the table of how many models each way brings to a page."""
    lines = [
        "## Ways to a web page",
        "",
        f"The number of models, of {len(rows)}, that differ from Keras by at most 1e-4 and 1e-5.",
        "The download is the runtime after gzip: with WebGL for the layers model, with WebAssembly",
        "for the others.",
        "",
        "| way | up to 1e-4 | up to 1e-5 | download | can train in the page | back to Keras |",
        "|---|---:|---:|---:|---|---|",
    ]
    for way in WAYS:
        counts = [sum(way.is_close(row, e) for row in rows.values()) for e in (1e-4, 1e-5)]
        size = f"{downloads[way.runtime] / 1000:,.0f} kB" if way.runtime else ""
        features = "yes | yes" if way.name == "layers model" else "no | no"
        lines.append(f"| {way.name} | {counts[0]} | {counts[1]} | {size} | {features} |")
    return "\n".join(lines) + "\n"


def cell(outcome: Row | None) -> str:
    """Return a difference, bold if it is too large, or `fails`."""
    if outcome is None:
        return ""
    if outcome.get("error"):
        return "fails"
    figure = f"{outcome['difference']:.0e}"
    return figure if is_close(outcome, 1e-4) else f"**{figure}**"


def models_table(rows: dict[str, Row]) -> str:
    """Return the table with a line for each model."""
    lines = [
        "## Models",
        "",
        "Layers: the largest difference on any backend. An empty cell: keras_tfjs refuses the",
        "model. Fails: the runtime raises an error, or Keras cannot export the model. Bold: above",
        "1e-4.",
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
    """Return the list of refused models with the reasons."""
    lines = ["## Refusals", ""]
    for kind in ("graph", "layers"):
        refused = {name: row[kind]["error"] for name, row in rows.items() if "error" in row[kind]}
        lines += [f"As {kind} models, {len(refused)}:", ""]
        lines += [f"- {name}: {reason[:200]}" for name, reason in refused.items()] + [""]
    return "\n".join(lines)


def applications_table(applications: dict[str, Row]) -> str:
    """Return the table with a line for each architecture of `keras.applications`."""
    lines = [
        "## keras.applications",
        "",
        "Graph models with the smallest input and random weights. The differences are relative to",
        "the largest logit. Architectures above 2 billion operations ran on wasm only. The column",
        "Keras is the difference of Keras in float32 from Keras in float64. A difference of this",
        "size is a rounding error, which deep networks with random weights amplify.",
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
    """Return the table of the cost of converting ResNet50."""
    lines = [
        "## Converting ResNet50 (102 MB)",
        "",
        "The memory is the increase of the process's peak during the conversion.",
        "",
        "| kind | seconds | memory |",
        "|---|---:|---:|",
    ]
    for kind, cost in resnet_costs().items():
        lines.append(f"| {kind} | {cost['seconds']:.1f} | {cost['added'] / 1e6:,.0f} MB |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
