"""Loading models that a run or TensorFlow.js saved (in client.js of the original)."""

import math
from pathlib import Path
from typing import Any

import keras

from fashion_mnist_vae.model import vae
from keras_tfjs import layers_model
from keras_tfjs.weights import MODEL_FILE
from training_run.run_directory import user_errors


def load_decoder(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """Load the decoder of a run, or a decoder that TensorFlow.js saved.

    A run's `model.json` is as exact as its Keras file. Its reader runs no code from the file, so a
    file from an unknown source is safe.

    Args:
      path: a run's directory, or a JSON file of TensorFlow.js.

    Returns:
      The decoder, and the content of `image_data.json`. A file of the original lacks it, so its
      images must be square.

    Raises:
      UserError: there is no such model, or its files are damaged.
    """
    alone = path.suffix == ".json"
    file, run = (path, path.parent) if alone else (path / "decoder" / MODEL_FILE, path)
    with user_errors(run, file, "a decoder of images", "fashion_mnist_vae"):
        model = layers_model.load(file)
        _check_shapes(model)
        image_data = layers_model.load_metadata(file) or _describe_square(model)
        _check_description(model, image_data)
    return model, image_data


def load_vae(path: Path) -> keras.Model:
    """Load the encoder and the decoder of a run, and join them.

    Raises:
      UserError: there is no such run, or its files are damaged.
    """
    decoder_model, _ = load_decoder(path)
    file = path / "encoder" / MODEL_FILE
    with user_errors(path, file, "an encoder of images", "fashion_mnist_vae"):
        encoder_model = layers_model.load(file)
        outputs = [(None, decoder_model.input_shape[1])] * 3
        if encoder_model.input_shape != decoder_model.output_shape or (
            encoder_model.output_shape != outputs
        ):
            raise ValueError("it must map [batch, pixels] to z_mean, z_log_var and z")
    return vae(encoder_model, decoder_model)


def _check_shapes(model: keras.Model) -> None:
    """Raise a ValueError unless a model has the shapes of a decoder."""
    shapes = model.input_shape, model.output_shape
    if not all(isinstance(shape, tuple) and len(shape) == 2 for shape in shapes):
        raise ValueError("it must map [batch, latent_dim] to [batch, pixels]")


def _describe_square(model: keras.Model) -> dict[str, Any]:
    """Return the description of a decoder's images, if they are square.

    Raises:
      ValueError: the images are not square.
    """
    side = math.isqrt(model.output_shape[1])
    if side**2 != model.output_shape[1]:
        raise ValueError("userDefinedMetadata: is missing, and the images are not square")
    return {"image_shape": [side, side], "grid_dimensions": [0, min(1, model.input_shape[1] - 1)]}


def _check_description(model: keras.Model, image_data: dict[str, Any]) -> None:
    """Raise a ValueError unless the description fits the decoder."""
    pairs: list[Any] = [image_data.get(name) for name in ("image_shape", "grid_dimensions")]
    if not all(isinstance(pair, list) and [type(n) for n in pair] == [int, int] for pair in pairs):
        raise ValueError("userDefinedMetadata: must have an image_shape and grid_dimensions")
    (height, width), dimensions = pairs
    latent_dim = model.input_shape[1]
    if (
        min(height, width) < 1
        or height * width != model.output_shape[1]
        or not all(0 <= dimension < latent_dim for dimension in dimensions)
    ):
        raise ValueError("userDefinedMetadata: belongs to another model")
