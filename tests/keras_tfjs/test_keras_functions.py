"""Every function of `keras.ops` and every layer as graph models: right, or refused.

A backend that `save` names gives the numbers of Keras. Where Keras gives NaN or an infinity,
backends may differ: GPUs need not know them.
"""

import json

import keras
import numpy as np
import pytest

from keras_tfjs import graph_model
from tests.keras_tfjs.cases import CASES
from tests.keras_tfjs.composed_cases import COMPOSED_CASES
from tests.keras_tfjs.function_probes import function_probes
from tests.keras_tfjs.javascript import graph_job

PLACES = [("node", name) for name in ("cpu", "wasm", "tensorflow")] + [("chromium", "webgl")]
LIMIT = 1e-5
LAYERS = CASES | COMPOSED_CASES
REFUSED = {"Resizing bicubic": "ScaleAndTranslate"}


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """The calls as graph models: the job, what Keras computes, and the backends that run it."""
    root, runs = tmp_path_factory.mktemp("functions"), []
    for number, probe in enumerate(function_probes()):
        path = root / str(number)
        try:
            backends = graph_model.save(probe.function(), path)
        except ValueError:
            continue
        inputs = {f"x{i}": value for i, value in enumerate(probe.arguments)}
        outputs = [f"y{i}" for i, _ in enumerate(probe.expected)]
        shapes = [value.shape for value in probe.arguments]
        label = f"{probe.name} {shapes} {probe.arguments[0].dtype} {probe.keywords}"
        runs.append((label, graph_job(path, inputs, outputs), probe.expected, backends))
    return runs


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """Each layer's model as a graph model, as in `functions`, without those that are refused."""
    root, runs = tmp_path_factory.mktemp("layers"), []
    for number, (name, case) in enumerate(LAYERS.items()):
        model, values, path = case.model(), case.inputs(), root / str(number)
        if name in REFUSED:
            with pytest.raises(ValueError, match=REFUSED[name]):
                graph_model.save(model, path)
            continue
        backends = graph_model.save(model, path)
        signature = json.loads((path / "model.json").read_text())["signature"]
        inputs = dict(zip([tensor.name for tensor in model.inputs], values, strict=True))
        outputs = model(values if len(values) > 1 else values[0], training=False)
        expected = [np.asarray(value) for value in keras.tree.flatten(outputs)]
        runs.append((name, graph_job(path, inputs, list(signature["outputs"])), expected, backends))
    return runs


def wrong(runs, place, request):
    """Return what is wrong with the models that are said to run on a backend."""
    where, backend = place
    chosen = [run for run in runs if backend in run[3]]
    assert len(chosen) > 0.9 * len(runs)
    answers = request.getfixturevalue(f"run_in_{where}")(backend, [run[1] for run in chosen])
    found = {}
    for (label, _, expected, _), answer in zip(chosen, answers, strict=True):
        if "error" in answer:
            found[label] = answer["error"].splitlines()[0]
            continue
        for wanted, output in zip(expected, answer["outputs"], strict=True):
            values = np.array([float(value) for value in output["values"]])
            finite = np.isfinite(wanted.ravel())
            close = np.isclose(values, wanted.ravel().astype(float), LIMIT, LIMIT)
            if output["shape"] != list(wanted.shape) or not close[finite].all():
                found[label] = output
    return found


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_functions_of_keras_ops(request, functions, place):
    assert len(functions) > 1000
    assert not wrong(functions, place, request)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_layers_as_graph_models(request, layers, place):
    assert not wrong(layers, place, request)
