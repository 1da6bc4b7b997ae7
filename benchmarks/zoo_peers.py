"""Run the zoo as exported by Keras: ONNX in onnxruntime-web, LiteRT in its Python interpreter.

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

from harness.javascript import arrays, tensor
from harness.zoo import EXAMPLES
from harness.zoo_runs import BATCHES, first_line

TIMEOUT = 300  # seconds
Row = dict[str, Any]


def main() -> None:
    """Write the differences of ONNX and LiteRT from Keras, or their errors, for each model."""
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
    """Return the difference or the error, even if the process crashes or hangs."""
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()

    def report() -> None:
        try:
            results.put({"difference": work(*arguments)})
        except Exception as error:
            results.put({"error": first_line(error)})

    process = context.Process(target=report)
    process.start()
    process.join(TIMEOUT)
    try:
        return results.get(timeout=1)
    except queue.Empty:
        process.kill()
        ended = process.exitcode is not None
        return {"error": "the process crashes" if ended else f"more than {TIMEOUT} s"}


def run_onnx(name: str, node_modules: Path, directory: Path) -> float:
    """Return the largest difference of onnxruntime-web's outputs from Keras's."""
    model, batches, expected = build(name)
    path = directory / f"{name}.onnx"
    model.export(path, format="onnx", verbose=False)
    jobs = [
        {
            "path": str(path),
            "inputs": {key: tensor(value) for key, value in inputs_by_name(model, batch).items()},
        }
        for batch in batches
    ]
    jobs_file, answers_file = directory / "jobs.json", directory / "answers.json"
    jobs_file.write_text(json.dumps(jobs))
    script = Path(__file__).with_name("zoo_onnx.mjs")
    line: list[Any] = ["node", script, node_modules, jobs_file, answers_file]
    subprocess.run(line, check=True, capture_output=True, timeout=TIMEOUT)
    answers = json.loads(answers_file.read_text())
    return max(
        difference(arrays(answer), wanted) for answer, wanted in zip(answers, expected, strict=True)
    )


def run_litert(name: str, directory: Path) -> float:
    """Return the largest difference of LiteRT's outputs from Keras's."""
    model, batches, expected = build(name)
    path = directory / f"{name}.tflite"
    model.export(path, format="litert", verbose=False)
    differences = []
    for batch, wanted in zip(batches, expected, strict=True):
        runner = Interpreter(str(path)).get_signature_runner()
        details = runner.get_input_details()
        values = inputs_by_name(model, batch)
        given = {
            key: np.asarray(values.get(key, list(values.values())[index]), detail["dtype"])
            for index, (key, detail) in enumerate(details.items())
        }
        outputs = runner(**given)
        differences.append(difference([outputs[key] for key in sorted(outputs)], wanted))
    return max(differences)


def build(name: str) -> tuple[keras.Model, list[Any], list[Any]]:
    """Build a model of the zoo. Return the model, its inputs, and its outputs for each batch."""
    model = EXAMPLES[name].model()
    batches = [EXAMPLES[name].inputs(size) for size in BATCHES]
    return model, batches, [model(batch, training=False) for batch in batches]


def inputs_by_name(model: keras.Model, inputs: Any) -> dict[str, np.ndarray]:
    """Return the inputs by name. The inputs of a subclassed model are numbered."""
    if isinstance(inputs, dict):
        return dict(sorted(inputs.items()))
    values = keras.tree.flatten(inputs)
    tensors = getattr(model, "inputs", None)
    names = [each.name for each in tensors] if tensors else map(str, range(len(values)))
    return dict(zip(names, values, strict=True))


def difference(given: list[np.ndarray], expected: Any) -> float:
    """Return the largest absolute difference, for the best order of the outputs."""
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
