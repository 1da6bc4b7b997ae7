"""Fixtures: TensorFlow.js in Node and Chromium, the measured differences, two small models."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import keras
import pytest

from harness import javascript
from tests.keras_tfjs.case import randomize


@pytest.fixture(scope="session")
def differences() -> Iterator[Callable[[str, str, str, float], None]]:
    """Record the differences of TensorFlow.js from Keras, for docs/tfjs_numbers.md.

    Call the fixture with the model, the direction, the backend and the largest absolute difference.
    """
    rows: list[list] = []
    yield lambda *row: rows.append([*row])
    if rows:
        javascript.DIFFERENCES.parent.mkdir(exist_ok=True)
        javascript.DIFFERENCES.write_text(json.dumps(rows))


@pytest.fixture(scope="session")
def run_in_node(tmp_path_factory) -> Callable[[str, list[javascript.Job]], javascript.Answers]:
    """Run jobs of jobs.js in one Node process on a backend."""
    if missing := javascript.missing_for_node():
        pytest.skip(missing)
    return partial(javascript.run_in_node, tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def downloads(tmp_path_factory):
    """Return the directory of the downloads of `run_in_chromium`."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def run_in_chromium(downloads) -> Callable[[str, list[javascript.Job]], javascript.Answers]:
    """Run jobs of jobs.js in a page of headless Chromium on a backend."""
    if missing := javascript.missing_for_chromium():
        pytest.skip(missing)
    return partial(javascript.run_in_chromium, downloads)


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    """Return the path of a compiled recurrent model."""
    path = tmp_path_factory.mktemp("keras") / "small.keras"
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3), keras.layers.Dense(2)])
    model.compile("rmsprop", "mse")
    randomize(model).save(path)
    return path


@pytest.fixture
def model():
    """Return a model of two Dense layers."""
    layers = [keras.Input((6,), name="x"), keras.layers.Dense(4, name="a")]
    return randomize(keras.Sequential([*layers, keras.layers.Dense(2, name="b")]))
