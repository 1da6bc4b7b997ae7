"""The generate command, run as a user runs it."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae import generate
from fashion_mnist_vae.model import VaeOptions, decoder  # also registers ZLayer
from keras_tfjs import layers_model
from tests.support.commands import assert_one_line


def test_generate_draws_z_in_terminal_and_file(call, image_run, tmp_path):
    code, out, _ = call(generate, image_run, "--z=0.5,-1")
    assert code == 0 and out.count("\n") == 6
    file = tmp_path / "z.png"
    assert call(generate, image_run, "--z=0.5,-1", f"--output={file}")[0] == 0
    image = tf.io.decode_png(file.read_bytes()).numpy()[..., 0]
    decoder = keras.models.load_model(image_run / "decoder.keras")
    expected = decoder(np.array([[0.5, -1]], np.float32)).numpy().reshape(12, 10)
    np.testing.assert_allclose(image, expected * 255, atol=0.51)


def test_generate_runs_inside_the_run_directory(call, image_run, monkeypatch):
    expected = call(generate, image_run, "--z=0.5,-1")
    monkeypatch.chdir(image_run)
    assert call(generate, ".", "--z=0.5,-1") == expected
    assert call(generate, "decoder/model.json", "--z=0.5,-1") == expected


def test_generate_fits_grid_to_terminal(call, image_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "47")  # columns: four images of ten pixels
    code, out, _ = call(generate, image_run, "--grid_points=30")
    lines = out.splitlines()
    assert code == 0 and len(lines) == 4 * 6 and max(map(len, lines)) <= 40


def test_generate_writes_grid_to_file(call, image_run, tmp_path):
    file = tmp_path / "grid.png"
    flags = ["--grid_points=7", "--grid_start=-2", "--grid_end=1.5"]
    code, out, _ = call(generate, image_run, *flags, f"--output={file}")
    assert code == 0 and f"Wrote {file}, 70 x 84 pixels." in out
    assert tf.io.decode_png(file.read_bytes()).shape[:2] == (84, 70)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["name the directory of a finished run"]),
        (["{run}/nothing"], ["is not a finished run", "fashion_mnist_vae.train"]),
        (["{run}", "--z=1"], ["--z has 1 numbers", "latent space has 2"]),
        (["{run}", "--z=0,0", "--output=/proc/x.png"], ["cannot write /proc/x.png"]),
        (["{run}", "--output={run}"], ["is a directory; name a PNG file"]),
        (["{run}", "--output="], ["is a directory; name a PNG file"]),
        (["{damaged}"], ["decoder/model.json is not a decoder", "weights: need"]),
        (["{other}"], ["decoder/model.json is not a decoder", "belongs to another model"]),
    ],
)
def test_generate_rejects_bad_input(call, image_run, tmp_path, arguments, words):
    damaged = tmp_path / "damaged"
    shutil.copytree(image_run, damaged)
    file = damaged / "decoder" / "weights.bin"
    file.write_bytes(file.read_bytes()[:500])
    other = tmp_path / "other"
    shutil.copytree(image_run, other)
    file = other / "decoder" / "model.json"
    file.write_text(file.read_text().replace('"image_shape": [12, 10]', '"image_shape": [12, 11]'))
    places = {"run": image_run, "damaged": damaged, "other": other}
    result = call(generate, *(a.format(**places) for a in arguments))
    assert_one_line(result, *words)
    assert image_run.is_dir()


@pytest.mark.parametrize("pixels", [16, 15])
def test_generate_loads_decoder_of_the_original(call, tmp_path, pixels):
    """The file has no metadata."""
    model = decoder(VaeOptions(pixels, 3, 2))
    layers_model.save(model, tmp_path / "decoder")
    file, picture = tmp_path / "decoder/model.json", tmp_path / "grid.png"
    result = call(generate, file, "--grid_points=3", f"--output={picture}")
    if pixels == 15:
        assert_one_line(result, "model.json is not a decoder", "is missing", "not square")
        return
    assert result[0] == 0, result[2]
    pixels = tf.io.decode_png(picture.read_bytes()).numpy()[..., 0]
    assert pixels.shape == (12, 12)
    middle = model(np.zeros((1, 2))).numpy().reshape(4, 4)
    assert np.abs(pixels[4:8, 4:8] / 255 - middle).max() < 0.01
