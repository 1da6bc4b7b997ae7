"""TensorFlow.js for the tests: jobs.js run by Node and by a page in headless Chromium."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DIFFERENCES = ROOT / "build/tfjs_differences.json"
_BINDING = ROOT / "node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node"

Job = dict[str, Any]
Answers = list[dict[str, Any]]


def tensor(value: Any) -> Job:
    """Describe an array for jobs.js."""
    value = np.asarray(value)
    dtype = "int32" if value.dtype.kind == "i" else "float32"
    return {"values": value.ravel().tolist(), "shape": value.shape, "dtype": dtype}


def arrays(answer: Job) -> list[np.ndarray]:
    """Return the outputs in an answer of jobs.js.

    Raises:
      AssertionError: the job failed.
    """
    assert "error" not in answer, answer["error"]
    return [np.array(out["values"], np.float32).reshape(out["shape"]) for out in answer["outputs"]]


def _run(line: list, directory: Path, backend: str, jobs: list[Job]) -> Answers:
    asked, answered = directory / "jobs.json", directory / "answers.json"
    asked.write_text(json.dumps({"backend": backend, "jobs": jobs}))
    result = subprocess.run([*line, asked, answered], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return json.loads(answered.read_text())


def difference(answer: Job, expected: Any) -> float:
    """Return the largest absolute difference from what Keras computed."""
    wanted = [np.asarray(value) for value in keras.tree.flatten(expected)]
    given = arrays(answer)
    assert [value.shape for value in given] == [value.shape for value in wanted]
    return max(float(np.abs(a - b).max()) for a, b in zip(given, wanted, strict=True))


@pytest.fixture(scope="session")
def differences() -> Iterator[Callable[[str, str, str, float], None]]:
    """Note how far TensorFlow.js is from Keras, for the table in docs/tfjs.md.

    Call it with the model, the direction, the backend and the largest absolute difference.
    """
    rows: list[list] = []
    yield lambda *row: rows.append([*row])
    if rows:
        DIFFERENCES.parent.mkdir(exist_ok=True)
        DIFFERENCES.write_text(json.dumps(rows))


@pytest.fixture(scope="session")
def run_in_node(tmp_path_factory) -> Callable[[str, list[Job]], Answers]:
    """Run jobs of jobs.js in one Node process on a backend."""
    if not shutil.which("node") or not _BINDING.exists():
        pytest.skip("TensorFlow.js is not installed: run make test, which needs node and npm")
    directory = tmp_path_factory.mktemp("jobs")

    def run(backend: str, jobs: list[Job]) -> Answers:
        return _run(["node", HERE / "run_in_node.mjs"], directory, backend, jobs)

    return run


@pytest.fixture(scope="session")
def run_in_chromium(tmp_path_factory) -> Callable[[str, list[Job]], Answers]:
    """Run jobs of jobs.js in a page of headless Chromium on a backend.

    What a job saves to `downloads://NAME` is in `run.downloads`.
    """
    names = ["chromium", "chromium-browser", "google-chrome"]
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not browser or not (ROOT / "node_modules/playwright-core").is_dir():
        pytest.skip("no browser: install chromium, or name one in CHROMIUM, and run make test")
    directory = tmp_path_factory.mktemp("browser")

    def run(backend: str, jobs: list[Job]) -> Answers:
        return _run(["node", HERE / "run_in_chromium.mjs", browser], directory, backend, jobs)

    run.downloads = directory
    return run
