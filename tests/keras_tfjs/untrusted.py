"""What the tests of hostile files assert of each."""

import tracemalloc
from pathlib import Path

import pytest

from keras_tfjs import layers_model


def assert_refused(path: Path, pattern: str) -> None:
    """Assert that loading ends in a ValueError that names the file, and takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=pattern) as error:
            layers_model.load(path)
        assert tracemalloc.get_traced_memory()[1] < 2e7
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path / 'model.json'}: ")
