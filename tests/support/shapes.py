"""A small generated dataset: images of bars and boxes."""

import gzip
import struct
from pathlib import Path

import numpy as np

from fashion_mnist_vae import data

SMALL = ["--dataset=shapes", "--intermediate_dim=24", "--batch_size=64", "--grid_points=5"]


def draw_shapes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw uint8 images [count, 12, 10] of horizontal bars, vertical bars and boxes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count).astype(np.uint8)
    images = np.zeros((count, 12, 10), np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x, gray = rng.integers(1, 7), rng.integers(1, 5), rng.integers(120, 256)
        height, width = [(2, 5), (5, 2), (4, 4)][label]
        image[y : y + height, x : x + width] = gray
    return images, labels


def write_idx(path: Path, array: np.ndarray) -> None:
    magic = {3: data.IMAGE_MAGIC, 1: data.LABEL_MAGIC}[array.ndim]
    content = struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_dataset(directory: Path, suffix: str = "", train: int = 500, test: int = 100) -> Path:
    directory.mkdir(exist_ok=True)
    arrays = [*draw_shapes(train, 0), *draw_shapes(test, 1)]
    for name, array in zip(data.IDX_FILES, arrays, strict=True):
        write_idx(directory / (name + suffix), array)
    return directory
