"""The functions of `keras.ops` and all layers, as graph models: correct or refused.

Each backend that `save` returns computes the same as Keras. Results where Keras computes NaN or an
infinity are not compared, because GPUs may not support them.
"""

import contextlib
from typing import NamedTuple

import keras
import numpy as np
import pytest

from harness import zoo_runs
from harness.javascript import PLACES, Job, arrays, graph_job
from keras_tfjs import graph_model
from tests.keras_tfjs.cases import CASES
from tests.keras_tfjs.composed_cases import COMPOSED_CASES
from tests.keras_tfjs.function_probes import function_probes, functions_of_keras

pytestmark = pytest.mark.long

LIMIT = 1e-5
LAYERS = CASES | COMPOSED_CASES
REFUSED_LAYERS = {"Resizing bicubic": "ScaleAndTranslate"}
# TensorFlow.js lacks an operation that the function needs, or Keras cannot trace the function.
REFUSED_FUNCTIONS = {
    *("angle", "bitwise_left_shift", "bitwise_right_shift", "cholesky_inverse", "corrcoef"),
    *("cross", "det", "diag", "diagflat", "diagonal", "eigh", "erfinv", "i0", "in_top_k", "inv"),
    *("isin", "kron", "left_shift", "logdet", "lstsq", "lu_factor", "matrix_rank"),
    *("nanpercentile", "nanquantile", "nextafter", "pinv", "qr", "rfft", "right_shift"),
    *("segment_max", "segment_min", "segment_prod", "segment_sum", "slogdet", "space_to_depth"),
    *("sparse_categorical_crossentropy", "svd", "unfold", "unravel_index"),
}
# Constants, complex numbers, and functions that need special inputs.
NOT_CALLED = {
    *("arange", "argpartition", "bartlett", "blackman", "cholesky", "correlate", "ctc_decode"),
    *("ctc_loss", "dsplit", "eig", "einsum", "eye", "fft", "fft2", "fold", "full", "hamming"),
    *("hanning", "hsplit", "identity", "ifft2", "irfft", "istft", "jvp", "kaiser", "polar"),
    *("psnr", "rearrange", "scatter", "scatter_update", "select", "slice_update", "solve"),
    *("solve_triangular", "stft", "tri", "vectorize", "view_as_complex", "vsplit"),
}


class Run(NamedTuple):
    """A graph model, Keras's outputs, and the backends that `save` returned."""

    label: str
    job: Job
    expected: list[np.ndarray]
    backends: list[str]


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Save each function's calls as graph models, by the function's name."""
    root, runs = tmp_path_factory.mktemp("functions"), {}
    for number, probe in enumerate(function_probes()):
        found, path = runs.setdefault(probe.name, []), root / str(number)
        if not (backends := save(probe, path)):
            continue
        inputs = {f"x{i}": value for i, value in enumerate(probe.arguments)}
        outputs = [f"y{i}" for i, _ in enumerate(probe.expected)]
        shapes = [value.shape for value in probe.arguments]
        label = f"{probe.name} {shapes} {probe.arguments[0].dtype} {probe.keywords}"
        found.append(Run(label, graph_job(path, inputs, outputs), probe.expected, backends))
    return runs


def save(probe, path):
    """Save a call with any batch size, or else a fixed one; return its backends, [] if refused."""
    for call in (probe, probe._replace(batches=0)):
        with contextlib.suppress(ValueError):
            return graph_model.save(call.function(), path)
    return []


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """Save each layer's model as a graph model, without the refused layers."""
    root, runs = tmp_path_factory.mktemp("layers"), []
    for number, name in enumerate(name for name in LAYERS if name not in REFUSED_LAYERS):
        model, values, path = LAYERS[name].model(), LAYERS[name].inputs(), root / str(number)
        backends = graph_model.save(model, path)
        outputs = model(values if len(values) > 1 else values[0], training=False)
        expected = [np.asarray(value) for value in keras.tree.flatten(outputs)]
        job = zoo_runs.graph_model_job(path, model, values, outputs)
        runs.append(Run(name, job, expected, backends))
    return runs


def wrong(runs, place, request):
    """Return the wrong outputs and errors of the models that `save` allows on a backend."""
    where, backend = place
    chosen = [run for run in runs if backend in run.backends]
    assert len(chosen) > 0.9 * len(runs)
    answers = request.getfixturevalue(f"run_in_{where}")(backend, [run.job for run in chosen])
    found = {}
    for run, answer in zip(chosen, answers, strict=True):
        if "error" in answer:
            found[run.label] = answer["error"].splitlines()[0]
            continue
        for expected, given in zip(run.expected, arrays(answer), strict=True):
            finite = np.isfinite(expected)
            if given.shape != expected.shape or not np.allclose(
                given[finite], expected[finite], LIMIT, LIMIT
            ):
                found[run.label] = given
    return found


def test_lists_of_skipped_and_refused_functions_are_complete(functions):
    assert functions_of_keras() - functions.keys() <= NOT_CALLED
    assert {name for name, runs in functions.items() if not runs} <= REFUSED_FUNCTIONS


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_functions_of_keras_ops_compute_the_same(request, functions, place):
    runs = [run for found in functions.values() for run in found]
    assert len(runs) > 1000
    assert not wrong(runs, place, request)


@pytest.mark.parametrize("name", REFUSED_LAYERS)
def test_listed_layers_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=REFUSED_LAYERS[name]):
        graph_model.save(LAYERS[name].model(), tmp_path)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_layers_compute_the_same_as_graph_models(request, layers, place):
    assert not wrong(layers, place, request)
