"""The zoo exported by Keras itself: ONNX in onnxruntime-web, LiteRT in its Python interpreter.

usage: python -m benchmarks.zoo_peers NODE_MODULES OUTPUT, in the environment that `make zoo` makes.
"""

import json
import multiprocessing
import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tests.keras_tfjs.javascript import arrays, tensor
from tests.keras_tfjs.zoo import EXAMPLES
from tests.keras_tfjs.zoo_runs import BATCHES, first_line

SECONDS = 300
Row = dict[str, Any]


def main() -> None:
    """Write how far ONNX and LiteRT are from Keras, or why they fail, for each model."""
    node_modules, output = map(Path, sys.argv[1:])
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as name:
        for example in EXAMPLES:
            rows[example] = {
                "onnx": in_a_process(run_onnx, example, node_modules, Path(name)),
                "litert": in_a_process(run_litert, example, Path(name)),
            }
            print(example, rows[example], flush=True)
    output.write_text(json.dumps(rows, indent=1))


def in_a_process(work: Callable[..., float], *arguments: Any) -> Row:
    """Return the difference or the error, also where the process crashes or does not end."""
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()

    def report() -> None:
        try:
            results.put({"difference": work(*arguments)})
        except Exception as error:
            results.put({"error": first_line(error)})

    process = context.Process(target=report)
    process.start()
    process.join(SECONDS)
    try:
        return results.get(timeout=1)
    except queue.Empty:
        process.kill()
        ended = process.exitcode is not None
        return {"error": "the process crashes" if ended else f"more than {SECONDS} s"}


def run_onnx(name: str, node_modules: Path, directory: Path) -> float:
    """Return how far onnxruntime-web is from Keras."""
    model, batches, expected = built(name)
    path = directory / f"{name}.onnx"
    model.export(path, format="onnx", verbose=False)
    jobs = [
        {
            "path": str(path),
            "inputs": {key: tensor(value) for key, value in named(model, batch).items()},
        }
        for batch in batches
    ]
    asked, answered = directory / "jobs.json", directory / "answers.json"
    asked.write_text(json.dumps(jobs))
    script = Path(__file__).with_name("zoo_onnx.mjs")
    line: list[Any] = ["node", script, node_modules, asked, answered]
    subprocess.run(line, check=True, capture_output=True, timeout=SECONDS)
    answers = json.loads(answered.read_text())
    return max(
        difference(arrays(answer), wanted) for answer, wanted in zip(answers, expected, strict=True)
    )


def run_litert(name: str, directory: Path) -> float:
    """Return how far LiteRT's interpreter is from Keras."""
    model, batches, expected = built(name)
    path = directory / f"{name}.tflite"
    model.export(path, format="litert", verbose=False)
    differences = []
    for batch, wanted in zip(batches, expected, strict=True):
        runner = Interpreter(str(path)).get_signature_runner()
        details = runner.get_input_details()
        values = named(model, batch)
        given = {
            key: np.asarray(values.get(key, list(values.values())[index]), detail["dtype"])
            for index, (key, detail) in enumerate(details.items())
        }
        outputs = runner(**given)
        differences.append(difference([outputs[key] for key in sorted(outputs)], wanted))
    return max(differences)


def built(name: str) -> tuple[keras.Model, list[Any], list[Any]]:
    """Return a model of the zoo, its inputs, and its outputs for each batch."""
    model = EXAMPLES[name].model()
    batches = [EXAMPLES[name].inputs(size) for size in BATCHES]
    return model, batches, [model(batch, training=False) for batch in batches]


def named(model: keras.Model, inputs: Any) -> dict[str, np.ndarray]:
    """Return the inputs by name; those of subclassed models have numbers."""
    if isinstance(inputs, dict):
        return dict(sorted(inputs.items()))
    values = keras.tree.flatten(inputs)
    tensors = getattr(model, "inputs", None)
    names = [each.name for each in tensors] if tensors else map(str, range(len(values)))
    return dict(zip(names, values, strict=True))


def difference(given: list[np.ndarray], expected: Any) -> float:
    """Return the largest absolute difference, in the order of the outputs that fits best."""
    wanted = [np.asarray(value) for value in keras.tree.flatten(expected)]
    fitting = [
        order
        for order in permutations(given)
        if [value.shape for value in order] == [value.shape for value in wanted]
    ]
    if not fitting:
        raise ValueError(f"its outputs have the shapes {[value.shape for value in given]}")
    return min(
        float(np.max([np.abs(a - b).max() for a, b in zip(order, wanted, strict=True)]))
        for order in fitting
    )


if __name__ == "__main__":
    main()
