"""The table of operations has operations of TensorFlow.js only, and a part of the probes agrees."""

import csv

import pytest
import tensorflow as tf

from harness import javascript, probing
from harness.operation_probes import ORDINARY, all_probes
from keras_tfjs import BACKENDS, graph_model
from keras_tfjs.operations import supported_backends

TABLE = javascript.ROOT / "keras_tfjs/operations.csv"
EVERY = 25  # run each 25th probe here; make docs-tfjs-operations runs all


def test_table_has_operations_of_tensorflow_js_only():
    directory = javascript.ROOT / "node_modules/@tensorflow/tfjs-converter/dist/operations/op_list"
    if not directory.is_dir():
        pytest.skip("TensorFlow.js is not installed: run make test, which needs node and npm")
    known = set()
    for file in directory.glob("*.js"):
        text = file.read_text().split("//# sourceMapping")[0]
        known |= {line.split("'")[3] for line in text.splitlines() if "'tfOpName'" in line}
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    assert {row["operation"] for row in csv.DictReader(lines)} <= known


@pytest.mark.parametrize("backend", ["cpu", "wasm", "tensorflow"])
def test_operations_in_the_table_are_correct(run_in_node, tmp_path, backend):
    probes = [probe for probe in all_probes() if probe.kind in (ORDINARY, "random")]
    prepared = [
        item
        for item in probing.prepare(probes[::EVERY])
        if backend in supported_backends(item.probe.operation, item.dtype, item.rank)
    ]
    assert len(prepared) > 100
    verdicts = probing.run(backend, tmp_path, prepared)
    wrong = [
        (item.probe, verdict) for item, verdict in zip(prepared, verdicts, strict=True) if verdict
    ]
    assert not wrong


def save(function, path, **options):
    spec = tf.TensorSpec([None, 4], tf.float32, "x")
    graph = tf.function(lambda x: {"y": function(x)}, input_signature=[spec])
    return graph_model.save(graph, path, **options)


def test_save_returns_the_backends_that_run_a_model(tmp_path):
    assert save(lambda x: tf.nn.relu(x), tmp_path / "relu") == list(BACKENDS)
    assert "webgl" not in save(lambda x: tf.sin(x), tmp_path / "sin")


def test_demanded_backend_that_cannot_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the backend webgl cannot run the operation Sin"):
        save(lambda x: tf.sin(x), tmp_path / "model", backends=["cpu", "webgl"])
    with pytest.raises(ValueError, match="there is no backend gpu, only cpu, wasm, webgl, tensor"):
        save(lambda x: x, tmp_path / "model", backends=["gpu"])
    assert not (tmp_path / "model").exists()
