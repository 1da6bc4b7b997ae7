"""Every layer class in the real TensorFlow.js, in both directions, on the backends in Node."""

import keras
import numpy as np
import pytest
from keras import layers

from harness.javascript import arrays, difference, tensor
from keras_tfjs import layers_model
from keras_tfjs.layer_classes import TABLE
from tests.keras_tfjs.case import randomize, run
from tests.keras_tfjs.cases import CASES
from tests.keras_tfjs.made_in_js import MADE_IN_JS

LIMIT = 1e-5
BACKENDS = ["cpu", "wasm", "tensorflow"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save the model of every case; return the directory, Keras's outputs and the jobs."""
    root = tmp_path_factory.mktemp("layers")
    expected, jobs = {}, []
    for number, (name, case) in enumerate(CASES.items()):
        model, inputs = case.model(), case.inputs()
        layers_model.save(model, root / str(number))
        expected[name] = run(model, inputs)
        jobs.append(
            {
                "kind": "layers",
                "url": f"file://{root}/{number}/model.json",
                "inputs": [tensor(value) for value in inputs],
                "save": f"file://{root}/js-{number}",
            }
        )
    return root, expected, jobs


@pytest.fixture(scope="module", params=BACKENDS)
def answered(request, saved, run_in_node):
    _, expected, jobs = saved
    return request.param, dict(zip(expected, run_in_node(request.param, jobs), strict=True))


def layers_within(layer: keras.Layer) -> set[str]:
    """Return the classes of a layer and of the layers and cells in it."""
    inner = [getattr(layer, field, None) for field in ("layer", "cell", "cells")]
    nested = [layers_within(item) for item in keras.tree.flatten(inner) if item is not None]
    return {type(layer).__name__}.union(*nested)


def test_cases_have_every_class_of_the_table():
    known = [layers_within(layer) for case in CASES.values() for layer in case.model().layers]
    written = {name for name, row in TABLE.items() if not row.unwritable}
    assert written <= set().union(*known)


@pytest.mark.parametrize("name", CASES)
def test_tensorflow_js_computes_the_same(answered, saved, differences, name):
    backend, answers = answered
    largest = difference(answers[name], saved[1][name])
    differences(name, "Keras to TensorFlow.js", backend, largest)
    assert largest <= LIMIT


@pytest.mark.parametrize("name", CASES)
def test_load_returns_an_equal_model(saved, differences, name):
    root, expected, _ = saved
    model = layers_model.load(root / str(list(CASES).index(name)))
    outputs = run(model, CASES[name].inputs())
    largest = max(np.abs(a - b).max() for a, b in zip(outputs, expected[name], strict=True))
    assert largest == 0


# TensorFlow.js does not write this layer's depth multiplier, so it cannot load its own file.
FORGOTTEN = {"SeparableConv2D"}


@pytest.mark.parametrize("name", CASES)
def test_load_reads_models_that_tensorflow_js_saved(answered, saved, differences, name):
    root, expected, _ = saved
    path = root / f"js-{list(CASES).index(name)}"
    if name in FORGOTTEN:
        with pytest.raises(ValueError, match="depthwise_kernel: the shape is"):
            layers_model.load(path)
        return
    outputs = run(layers_model.load(path), CASES[name].inputs())
    largest = max(float(np.abs(a - b).max()) for a, b in zip(outputs, expected[name], strict=True))
    differences(name, "TensorFlow.js to Keras", answered[0], largest)
    assert largest <= LIMIT


@pytest.mark.parametrize("name", MADE_IN_JS)
def test_load_reads_models_with_defaults_of_tensorflow_js(run_in_node, differences, tmp_path, name):
    layers, shape = MADE_IN_JS[name]
    inputs = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    job = {
        "kind": "layers",
        "make": layers,
        "inputs": [tensor(inputs)],
        "save": f"file://{tmp_path}",
    }
    (answer,) = run_in_node("cpu", [job])
    model = layers_model.load(tmp_path / "model.json")
    largest = difference(answer, run(model, [inputs]))
    differences(f"made there: {name}", "TensorFlow.js to Keras", "cpu", largest)
    assert largest <= LIMIT


def nested_and_shared() -> keras.Model:
    """Two inputs and outputs, a layer and a model called twice, a Sequential within a model."""
    inner_input = keras.Input((4,))
    inner = keras.Model(
        inner_input, layers.Dense(3, "tanh", name="inner")(inner_input), name="nested"
    )
    stack = keras.Sequential([keras.Input((3,)), layers.Dense(5), layers.ReLU()], name="stack")
    shared = layers.Dense(4, name="shared")
    first, second = keras.Input((4,), name="first"), keras.Input((4,), name="second")
    left, right = inner(shared(first)), inner(shared(second))
    joined = layers.Concatenate()([stack(left), stack(right), right])
    outputs = [joined, layers.Average()([left, right]), right, stack(left)]
    return randomize(keras.Model([first, second], outputs))


def shared_at_two_depths() -> keras.Model:
    """TensorFlow.js may make the second call of a layer first, so `save` reorders the calls."""
    x = keras.Input((4,))
    early, late = layers.Dense(4, name="early"), layers.Dense(4, name="late")
    deep, flat = late(early(x)), late(x)
    z = layers.ReLU()(layers.Dense(4, name="after")(layers.ReLU()(flat)))
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inside")], name="inner")
    return randomize(keras.Model(x, [inner(deep), z, deep, inner(z)]))


def regularized() -> keras.Model:
    """Fields that matter in training only."""
    regularizers, constraints = keras.regularizers, keras.constraints
    layer = layers.Dense(
        3,
        kernel_initializer=keras.initializers.VarianceScaling(0.5, "fan_out", "uniform", seed=3),
        kernel_regularizer=regularizers.L2(0.01),
        bias_regularizer=regularizers.L1L2(0.02, 0.03),
        kernel_constraint=constraints.MaxNorm(3),
        bias_constraint=constraints.NonNeg(),
    )
    frozen = layers.Dense(2, trainable=False, kernel_initializer="lecun_normal")
    model = randomize(keras.Sequential([keras.Input((4,)), layer, frozen]))
    layer.bias.assign(keras.ops.abs(layer.bias))
    return model


@pytest.mark.parametrize("make", [nested_and_shared, shared_at_two_depths, regularized])
@pytest.mark.parametrize("backend", BACKENDS)
def test_whole_models_convert_both_ways(run_in_node, differences, tmp_path, make, backend):
    model = make()
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(3, 4)).astype(np.float32) for _ in model.inputs]
    expected = run(model, inputs)
    layers_model.save(model, tmp_path)
    own = run(layers_model.load(tmp_path), inputs)
    assert max(np.abs(a - b).max() for a, b in zip(own, expected, strict=True)) <= 1e-6
    job = {
        "kind": "layers",
        "url": f"file://{tmp_path}/model.json",
        "inputs": [tensor(value) for value in inputs],
        "save": f"file://{tmp_path}/back",
    }
    largest = difference(run_in_node(backend, [job])[0], expected)
    differences(make.__name__, "Keras to TensorFlow.js", backend, largest)
    back = layers_model.load(tmp_path / "back")
    errors = [np.abs(a - b).max() for a, b in zip(run(back, inputs), expected, strict=True)]
    differences(make.__name__, "TensorFlow.js to Keras", backend, float(max(errors)))
    assert max(errors) <= 1e-6
    assert largest <= LIMIT
    layers_model.save(layers_model.load(tmp_path), tmp_path / "again")
    again = (tmp_path / "again" / "model.json").read_text()
    assert again == (tmp_path / "model.json").read_text()


