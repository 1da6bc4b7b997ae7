"""The assertion of the tests of hostile files."""

import tracemalloc
from pathlib import Path

import pytest

from keras_tfjs import layers_model


def assert_refused(path: Path, pattern: str) -> None:
    """Assert that `load` raises a ValueError that names the file, and allocates little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=pattern) as error:
            layers_model.load(path)
        assert tracemalloc.get_traced_memory()[1] < 2e7
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path / 'model.json'}: ")
