"""The files of a finished run: Keras models, SavedModels and what the images are."""

import json
import math
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from fashion_mnist_vae.data import ImageData
from keras_tfjs import graph_model, layers_model
from keras_tfjs.weights import MODEL_FILE
from training_run import saved_model
from training_run.atomic_files import write_atomically, write_text
from training_run.run_directory import reading

IMAGE_DATA_FILE = "image_data.json"
PAGE_IMAGES = 1000  # test images that the web page shows on its map
OUTPUT_NAMES = {
    "encoder": ["z_mean", "z_log_var", "z"],
    "decoder": ["decoded"],
    "vae": ["decoded", "z_mean", "z_log_var", "z"],
}


def export_models(
    directory: Path,
    vae_model: keras.Model,
    image_data: ImageData,
    grid_dimensions: tuple[int, int],
) -> dict[str, str]:
    """Write encoder, decoder and vae in every format into a run's directory.

    Args:
      grid_dimensions: the two latent dimensions that pictures show.

    Returns:
      What each file is, by its name.
    """
    description = {
        "dataset": image_data.name,
        "image_shape": image_data.image_shape,
        "class_names": image_data.class_names,
        "grid_dimensions": grid_dimensions,
    }
    write_text(directory / IMAGE_DATA_FILE, json.dumps(description, indent=1) + "\n")
    models = {name: vae_model.get_layer(name) for name in ("encoder", "decoder")}
    models["vae"] = vae_model
    for name, model in models.items():
        write_atomically(directory / f"{name}.keras", model.save)
        _save(directory / "saved_model" / name, model, OUTPUT_NAMES[name])
    for name in ("encoder", "decoder"):
        layers_model.save(models[name], directory / name, metadata=description)
    _save_test_images(directory, image_data)
    decode = graph_model.function_of(models["decoder"], OUTPUT_NAMES["decoder"])
    graph_model.save(decode, directory / "graph_model" / "decoder")
    return {
        "decoder.keras": "draws an image for a z, for Keras",
        "encoder.keras": "finds the z of an image",
        "vae.keras": "both together",
        "saved_model": "the three for TensorFlow, each with serving_default",
        "decoder": "the same for TensorFlow.js, which can train it further",
        "encoder": "likewise",
        "graph_model": "the decoder for TensorFlow.js, frozen",
        IMAGE_DATA_FILE: "size and classes of the images",
        "test_images.json": "classes of some test images, for the web page",
        "test_images.bin": "their pixels",
    }


def _save_test_images(directory: Path, image_data: ImageData) -> None:
    """Write some test images for the web page: bytes of gray, and their classes."""
    images, labels = image_data.test_images[:PAGE_IMAGES], image_data.test_labels[:PAGE_IMAGES]
    write_atomically(directory / "test_images.bin", lambda path: path.write_bytes(images.tobytes()))
    write_text(directory / "test_images.json", json.dumps({"labels": labels.tolist()}) + "\n")


def load_decoder(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """Load the decoder that `export_models` wrote for TensorFlow.js, or one that it saved.

    It is as exact as the Keras file, and its reader is safe with files from anywhere.

    Args:
      path: a run's directory, or a JSON file of TensorFlow.js.

    Returns:
      The decoder, and the content of `image_data.json`; of a file that does not hold it, as those
      that the original saves, what follows from the decoder if its images are square.

    Raises:
      UserError: there is no such run, or its files are damaged.
    """
    alone = path.suffix == ".json"
    file, run = (path, path.parent) if alone else (path / "decoder" / MODEL_FILE, path)
    with reading(run, file, "a decoder of images", "fashion_mnist_vae"):
        model = layers_model.load(file)
        _check_shapes(model)
        image_data = layers_model.load_metadata(file) or _square(model)
        _check_description(model, image_data)
    return model, image_data


def _check_shapes(model: keras.Model) -> None:
    """Raise a ValueError unless a model is one as `decoder` makes it."""
    shapes = model.input_shape, model.output_shape
    if not all(isinstance(shape, tuple) and len(shape) == 2 for shape in shapes):
        raise ValueError("it must map [batch, latent_dim] to [batch, pixels]")


def _square(model: keras.Model) -> dict[str, Any]:
    """Describe the images of a decoder as square ones.

    Raises:
      ValueError: they are not.
    """
    side = math.isqrt(model.output_shape[1])
    if side**2 != model.output_shape[1]:
        raise ValueError("userDefinedMetadata: is missing, and the images are not square")
    return {"image_shape": [side, side], "grid_dimensions": [0, min(1, model.input_shape[1] - 1)]}


def _check_description(model: keras.Model, image_data: dict[str, Any]) -> None:
    """Raise a ValueError unless images are described that a decoder draws."""
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
        raise ValueError("userDefinedMetadata: is that of another model")


def _save(path: Path, model: keras.Model, output_names: list[str]) -> None:
    """Write a SavedModel whose `serving_default` has named outputs and needs TensorFlow only."""
    inputs = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, "inputs")

    @tf.function(input_signature=[inputs])
    def serving_default(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(output_names, tf.nest.flatten(model(inputs)), strict=True))

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    module.serving_default = serving_default
    saved_model.save(path, module, serving_default)
