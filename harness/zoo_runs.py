"""Converts the models of the zoo, runs them in TensorFlow.js, and compares them with Keras."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from harness import javascript
from harness.zoo import Example
from keras_tfjs import graph_model, layers_model

BATCHES = (2, 3)
_DTYPES = {"DT_FLOAT": np.float32, "DT_INT32": np.int32, "DT_BOOL": bool, "DT_STRING": str}
Run = Callable[[str, list[javascript.Job]], javascript.Answers]


class Conversion(NamedTuple):
    """A converted model, or the reason of a refusal.

    Attributes:
      jobs: one job for each batch; empty after a refusal.
      expected: Keras's outputs for each batch.
      refusal: the first line of the error.
    """

    jobs: list[javascript.Job]
    expected: list[Any]
    refusal: str = ""


class Outcome(NamedTuple):
    """The difference of a backend from Keras.

    Attributes:
      difference: the largest absolute difference; infinite if the model fails.
      error: the first line of the error.
    """

    difference: float
    error: str = ""


def convert(example: Example, directory: Path, kinds: Sequence[str]) -> dict[str, Conversion]:
    """Convert a model of the zoo.

    Args:
      directory: parent of the written directories, one for each kind.
      kinds: `layers`, `graph` or both.
    """
    model = example.model()
    batches = [example.inputs(size) for size in BATCHES]
    outputs = [model(batch, training=False) for batch in batches]
    expected = [keras.tree.map_structure(np.asarray, output) for output in outputs]
    conversions = {}
    for kind in kinds:
        path = directory / f"{example.name}_{kind}"
        try:
            _SAVE[kind](model, path)
        except Exception as error:  # the table shows all errors
            conversions[kind] = Conversion([], expected, first_line(error))
            continue
        jobs = [
            _JOB[kind](path, model, batch, wanted)
            for batch, wanted in zip(batches, expected, strict=True)
        ]
        conversions[kind] = Conversion(jobs, expected)
    return conversions


def layers_model_job(path: Path, model: keras.Model, inputs: Any, outputs: Any) -> javascript.Job:
    """Return a job that runs a layers model."""
    return javascript.layers_job(path, *keras.tree.flatten(inputs))


def graph_model_job(path: Path, model: keras.Model, inputs: Any, outputs: Any) -> javascript.Job:
    """Return a job that runs a graph model, with inputs and outputs by name."""
    signature = json.loads((path / "model.json").read_text())["signature"]
    names = list(signature["inputs"])
    if isinstance(inputs, dict):
        names = sorted(inputs)
    elif isinstance(model, keras.Sequential | keras.src.models.Functional):
        names = [tensor.name for tensor in model.inputs]
    dtypes = [_DTYPES[signature["inputs"][name]["dtype"]] for name in names]
    values = [
        np.asarray(value, dtype)
        for value, dtype in zip(keras.tree.flatten(inputs), dtypes, strict=True)
    ]
    named = dict(zip(names, values, strict=True))
    results = sorted(outputs) if isinstance(outputs, dict) else list(signature["outputs"])
    return javascript.graph_job(path, named, results)


_SAVE: dict[str, Callable[..., Any]] = {"layers": layers_model.save, "graph": graph_model.save}
_JOB: dict[str, Callable[..., javascript.Job]] = {
    "layers": layers_model_job,
    "graph": graph_model_job,
}


def run(conversions: dict[str, Conversion], backend: str, runner: Run) -> dict[str, Outcome]:
    """Run all converted models in one process, and compare them with Keras."""
    jobs = [job for conversion in conversions.values() for job in conversion.jobs]
    answers = iter(runner(backend, jobs))
    outcomes = {}
    for name, conversion in conversions.items():
        given = [next(answers) for _ in conversion.jobs]
        if given:
            outcomes[name] = compare(given, conversion.expected)
    return outcomes


def compare(answers: javascript.Answers, expected: list[Any]) -> Outcome:
    """Return the largest difference of all batches."""
    try:
        differences = [
            javascript.difference(answer, wanted)
            for answer, wanted in zip(answers, expected, strict=True)
        ]
    except AssertionError as error:
        return Outcome(float("inf"), first_line(error))
    return Outcome(float(np.max(differences)))


def first_line(error: Exception) -> str:
    """Return the kind of an error and the first line of its message."""
    kind = "" if isinstance(error, ValueError | AssertionError) else f"{type(error).__name__}: "
    return kind + next(iter(str(error).strip().splitlines()), "")
