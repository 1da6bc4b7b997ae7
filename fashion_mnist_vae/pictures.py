"""Pictures of the latent space and of reconstructions, as arrays and as PNG files."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fashion_mnist_vae.data import ImageData
from fashion_mnist_vae.grid import Grid
from fashion_mnist_vae.model import kl_divergence, scale
from keras_tfjs.atomic_files import write_atomically

_MAX_TRAIN_IMAGES = 10_000  # to encode, if there are no test images


def largest_kl_dimensions(
    encoder_model: keras.Model, image_data: ImageData
) -> tuple[tuple[int, int], np.ndarray]:
    """Return the two dimensions with the largest KL divergence, and all divergences in nats.

    A latent dimension that the encoder does not use has a divergence of 0, because its z does not
    depend on the image. If there is only one dimension, it is returned twice.
    """
    z_mean, z_log_var = encode(encoder_model, _images_to_encode(image_data))
    divergence = kl_divergence(z_mean, z_log_var).numpy().mean(axis=0)
    largest = [int(dimension) for dimension in np.sort(np.argsort(-divergence)[:2])]
    return (largest[0], largest[-1]), divergence


def limits(encoder_model: keras.Model, image_data: ImageData) -> list[list[float]]:
    """Return the range of the middle 98% of the images: [start, end] of each dimension."""
    z_mean, _ = encode(encoder_model, _images_to_encode(image_data))
    return np.percentile(z_mean, [1, 99], axis=0).T.tolist()


def _images_to_encode(image_data: ImageData) -> np.ndarray:
    """Return the images that show the latent space: uint8 [n, original_dim]."""
    images = image_data.test_images
    return images if len(images) else image_data.train_images[:_MAX_TRAIN_IMAGES]


def encode(encoder_model: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return z_mean and z_log_var of uint8 images [n, original_dim]."""
    outputs = encoder_model(scale(tf.constant(images)))
    return outputs[0].numpy(), outputs[1].numpy()


def latent_space(vae_model: keras.Model, image_data: ImageData, grid: Grid) -> np.ndarray:
    """Return the decoded grid in the two dimensions with the largest KL divergence."""
    encoder_model, decoder_model = (vae_model.get_layer(name) for name in ("encoder", "decoder"))
    dimensions, _ = largest_kl_dimensions(encoder_model, image_data)
    grid = grid._replace(dimensions=dimensions)
    return decode_grid(decoder_model, grid, image_data.image_shape)


def decode_grid(decoder_model: keras.Model, grid: Grid, image_shape: tuple[int, int]) -> np.ndarray:
    """Return the decoded images of a grid as one image: [rows * height, points * width], 0 to 1."""
    images = decoder_model(grid.z(decoder_model.input_shape[1])).numpy()
    tiles = images.reshape(grid.rows(), grid.points, *image_shape)
    return tiles.swapaxes(1, 2).reshape(grid.rows() * image_shape[0], -1)


def save_grid(path: Path, montage: np.ndarray, grid: Grid) -> None:
    """Write the montage of a grid with axes (the book's figure 10.8)."""
    figure, axes = _figure(9, 9 if grid.rows() > 1 else 1.5)
    half = (grid.end - grid.start) / max(grid.points - 1, 1) / 2
    side = [grid.values()[0] - half, grid.values()[-1] + half]
    axes.imshow(montage, cmap="gray", vmin=0, vmax=1, extent=side * 2, interpolation="nearest")
    axes.set(xlabel=f"z[{grid.dimensions[0]}]", aspect="auto")
    if grid.rows() > 1:
        axes.set(ylabel=f"z[{grid.dimensions[1]}]")
    else:
        axes.set_yticks([])
    _save(figure, path)


def save_clusters(
    path: Path, encoder_model: keras.Model, image_data: ImageData, dimensions: tuple[int, int]
) -> None:
    """Write a plot of the test images in the latent space, coloured by class."""
    z_mean, _ = encode(encoder_model, image_data.test_images)
    figure, axes = _figure(9, 8)
    colours = _colours(len(image_data.class_names))
    for number, name in enumerate(image_data.class_names):
        x, y = (z_mean[image_data.test_labels == number][:, d] for d in dimensions)
        if len(x):
            axes.scatter(x, y, s=4, alpha=0.6, color=colours[number], label=name)
    axes.set(xlabel=f"z_mean[{dimensions[0]}]", ylabel=f"z_mean[{dimensions[1]}]")
    axes.legend(
        markerscale=4, loc="center left", bbox_to_anchor=(1, 0.5), ncols=1 + len(colours) // 30
    )
    _save(figure, path)


def save_reconstructions(
    path: Path, encoder_model: keras.Model, decoder_model: keras.Model, image_data: ImageData
) -> None:
    """Write the first test image of up to ten classes, each above its reconstruction."""
    _, first = np.unique(image_data.test_labels, return_index=True)
    first = first[:10]
    images = image_data.test_images[first]
    decoded = decoder_model(encode(encoder_model, images)[0]).numpy()
    figure, _ = _figure(1.2 * len(first), 2.8, axes=False)
    for row, pixels in enumerate((images / 255.0, decoded)):
        for column, image in enumerate(pixels):
            axes = figure.add_subplot(2, len(first), row * len(first) + column + 1)
            axes.imshow(image.reshape(image_data.image_shape), cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
            if row == 0:
                label = image_data.test_labels[first[column]]
                axes.set_title(image_data.class_names[label], fontsize=8)
    _save(figure, path)


def save_image(path: Path, image: np.ndarray) -> None:
    """Write an image [height, width] of values from 0 to 1 as PNG."""
    pixels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    png = tf.io.encode_png(pixels[..., None]).numpy()
    write_atomically(path, lambda partial: partial.write_bytes(png))


def _figure(width: float, height: float, axes: bool = True) -> tuple[Any, Any]:
    # The object API needs no display and leaves pyplot's global state alone.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot() if axes else None


def _colours(count: int) -> Any:
    import matplotlib

    name = "tab10" if count <= 10 else "gist_rainbow"
    return matplotlib.colormaps[name](np.arange(count) if count <= 10 else np.linspace(0, 1, count))


def _save(figure: Any, path: Path) -> None:
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=120))
