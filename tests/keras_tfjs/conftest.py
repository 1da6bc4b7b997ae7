"""TensorFlow.js for the tests, and the note of how far it is from Keras."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.keras_tfjs import javascript


@pytest.fixture(scope="session")
def differences() -> Iterator[Callable[[str, str, str, float], None]]:
    """Note how far TensorFlow.js is from Keras, for the table in docs/tfjs_numbers.md.

    Call it with the model, the direction, the backend and the largest absolute difference.
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
    """Where the page of `run_in_chromium` saves what it downloads."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def run_in_chromium(
    downloads, browser_server
) -> Callable[[str, list[javascript.Job]], javascript.Answers]:
    """Run jobs of jobs.js in a page of headless Chromium on a backend."""
    return partial(javascript.run_in_chromium, downloads)
