"""Expected values of the autoencoder's page, from Keras, and checks of its pictures."""

import base64
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer)
from fashion_mnist_vae.model import kl_divergence

SHAPE = (12, 10)


def load_models(run):
    names = ("encoder", "decoder")
    return [keras.models.load_model(run / f"{name}.keras", compile=False) for name in names]


def default_limits(run) -> np.ndarray:
    return np.array(json.loads((run / "image_data.json").read_text())["limits"])


def scaled(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 255


def png(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def gray(picture: dict) -> np.ndarray:
    return np.array(picture["gray"]).reshape(picture["height"], picture["width"])


def assert_same(picture: dict, image: np.ndarray) -> None:
    """Assert that a canvas shows an image (0 to 1), within 1.5 gray levels."""
    assert np.abs(gray(picture) - 255 * image).max() <= 1.5


def decode(models, z) -> np.ndarray:
    return np.asarray(models[1](np.array([z], np.float32))).reshape(SHAPE)


def assert_picked(answer: dict, models, image: np.ndarray) -> np.ndarray:
    """Assert that the page and Keras agree on an image (0 to 1). Return its standard deviations."""
    z_mean, z_log_var, _ = models[0](image[None])
    sd = np.exp(z_log_var[0] / 2)
    reconstruction = models[1](z_mean).numpy()[0]
    assert answer["mean"] == pytest.approx(z_mean[0].numpy(), abs=6e-4)
    assert answer["sd"] == pytest.approx(sd, abs=6e-4)
    error = np.square(image - reconstruction).sum()
    assert answer["error"] == pytest.approx(error, abs=0.006, rel=2e-3)
    kl = kl_divergence(z_mean, z_log_var).numpy().sum()
    assert answer["kl"] == pytest.approx(kl, abs=6e-4, rel=1e-4)
    assert_same(answer["original"], image.reshape(SHAPE))
    assert_same(answer["reconstruction"], reconstruction.reshape(SHAPE))
    return sd
