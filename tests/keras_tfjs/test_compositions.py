"""Compositions of layers compute the same as the layers that they replace."""

import keras
import numpy as np
import pytest
from keras import layers

from harness.javascript import difference, layers_job
from keras_tfjs import layers_model
from tests.keras_tfjs.case import randomize, run
from tests.keras_tfjs.composed_cases import COMPOSED_CASES

LIMIT = 1e-5


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save the model of every case; return the directory, Keras's outputs and the jobs."""
    root = tmp_path_factory.mktemp("composed")
    expected, jobs = {}, []
    for number, (name, case) in enumerate(COMPOSED_CASES.items()):
        model, inputs = case.model(), case.inputs()
        calls = [len(layer._inbound_nodes) for layer in model.layers]
        layers_model.save(model, root / str(number))
        assert calls == [len(layer._inbound_nodes) for layer in model.layers], name
        expected[name] = run(model, inputs)
        jobs.append(layers_job(root / str(number), *inputs))
    return root, expected, jobs


@pytest.fixture(scope="module", params=["cpu", "wasm", "tensorflow"])
def answered(request, saved, run_in_node):
    _, expected, jobs = saved
    return request.param, dict(zip(expected, run_in_node(request.param, jobs), strict=True))


def scale_of(values) -> float:
    """Return the largest absolute value, at least 1, to which differences are relative."""
    return max(1.0, *(float(np.abs(value).max()) for value in values))


@pytest.mark.parametrize("name", COMPOSED_CASES)
def test_tensorflow_js_computes_the_same(answered, saved, differences, name):
    backend, answers = answered
    largest = difference(answers[name], saved[1][name])
    differences(name, "Keras to TensorFlow.js", backend, largest)
    assert largest <= LIMIT * scale_of(saved[1][name])


@pytest.mark.parametrize("name", COMPOSED_CASES)
def test_loaded_composition_computes_the_same(saved, tmp_path, name):
    root, expected, _ = saved
    path = root / str(list(COMPOSED_CASES).index(name))
    model = layers_model.load(path)
    outputs = run(model, COMPOSED_CASES[name].inputs())
    largest = max(np.abs(a - b).max() for a, b in zip(outputs, expected[name], strict=True))
    assert largest <= LIMIT * scale_of(expected[name])
    layers_model.save(model, tmp_path)
    assert (tmp_path / "model.json").read_text() == (path / "model.json").read_text()


def shared_and_nested() -> keras.Model:
    """A composed layer that is called twice, and a composed layer in a nested Sequential."""
    x, y = keras.Input((8, 4)), keras.Input((8, 4))
    shared = layers.Conv1D(4, 2, padding="causal", name="shared")
    inner = keras.Sequential(
        [keras.Input((8, 4)), layers.SeparableConv1D(3, 2), layers.ReLU()], name="inner"
    )
    outputs = [inner(shared(x)) - inner(y), shared(shared(y))]
    return randomize(keras.Model([x, y], outputs))


def frozen() -> keras.Model:
    convolution = layers.Conv1D(4, 2, padding="causal", trainable=False)
    return randomize(
        keras.Sequential([keras.Input((8, 4)), convolution, layers.Dense(3, "leaky_relu")])
    )


@pytest.mark.parametrize("make", [shared_and_nested, frozen])
def test_nested_and_frozen_models_compute_the_same(run_in_node, tmp_path, make):
    model = make()
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(3, 8, 4)).astype(np.float32) for _ in model.inputs]
    expected = run(model, inputs)
    layers_model.save(model, tmp_path)
    back = layers_model.load(tmp_path)
    (answer,) = run_in_node("cpu", [layers_job(tmp_path, *inputs)])
    assert difference(answer, expected) <= LIMIT
    for a, b in zip(run(back, inputs), expected, strict=True):
        assert np.abs(a - b).max() <= LIMIT
    assert len(back.trainable_weights) == len(model.trainable_weights)


def test_composed_dropout_drops_whole_channels(tmp_path):
    """SpatialDropout2D drops whole channels in training."""
    layers_model.save(
        keras.Sequential([keras.Input((6, 5, 9)), layers.SpatialDropout2D(0.5)]), tmp_path
    )
    dropped = np.asarray(layers_model.load(tmp_path)(np.ones((4, 6, 5, 9)), training=True))
    assert np.array_equal(dropped, np.broadcast_to(dropped[:, :1, :1], dropped.shape))
    assert set(np.unique(dropped)) == {0.0, 2.0}
