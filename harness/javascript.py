"""Runs the jobs of jobs.js in Node, or in a page in Chromium."""

import atexit
import functools
import json
import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import keras
import numpy as np

from harness import ROOT

HERE = Path(__file__).parent
# The measured differences; benchmarks/keras_tfjs.py writes them into a table.
DIFFERENCES = ROOT / "build/tfjs_differences.json"
# Each backend, with the place where it runs.
PLACES = [("node", name) for name in ("cpu", "wasm", "tensorflow")] + [("chromium", "webgl")]
_BINDING = ROOT / "node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node"
_BROWSERS = ["chromium", "chromium-browser", "google-chrome"]

Job = dict[str, Any]
Answers = list[dict[str, Any]]


def tensor(value: Any) -> Job:
    """Describe an array for jobs.js."""
    value = np.asarray(value)
    dtype = {"i": "int32", "b": "bool", "U": "string"}.get(value.dtype.kind, "float32")
    values = [
        x if dtype == "string" or math.isfinite(x) else str(x) for x in value.ravel().tolist()
    ]
    return {"values": values, "shape": value.shape, "dtype": dtype}


def layers_job(path: Path, *inputs: Any) -> Job:
    """Return a job that runs the layers model in a directory."""
    url = f"file://{path}/model.json"
    return {"kind": "layers", "url": url, "inputs": [tensor(value) for value in inputs]}


def graph_job(path: Path, inputs: dict[str, Any], outputs: list[str]) -> Job:
    """Return a job that runs the graph model in a directory."""
    named = {name: tensor(value) for name, value in inputs.items()}
    url = f"file://{path}/model.json"
    return {"kind": "graph", "url": url, "inputs": named, "outputs": outputs}


def arrays(answer: Job) -> list[np.ndarray]:
    """Return the outputs in an answer of jobs.js.

    Raises:
      AssertionError: the job failed.
    """
    assert "error" not in answer, answer["error"]
    return [
        np.array([float(value) for value in out["values"]], np.float32).reshape(out["shape"])
        for out in answer["outputs"]
    ]


def difference(answer: Job, expected: Any) -> float:
    """Return the largest absolute difference between an answer and Keras's outputs."""
    wanted = [np.asarray(value) for value in keras.tree.flatten(expected)]
    given = arrays(answer)
    assert [value.shape for value in given] == [value.shape for value in wanted]
    return float(np.max([np.abs(a - b).max() for a, b in zip(given, wanted, strict=True)]))


def missing_for_node() -> str:
    """Return what to install for `run_in_node`, or nothing."""
    installed = shutil.which("node") and _BINDING.exists()
    return "" if installed else "TensorFlow.js is not installed: install npm, and run make test"


def missing_for_chromium() -> str:
    """Return what to install for `run_in_chromium`, or nothing."""
    installed = browser() and (ROOT / "node_modules/playwright-core").is_dir()
    return "" if installed else "no browser: install chromium, or name one in CHROMIUM"


def run_in_node(directory: Path, backend: str, jobs: list[Job], timeout: float = 600) -> Answers:
    """Run jobs in a new Node process, which uses the directory for its files."""
    jobs_file, answers_file = _write_jobs(directory, backend, jobs)
    command = ["node", str(HERE / "run_in_node.mjs"), str(jobs_file), str(answers_file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    assert result.returncode == 0, result.stderr
    return json.loads(answers_file.read_text())


def run_in_chromium(directory: Path, backend: str, jobs: list[Job]) -> Answers:
    """Run jobs in a page; models that they save to `downloads://NAME` go to the directory."""
    jobs_file, answers_file = _write_jobs(directory, backend, jobs)
    run_script(HERE / "run_in_chromium.mjs", str(jobs_file), str(answers_file))
    return json.loads(answers_file.read_text())


def run_script(script: Path, *arguments: Any) -> Any:
    """Call a script's default function with a browser and these arguments; return its answer.

    Raises:
      AssertionError: the script failed.
    """
    process = _browser_process()
    print(json.dumps([str(script), *arguments]), file=process.stdin, flush=True)
    line = process.stdout.readline()
    if not line:
        _browser_process.cache_clear()
        raise AssertionError(f"the browser ended while it ran {script.name}")
    result = json.loads(line)
    assert "error" not in result, result["error"]
    return result["answer"]


@functools.cache
def _browser_process() -> Any:
    """Start chromium.mjs, which ends when this process exits and closes its stdin."""
    command = ["node", str(HERE / "chromium.mjs"), str(browser())]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def browser() -> str | None:
    """Return the command of an installed Chromium or Chrome, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)


def _write_jobs(directory: Path, backend: str, jobs: list[Job]) -> tuple[Path, Path]:
    """Write jobs for JavaScript; return their file and the file for the answers."""
    jobs_file = directory / "jobs.json"
    jobs_file.write_text(json.dumps({"backend": backend, "jobs": jobs}))
    return jobs_file, directory / "answers.json"
