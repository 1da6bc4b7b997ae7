"""The float16 copies of the apps' graph models."""

import json

import keras
import numpy as np
import pytest

import fashion_mnist_vae.export
import lstm_text_generation.export
from fashion_mnist_vae import model as vae
from fashion_mnist_vae.data import ImageData
from harness.javascript import difference, graph_job
from keras_tfjs.compare import quantized_copy
from lstm_text_generation import model as text
from lstm_text_generation.data import TextData
from tests.support.bottles import TEXT
from tests.support.shapes import draw_shapes

IMAGES = draw_shapes(20, 0)[0].reshape(20, -1)
IMAGE_DATA = ImageData("shapes", (12, 10), IMAGES, IMAGES[:0], np.zeros(0, np.int64), [])


def scaled_vae(factor: float) -> keras.Model:
    """Return an autoencoder with random weights, multiplied by a factor."""
    keras.utils.set_random_seed(0)
    options = vae.VaeOptions(120)
    model = vae.vae(vae.encoder(options), vae.decoder(options))
    model.set_weights([factor * weight for weight in model.get_weights()])
    return model


@pytest.mark.parametrize("backend", ["cpu", "wasm"])
def test_float16_text_graph_has_half_the_bytes(run_in_node, text_run, backend):
    """The float16 copy computes nearly the same, with half the bytes."""
    content = json.loads((text_run / "graph_model_float16/model.json").read_text())
    names = list(content["signature"]["inputs"])
    inputs = {n: np.zeros((1, 16 if "_1_" in n else 8), np.float32) for n in names[1:]}
    inputs["character"] = np.array([3], np.int32)
    exact, rounded = run_in_node(
        backend,
        [
            graph_job(text_run / name, inputs, ["probabilities"])
            for name in ("graph_model", "graph_model_float16")
        ],
    )
    expected = np.array(exact["outputs"][0]["values"]).reshape(exact["outputs"][0]["shape"])
    assert 0 < difference(rounded, expected) < 1e-3
    sizes = [
        (text_run / name / "weights.bin").stat().st_size
        for name in ("graph_model", "graph_model_float16")
    ]
    assert sizes[1] < 0.52 * sizes[0]


@pytest.mark.parametrize("backend", ["cpu", "wasm"])
def test_float16_decoder_is_within_a_gray_level(run_in_node, image_run, backend):
    decoder = keras.models.load_model(image_run / "decoder.keras", compile=False)
    z = np.random.default_rng(1).normal(size=(20, 2)).astype(np.float32)
    job = graph_job(image_run / "graph_model_float16/decoder", {"decoder_input": z}, ["decoded"])
    (answer,) = run_in_node(backend, [job])
    assert 0 < difference(answer, decoder(z)) < fashion_mnist_vae.export.GRAY_LEVEL


def test_text_model_that_differs_has_no_float16_copy(tmp_path, capsys):
    text_data = TextData("bottles", TEXT, 12, 3)
    model = text.create_model(12, text_data.char_set_size(), [4])
    model.set_weights([20 * weight for weight in model.get_weights()])
    files = lstm_text_generation.export.export_model(tmp_path, model, text_data, TEXT[:12])
    assert "graph_model" in files and "graph_model_float16" not in files
    assert not (tmp_path / "graph_model_float16").exists()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("No graph_model_float16: a probability would differ by ")


def test_decoder_that_differs_has_no_float16_copy(tmp_path, capsys):
    files = fashion_mnist_vae.export.export_models(tmp_path, scaled_vae(20), IMAGE_DATA, (0, 1))
    assert "graph_model" in files and "graph_model_float16" not in files
    assert "No graph_model_float16: a pixel would differ by " in capsys.readouterr().out


def test_decoder_within_a_gray_level_has_a_float16_copy(tmp_path, capsys):
    """Some of the decoders differ by more than 1e-3, but less than a gray level."""
    found = []
    for factor in (1, 4, 6, 8, 20):
        model = scaled_vae(factor)
        files = fashion_mnist_vae.export.export_models(tmp_path, model, IMAGE_DATA, (0, 1))
        z = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)
        decoder = model.get_layer("decoder")
        change = np.abs(decoder(z) - quantized_copy(decoder, "float16")(z)).max()
        assert ("graph_model_float16" in files) == (change < 1 / 255)
        found.append(change)
    assert any(1e-3 < change < 1 / 255 for change in found), found
