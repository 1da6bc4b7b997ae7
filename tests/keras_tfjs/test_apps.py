"""The exported models of both apps in the real TensorFlow.js, in Node and headless Chromium."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer, which the files name)
from harness.javascript import arrays, difference, graph_job, layers_job, tensor
from keras_tfjs import layers_model
from lstm_text_generation.exported_functions import one_step

LIMIT = 1e-6
NODE, CHROMIUM = ["cpu", "wasm", "tensorflow"], ["webgl", "wasm"]
PLACES = [("node", backend) for backend in NODE] + [("chromium", backend) for backend in CHROMIUM]


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: "-".join(place))
def place(request):
    """Return a place to run jobs: its name in the table, and the function that runs jobs."""
    where, backend = request.param
    run = request.getfixturevalue(f"run_in_{where}")
    return f"{where} {backend}", lambda jobs: run(backend, jobs)


@pytest.fixture(scope="module")
def text_model(text_run) -> keras.Model:
    return keras.models.load_model(text_run / "model.keras", compile=False)


@pytest.fixture(scope="module")
def windows(text_model) -> np.ndarray:
    _, length, size = text_model.input_shape
    return np.eye(size, dtype=np.float32)[np.random.default_rng(0).integers(0, size, (3, length))]


@pytest.fixture(scope="module")
def images(shapes_dir) -> np.ndarray:
    from fashion_mnist_vae import data

    return data.load_directory(shapes_dir, "shapes").test_images[:20].astype(np.float32) / 255


def test_text_model_computes_the_same(place, differences, text_run, text_model, windows):
    where, run = place
    (answer,) = run([layers_job(text_run, windows)])
    largest = difference(answer, text_model(windows))
    differences("lstm_text_generation", "Keras to TensorFlow.js", where, largest)
    assert largest <= LIMIT
    assert answer["metadata"] == json.loads((text_run / "text_data.json").read_text())


def test_one_step_graph_computes_the_same(place, differences, text_run, text_model):
    """Feed several characters, each with the states after the previous character."""
    where, run = place
    step = one_step(text_model)
    signature = json.loads((text_run / "graph_model/model.json").read_text())["signature"]
    outputs, (_, *names) = signature["outputs"], signature["inputs"]
    state = {name: np.zeros((2, 16 if "_1_" in name else 8), np.float32) for name in names}
    jobs, expected = [], []
    for character in (np.array([1, 5], np.int32), np.array([0, 2], np.int32)) * 2:
        inputs = {"character": character, **state}
        jobs.append(graph_job(text_run / "graph_model", inputs, list(outputs)))
        step_outputs = step(character, *state.values())
        expected.append([step_outputs[name] for name in outputs])
        state = {name: step_outputs[name].numpy() for name in state}
    answers = zip(run(jobs), expected, strict=True)
    largest = max(difference(answer, wanted) for answer, wanted in answers)
    differences("lstm_text_generation, one step", "Keras to TensorFlow.js", where, largest)
    assert largest <= LIMIT


def test_steps_equal_the_window(text_model, windows):
    states = [np.zeros((3, cell), np.float32) for cell in (16, 16, 8, 8)]
    for position in range(windows.shape[1]):
        outputs = one_step(text_model)(windows[:, position].argmax(-1).astype(np.int32), *states)
        states = [outputs[f"lstm_{layer}_{state}"] for layer in (1, 2) for state in "hc"]
    assert np.allclose(outputs["probabilities"], text_model(windows), atol=1e-6)


def test_decoder_computes_the_same(place, differences, image_run):
    where, run = place
    decoder = keras.models.load_model(image_run / "decoder.keras", compile=False)
    z = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    layers, graph = run(
        [
            layers_job(image_run / "decoder", z),
            graph_job(image_run / "graph_model/decoder", {"decoder_input": z}, ["decoded"]),
        ]
    )
    for name, answer in (("decoder", layers), ("decoder, frozen", graph)):
        largest = difference(answer, decoder(z))
        differences(f"fashion_mnist_vae, {name}", "Keras to TensorFlow.js", where, largest)
        assert largest <= LIMIT
    assert layers["metadata"]["image_shape"] == [12, 10]


def test_encoder_with_zlayer_in_javascript_computes_the_same(place, differences, image_run, images):
    """z_mean and z_log_var are equal. z is random, with that mean and variance."""
    where, run = place
    encoder = keras.models.load_model(image_run / "encoder.keras", compile=False)
    repeated = np.repeat(images[:2], 4000, axis=0)
    few, many = run([layers_job(image_run / "encoder", x) for x in (images, repeated)])
    z_mean, z_log_var, _ = arrays(few)
    expected = encoder(images)
    largest = max(np.abs(z_mean - expected[0]).max(), np.abs(z_log_var - expected[1]).max())
    differences("fashion_mnist_vae, encoder", "Keras to TensorFlow.js", where, float(largest))
    assert largest <= LIMIT
    for i, z in enumerate(arrays(many)[2].reshape(2, 4000, 2)):
        deviation = np.exp(0.5 * z_log_var[i])
        assert np.abs((z.mean(axis=0) - z_mean[i]) / deviation).max() < 5 / np.sqrt(4000)
        assert np.abs(z.std(axis=0) / deviation - 1).max() < 0.06
        assert abs(np.corrcoef(z.T)[0, 1]) < 0.08


def test_text_model_trained_in_the_browser_loads_in_keras(
    run_in_chromium, downloads, differences, text_run, text_model, windows
):
    """The page trains the model on webgl and downloads it; Keras loads it."""
    _, _, size = text_model.input_shape
    targets = np.eye(size, dtype=np.float32)[[1, 2, 3]]
    train = {"targets": tensor(targets), "epochs": 5, "learningRate": 0.01}
    job = layers_job(text_run, windows) | {
        "train": {**train, "loss": "categoricalCrossentropy"},
        "save": "downloads://trained",
    }
    (answer,) = run_in_chromium("webgl", [job])
    assert answer["losses"][-1] < answer["losses"][0]
    back = layers_model.load(downloads / "trained.json")
    largest = difference(answer, back(windows))
    differences("lstm_text_generation", "TensorFlow.js to Keras", "chromium webgl", largest)
    assert largest <= LIMIT
    assert np.abs(back(windows) - text_model(windows)).max() > 1e-3


@pytest.mark.parametrize(
    ("directory", "outputs"),
    [
        ("saved_model", ["probabilities"]),
        ("saved_model/decoder", ["decoded"]),
        ("saved_model/encoder", ["z_mean", "z_log_var"]),
        ("saved_model/vae", ["z_mean", "z_log_var"]),
    ],
)
def test_tfjs_node_runs_saved_models(
    run_in_node, differences, text_run, image_run, windows, images, directory, outputs
):
    run = text_run if outputs == ["probabilities"] else image_run
    serve = tf.saved_model.load(str(run / directory)).signatures["serving_default"]
    z = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    inputs = {"windows": windows} if run == text_run else {"inputs": images}
    inputs = {"inputs": z} if outputs == ["decoded"] else inputs
    job = {
        "kind": "savedModel",
        "path": str(run / directory),
        "inputs": {name: tensor(value) for name, value in inputs.items()},
        "outputs": outputs,
    }
    expected = serve(**{name: tf.constant(value) for name, value in inputs.items()})
    largest = difference(run_in_node("tensorflow", [job])[0], [expected[name] for name in outputs])
    differences(f"{run.name}/{directory}", "SavedModel in tfjs-node", "node tensorflow", largest)
    assert largest <= LIMIT
