"""Measure each architecture of `keras.applications` as a graph model, in a process of its own.

usage: python -m benchmarks.zoo_applications OUTPUT [NAME ...]
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

from harness import applications, javascript
from harness.zoo import Example
from harness.zoo_runs import BATCHES, convert, run

# Architectures above this limit run on wasm only.
FLOAT_OPERATIONS = 2e9


def main() -> None:
    """Write a row for each architecture."""
    output, *chosen = sys.argv[1:]
    rows = {}
    for name in chosen or applications.names():
        line = [sys.executable, "-m", "benchmarks.zoo_applications", "--only", name]
        result = subprocess.run(line, capture_output=True, text=True)
        last = (result.stdout or result.stderr or "no output").strip().splitlines()[-1]
        rows[name] = json.loads(last) if result.returncode == 0 else {"refusal": last}
        print(name, rows[name], flush=True)
        Path(output).write_text(json.dumps(rows, indent=1))


def measure(name: str) -> dict[str, Any]:
    """Convert an architecture and run it."""
    example = applications.architecture(name)
    model = example.model()
    operations = applications.float_operations(model)
    row: dict[str, Any] = {
        "size": model.input_shape[1],
        "parameters": model.count_params(),
        "float_operations": operations,
    }
    backends = ("wasm", "cpu", "webgl") if operations < FLOAT_OPERATIONS else ("wasm",)
    with tempfile.TemporaryDirectory() as directory:
        conversion = convert(example, Path(directory), ["graph"])["graph"]
        row["refusal"] = conversion.refusal
        row["scale"] = max(float(abs(logits).max()) for logits in conversion.expected)
        for backend in backends if conversion.jobs else ():
            run_jobs = javascript.run_in_chromium if backend == "webgl" else javascript.run_in_node
            outcomes = run({name: conversion}, backend, partial(run_jobs, Path(directory)))
            row[backend] = outcomes[name]._asdict()
    row["keras"] = float32_error(example, model)
    return row


def float32_error(example: Example, model: keras.Model) -> float:
    """Return the largest difference of Keras's float32 outputs from its float64 outputs."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    exact = example.build()
    exact.set_weights(model.get_weights())
    differences = []
    for size in BATCHES:
        inputs = example.inputs(size)
        outputs = np.asarray(exact(inputs.astype(np.float64), training=False))
        differences.append(np.abs(outputs - np.asarray(model(inputs, training=False))).max())
    return float(np.max(differences))


if __name__ == "__main__":
    if sys.argv[1] == "--only":
        print(json.dumps(measure(sys.argv[2])))
    else:
        main()
