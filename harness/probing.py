"""Runs probes of single operations in TensorFlow and in TensorFlow.js, and compares them."""

import dataclasses
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from harness import javascript
from harness.operation_probes import ORDINARY, Probe
from keras_tfjs import graph_model, operations
from keras_tfjs.graph_rewrites import RULES
from keras_tfjs.graph_splicing import replacement

_ABSOLUTE, _RELATIVE = 2e-6, 1e-5
_STAY = ("Softmax", "TensorScatterUpdate")  # rules that keep the operation, and change its input
_TIMEOUT = 60  # seconds for a graph
_CHUNK = 400  # probes in one graph


@dataclasses.dataclass
class Prepared:
    """A probe, its row of the table, and TensorFlow's outputs."""

    probe: Probe
    dtype: str
    rank: int
    expected: list[np.ndarray]


def prepare(probes: Iterable[Probe]) -> list[Prepared]:
    """Run probes in TensorFlow.

    Leave out probes that TensorFlow rejects, and operations that `save` replaces or refuses.
    """
    prepared = []
    for probe in probes:
        with tf.Graph().as_default():
            try:
                outputs = probe.run()
            except (ValueError, TypeError):
                continue
            operation = _operation(probe, outputs)
            if operation is None or _is_replaced_or_refused(operation):
                continue
            row = operations.dtype_of(operation), operations.rank_of(operation)
        try:
            expected = [np.asarray(output) for output in probe.run()]
        except tf.errors.OpError:
            continue
        prepared.append(Prepared(probe, *row, expected))
    return prepared


def _operation(probe: Probe, outputs: list[tf.Tensor]) -> tf.Operation | None:
    graph = tf.compat.v1.get_default_graph()
    found = [op for op in graph.get_operations() if op.type == probe.operation]
    return found[0] if found and outputs else None


def _is_replaced_or_refused(operation: tf.Operation) -> bool:
    if any(operations.differences(operation)):
        return True
    rule = None if operation.type in _STAY else RULES.get(operation.type)
    try:
        return rule is not None and replacement(rule, operation) is not None
    except ValueError:
        return True


def run(backend: str, directory: Path, prepared: Sequence[Prepared]) -> list[str]:
    """Run probes on a backend; return an error text for each, "" if it is correct."""
    verdicts: list[str] = []
    while len(verdicts) < len(prepared):
        chunk = prepared[len(verdicts) : len(verdicts) + _CHUNK]
        answers = _answers(backend, directory, chunk)
        verdicts += map(_verdict, chunk, answers)
    return verdicts


def _answers(backend: str, directory: Path, chunk: Sequence[Prepared]) -> list[dict[str, Any]]:
    """Return TensorFlow.js's answers to the probes that it ran."""
    names = _write([item.probe for item in chunk], directory)
    job = {"kind": "probes", "url": f"file://{directory}/model.json", "probes": names}
    try:
        if backend == "webgl":
            [answer] = javascript.run_in_chromium(directory, backend, [job])
        else:
            [answer] = javascript.run_in_node(directory, backend, [job], _TIMEOUT)
    except subprocess.TimeoutExpired as error:
        # The last line names the probe that hangs. The probes before it run again.
        started = (error.stdout or b"").decode().splitlines()
        hung = [name[0] for name in names].index(started[-1])
        before = _answers(backend, directory, chunk[:hung]) if hung else []
        return [*before, {"error": "does not end"}]
    assert "error" not in answer, answer["error"]
    return answer["answers"]


def _write(probes: Sequence[Probe], directory: Path) -> list[list[str]]:
    """Write one graph that holds all probes; return the names of their outputs."""
    names: list[list[str]] = []
    with tf.Graph().as_default() as graph:
        for probe in probes:
            outputs = [
                tf.identity(x, f"outputs/{len(names)}_{i}") for i, x in enumerate(probe.run())
            ]
            names.append([output.op.name for output in outputs])
    graph_model.write_graph(graph.as_graph_def(), directory, {"inputs": {}, "outputs": {}})
    return names


def _verdict(item: Prepared, answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"fails: {answer['error'].splitlines()[0]}"
    outputs = answer["outputs"]
    for expected, given in zip(item.expected, outputs, strict=True):
        if list(expected.shape) != given["shape"]:
            return f"has the shape {given['shape']}, not {list(expected.shape)}"
        numbers = np.array([float(value) for value in given["values"]])
        if np.iscomplexobj(expected):
            expected = expected.ravel().view(np.float32)
        wanted = expected.ravel().astype(np.float64)
        if item.probe.kind == "random":
            if numbers.size >= 300 and not _is_alike(numbers, wanted):
                return f"mean {numbers.mean():.2f}, not {wanted.mean():.2f}"
            continue
        finite = np.isfinite(wanted) if item.probe.kind == ORDINARY else np.full(wanted.shape, True)
        summed = item.probe.operation == "Cumsum"  # the error grows with the largest sum
        absolute = _ABSOLUTE * (
            max(1, np.abs(wanted[np.isfinite(wanted)]).max(initial=0)) if summed else 1
        )
        close = np.isclose(numbers, wanted, _RELATIVE, absolute, equal_nan=True)
        if not close[finite].all():
            index = np.flatnonzero(~close & finite)[0]
            return f"is {numbers[index]:.8g}, not {wanted[index]:.8g}"
    return ""


def _is_alike(numbers: np.ndarray, wanted: np.ndarray) -> bool:
    error = 6 * wanted.std() / np.sqrt(numbers.size)
    return abs(numbers.mean() - wanted.mean()) < error and abs(numbers.std() - wanted.std()) < error