def test_training_in_tensorflow_js_reduces_the_loss(run_in_node, tmp_path):
    """The loss falls on every backend, and Keras loads the trained model."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 6, 4)).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[x.sum(axis=(1, 2)).astype(int) % 3]
    model = keras.Sequential([keras.Input((6, 4)), layers.LSTM(8), layers.Dense(3, "softmax")])
    layers_model.save(model, tmp_path)
    train = {"targets": tensor(y), "epochs": 8, "learningRate": 0.05}
    for backend in BACKENDS:
        job = {
            "kind": "layers",
            "url": f"file://{tmp_path}/model.json",
            "inputs": [tensor(x)],
            "train": {**train, "loss": "categoricalCrossentropy"},
            "save": f"file://{tmp_path}/{backend}",
        }
        (answer,) = run_in_node(backend, [job])
        trained = layers_model.load(tmp_path / backend)
        assert difference(answer, run(trained, [x])) <= LIMIT
        assert answer["losses"][-1] < 0.9 * answer["losses"][0]
        trained.compile(loss="categorical_crossentropy")
        assert trained.evaluate(x, y, verbose=0) < answer["losses"][0]


def test_load_reads_optimizer_and_shards(run_in_node, tmp_path):
    """tfjs-node saves with includeOptimizer; then the test cuts the weights into shards."""
    x, y = np.ones((4, 5), np.float32), np.ones((4, 2), np.float32)
    train = {"targets": tensor(y), "epochs": 1, "learningRate": 0.1, "loss": "meanSquaredError"}
    job = {
        "kind": "layers",
        "make": [["dense", {"units": 3, "inputShape": [5]}], ["dense", {"units": 2}]],
        "inputs": [tensor(x)],
        "train": train,
        "save": f"file://{tmp_path}",
        "includeOptimizer": True,
    }
    (answer,) = run_in_node("cpu", [job])
    text = (tmp_path / "model.json").read_text()
    assert '"group":"optimizer"' in text and '"optimizer_config"' in text
    data = (tmp_path / "weights.bin").read_bytes()
    for number, start in enumerate(range(0, len(data), 30)):  # 30 is not a multiple of 4
        (tmp_path / f"shard{number}.bin").write_bytes(data[start : start + 30])
    (tmp_path / "weights.bin").unlink()
    shards = ", ".join(f'"shard{number}.bin"' for number in range(-(-len(data) // 30)))
    sharded = text.replace('"./weights.bin"', shards).replace('"weights.bin"', shards)
    (tmp_path / "model.json").write_text(sharded)
    assert difference(answer, run(layers_model.load(tmp_path), [x])) <= LIMIT


def test_metadata_is_kept_both_ways(run_in_node, tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    metadata = {"char_set": ["a", "\n", "é", "😀"], "n": [1, {"x": None}]}
    layers_model.save(model, tmp_path, metadata)
    job = {"kind": "layers", "url": f"file://{tmp_path}/model.json", "save": f"file://{tmp_path}/b"}
    assert run_in_node("cpu", [job])[0]["metadata"] == metadata
    assert layers_model.load_metadata(tmp_path / "b") == metadata
    layers_model.save(model, tmp_path)
    assert layers_model.load_metadata(tmp_path) == {}


def test_load_reads_a_browsers_download(run_in_chromium, downloads, tmp_path):
    """model.save('downloads://...') of a page gives NAME.json and NAME.weights.bin."""
    model = randomize(keras.Sequential([keras.Input((5, 4)), layers.LSTM(3), layers.Dense(2)]))
    layers_model.save(model, tmp_path, {"a": "b"})
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    job = {
        "kind": "layers",
        "url": f"file://{tmp_path}/model.json",
        "inputs": [tensor(x)],
        "save": "downloads://my-model",
    }
    (answer,) = run_in_chromium("cpu", [job])
    assert arrays(answer)
    path = downloads / "my-model.json"
    assert np.array_equal(layers_model.load(path)(x), model(x))
    assert layers_model.load_metadata(path) == {"a": "b"}
