"""Small images that anyone has, and a run trained on them."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from fashion_mnist_vae import data
from fashion_mnist_vae.data import ImageData
from tests.conftest import command

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


@pytest.fixture(scope="session")
def shapes_dir(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "shapes", ".gz")


@pytest.fixture(scope="session")
def shapes(shapes_dir) -> ImageData:
    return data.load_idx(shapes_dir, "shapes")


@pytest.fixture(scope="session")
def image_run(tmp_path_factory, shapes_dir) -> Path:
    """A finished run of three epochs, made by the command itself."""
    path = tmp_path_factory.mktemp("runs") / "shapes"
    flags = [*SMALL, f"--data_dir={shapes_dir}", "--epochs=3", f"--save_path={path}"]
    result = command("fashion_mnist_vae.train", *flags)
    assert result.returncode == 0, result.stderr
    (path.parent / "output.txt").write_text(result.stdout)
    return path
