"""A small model, and its weight files written and read by `keras_tfjs.weights`."""

import json

import keras
import numpy as np

from keras_tfjs import weights
from tests.keras_tfjs.case import randomize

DTYPES = ["float16", "uint8", "uint16"]


def small_model() -> keras.Model:
    x = keras.Input((12,), name="x")
    y = keras.layers.Dense(9, "tanh", name="hidden")(x)
    return randomize(keras.Model(x, keras.layers.Dense(3, name="out")(y), name="small"))


def manifest(path) -> dict:
    (group,) = json.loads((path / "model.json").read_text())["weightsManifest"]
    return group


def write(path, quantize=None, **arrays) -> None:
    weights.write_model_files(path, {}, arrays.items(), quantize)


def read(path) -> dict[str, np.ndarray]:
    return weights.read_weights(
        path, json.loads((path / "model.json").read_text())["weightsManifest"]
    )
