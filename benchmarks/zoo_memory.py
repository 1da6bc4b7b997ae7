"""Measure time and memory of converting ResNet50, in a process for each kind of model.

usage: python -m benchmarks.zoo_memory MODEL KIND
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras

from keras_tfjs import graph_model, layers_model

_SAVE: dict[str, Callable[..., Any]] = {"layers": layers_model.save, "graph": graph_model.save}


def conversions() -> dict[str, dict[str, float]]:
    """Return the seconds and bytes of each kind of conversion."""
    costs = {}
    with tempfile.TemporaryDirectory() as directory:
        model = Path(directory) / "model.keras"
        keras.applications.ResNet50(weights=None).save(model)
        for kind in _SAVE:
            line: list[Any] = [sys.executable, "-m", "benchmarks.zoo_memory", model, kind]
            result = subprocess.run(line, check=True, capture_output=True, text=True)
            costs[kind] = json.loads(result.stdout.splitlines()[-1])
    return costs


def measure(path: str, kind: str) -> dict[str, float]:
    """Convert a model, and return the seconds and the increase of the peak memory in bytes."""
    model = keras.models.load_model(path, compile=False)
    loaded = _peak()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        _SAVE[kind](model, directory)
    seconds = time.perf_counter() - start
    return {"loaded": loaded, "added": _peak() - loaded, "seconds": seconds}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
