"""Writing the files of a finished run: the models in every format, the pictures, the plot."""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from fashion_mnist_vae import formation, pictures
from fashion_mnist_vae.data import ImageData
from fashion_mnist_vae.grid import Grid
from keras_tfjs import graph_model, layers_model
from keras_tfjs.atomic_files import write_atomically, write_text
from keras_tfjs.tracing import function_of
from training_run import float16_graph, history, saved_model
from training_run.run import Run

IMAGE_DATA_FILE = "image_data.json"
PAGE_IMAGES = 1000  # test images on the page's map
GRAY_LEVEL = 1 / 255  # a smaller difference of a pixel does not show on a screen
OUTPUT_NAMES = {
    "encoder": ["z_mean", "z_log_var", "z"],
    "decoder": ["decoded"],
    "vae": ["decoded", "z_mean", "z_log_var", "z"],
}


def export_run(
    run: Run, vae_model: keras.Model, image_data: ImageData, grid: Grid
) -> dict[str, str]:
    """Write the models and the pictures of a finished run into its directory.

    Args:
      vae_model: the model with the best weights.
      grid: the part of the latent space to draw; this function chooses its dimensions.

    Returns:
      A description of each file, by its name.
    """
    print(f"Saving the weights of the best epoch, {run.progress.best_epoch}.", flush=True)
    encoder_model, decoder_model = (vae_model.get_layer(name) for name in ("encoder", "decoder"))
    dimensions, divergence = pictures.largest_kl_dimensions(encoder_model, image_data)
    if decoder_model.input_shape[1] > 2:
        nats = ", ".join(f"{divergence[d]:.2f}" for d in dimensions)
        print(
            f"The pictures show the latent dimensions {dimensions[0]} and {dimensions[1]}, which "
            f"have the largest KL divergence ({nats} nats)."
        )
    files = export_models(run.directory, vae_model, image_data, dimensions)
    montage = pictures.latent_space(vae_model, image_data, grid)
    grid = grid._replace(dimensions=dimensions)
    pictures.save_grid(run.directory / "latent_space.png", montage, grid)
    files["latent_space.png"] = "images decoded from a grid of the latent space"
    files |= formation.save(run)
    metrics = "the loss and its two terms"
    if len(image_data.test_images):
        clusters, pairs = (
            run.directory / "latent_clusters.png",
            run.directory / "reconstructions.png",
        )
        metrics += ", and the test loss (val_loss),"
        pictures.save_clusters(clusters, encoder_model, image_data, dimensions)
        pictures.save_reconstructions(pairs, encoder_model, decoder_model, image_data)
        files[clusters.name] = "the test images in the latent space"
        files[pairs.name] = "test images and their reconstructions"
    history.plot_loss(
        run.directory / "loss.png", run.history, f"VAE of {image_data.name}", "per image"
    )
    return files | {
        "history.csv": f"{metrics} of each epoch",
        "epochs.json": "the metrics of each epoch, for the pages",
        "loss.png": "a plot of the loss of each epoch",
        "checkpoints": "the state from which --resume continues",
    }


def export_models(
    directory: Path,
    vae_model: keras.Model,
    image_data: ImageData,
    grid_dimensions: tuple[int, int],
) -> dict[str, str]:
    """Write encoder, decoder and vae in every format into a run's directory.

    Args:
      grid_dimensions: the two latent dimensions of the pictures.

    Returns:
      A description of each file, by its name.
    """
    description = {
        "dataset": image_data.name,
        "image_shape": image_data.image_shape,
        "class_names": image_data.class_names,
        "grid_dimensions": grid_dimensions,
        "limits": pictures.limits(vae_model.get_layer("encoder"), image_data),
        "num_test_images": len(image_data.test_images[:PAGE_IMAGES]),
    }
    write_text(directory / IMAGE_DATA_FILE, json.dumps(description, indent=1) + "\n")
    models = {name: vae_model.get_layer(name) for name in ("encoder", "decoder")}
    models["vae"] = vae_model
    for name, model in models.items():
        write_atomically(directory / f"{name}.keras", model.save)
        _save(directory / "saved_model" / name, model, OUTPUT_NAMES[name])
    for name in ("encoder", "decoder"):
        layers_model.save(models[name], directory / name, metadata=description)
    if len(image_data.test_images):
        _save_test_images(directory, image_data)
    decoder = models["decoder"]
    decode = function_of(decoder, OUTPUT_NAMES["decoder"])
    graph_model.save(decode, directory / "graph_model" / "decoder")
    z = np.random.default_rng(0).normal(size=(256, decoder.input_shape[1])).astype(np.float32)
    float16_files = float16_graph.save(
        directory, decode, decoder, lambda model: model(z), "pixel", GRAY_LEVEL, "decoder"
    )
    files = {
        "decoder.keras": "the decoder, for Keras",
        "encoder.keras": "the encoder, for Keras",
        "vae.keras": "the encoder and the decoder together, for Keras",
        "saved_model": "the three models, for TensorFlow: signature serving_default",
        "decoder": "the decoder, for TensorFlow.js, which can train it further",
        "encoder": "the encoder, for TensorFlow.js",
        "graph_model": "the decoder, for TensorFlow.js, frozen",
        **float16_files,
        IMAGE_DATA_FILE: "the size, the classes and the latent range of the images",
    }
    if len(image_data.test_images):
        files["test_images.json"] = "the classes of some test images, for the page"
        files["test_images.bin"] = "the pixels of these images"
    return files


def _save_test_images(directory: Path, image_data: ImageData) -> None:
    """Write the pixels and the classes of some test images, for the page."""
    images, labels = image_data.test_images[:PAGE_IMAGES], image_data.test_labels[:PAGE_IMAGES]
    write_atomically(directory / "test_images.bin", lambda path: path.write_bytes(images.tobytes()))
    write_text(directory / "test_images.json", json.dumps({"labels": labels.tolist()}) + "\n")


def _save(path: Path, model: keras.Model, output_names: list[str]) -> None:
    """Write a SavedModel with named outputs."""
    inputs = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, "inputs")

    @tf.function(input_signature=[inputs], autograph=False)
    def serving_default(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(output_names, tf.nest.flatten(model(inputs)), strict=True))

    saved_model.save(path, model, {"serving_default": serving_default})
