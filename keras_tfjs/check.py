"""Runs a written model in Node, with the TensorFlow.js of the current directory (`--check`)."""

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_tfjs.command_line import UserError

_SCRIPT = Path(__file__).with_name("check.mjs")
_DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "?"}


def require_node() -> None:
    """Check that Node and TensorFlow.js are installed.

    Raises:
      UserError: Node or TensorFlow.js is missing.
    """
    if not shutil.which("node"):
        raise UserError(
            "--check needs Node: install it from https://nodejs.org, or leave --check out"
        )
    places = [Path.cwd(), *Path.cwd().parents]
    if not any((place / "node_modules/@tensorflow/tfjs").is_dir() for place in places):
        raise UserError(
            "--check needs TensorFlow.js in node_modules: npm install @tensorflow/tfjs "
            "@tensorflow/tfjs-backend-wasm"
        )


def run_in_node(
    directory: Path, inputs: dict[str, np.ndarray]
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Run a model on the backends cpu and, if it is installed, wasm.

    Args:
      directory: the model's directory.
      inputs: the input arrays, by name.

    Yields:
      A label with TensorFlow.js's version and backend, and the outputs by name.

    Raises:
      UserError: TensorFlow.js cannot run the model.
    """
    named = [{"name": name} | _encode(value) for name, value in inputs.items()]
    with tempfile.TemporaryDirectory() as temporary:
        job, answer = Path(temporary) / "job.json", Path(temporary) / "answer.json"
        job.write_text(json.dumps({"directory": str(directory.resolve()), "inputs": named}))
        result = subprocess.run(["node", _SCRIPT, job, answer], capture_output=True, text=True)
        if result.returncode or not answer.exists():
            lines = result.stderr.strip().splitlines() or ["no message"]
            reason = next((line for line in lines if "Error" in line), lines[-1])
            raise UserError(f"--check: Node failed: {reason}")
        content = json.loads(answer.read_text())
    for backend, found in content["backends"].items():
        if "error" in found:
            reason = found["error"].splitlines()[0]
            raise UserError(f"TensorFlow.js cannot run {directory} on {backend}: {reason}")
        outputs = {name: _decode(value) for name, value in found["outputs"].items()}
        yield f"TensorFlow.js {content['version']} on {backend}", outputs


def _encode(value: np.ndarray) -> dict[str, Any]:
    data = base64.b64encode(value.astype(_DTYPES[value.dtype.name]).tobytes()).decode()
    return {"shape": value.shape, "dtype": value.dtype.name, "data": data}


def _decode(value: dict[str, Any]) -> np.ndarray:
    if value["dtype"] not in _DTYPES:
        raise UserError(f"--check: outputs of {value['dtype']} cannot be compared")
    data = base64.b64decode(value["data"])
    return np.frombuffer(data, _DTYPES[value["dtype"]]).reshape(value["shape"])
