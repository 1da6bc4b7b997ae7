"""Small images."""

import pytest

from fashion_mnist_vae import data
from fashion_mnist_vae.data import ImageData


@pytest.fixture(scope="session")
def shapes(shapes_dir) -> ImageData:
    return data.load_directory(shapes_dir, "shapes")
