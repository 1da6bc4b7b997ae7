"""The weights of a TensorFlow.js model: a manifest in its JSON file, and binary files beside it."""

import json
import math
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from keras_tfjs.atomic_files import write_atomically, write_text
from keras_tfjs.layer_config import Entry, error_context
from keras_tfjs.values import is_whole, shorten

MODEL_FILE, WEIGHTS_FILE = "model.json", "weights.bin"
_DTYPES = {"float32": np.dtype("<f4"), "int32": np.dtype("<i4"), "bool": np.dtype("?")}


def write_model_files(
    path: str | Path, content: Entry, named: Iterable[tuple[str, np.ndarray]]
) -> None:
    """Write a model's JSON file and the weights beside it.

    Args:
      path: a directory, which is made if need be.
      content: of the JSON file, but for the manifest.
      named: the weights by their names.

    Raises:
      ValueError: something cannot be written. Then nothing is.
    """
    manifest, data = _write_weights(named)
    text = json.dumps(content | {"weightsManifest": manifest}, allow_nan=False)
    directory = Path(path)
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(directory / WEIGHTS_FILE, lambda partial: partial.write_bytes(data))
    write_text(directory / MODEL_FILE, text)


def _write_weights(named: Iterable[tuple[str, np.ndarray]]) -> tuple[list[Entry], bytes]:
    """Return the manifest and the bytes of weights.

    Raises:
      ValueError: two weights have one name, or a dtype is one that TensorFlow.js has not.
    """
    specs: dict[str, Entry] = {}
    chunks = []
    for name, value in named:
        value = np.asarray(value)
        if name in specs:
            raise ValueError(f"two weights are named {name}; give the layers different names")
        dtype = value.dtype.name
        if dtype in _DTYPES:
            data = np.ascontiguousarray(value, _DTYPES[dtype]).tobytes()
        elif value.dtype == object:  # text, each with its length in front
            dtype = "string"
            texts = [item if isinstance(item, bytes) else str(item).encode() for item in value.flat]
            data = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
        else:
            raise ValueError(f"{name}: TensorFlow.js has no dtype {dtype}")
        specs[name] = {"name": name, "shape": list(value.shape), "dtype": dtype}
        chunks.append(data)
    return [{"paths": [WEIGHTS_FILE], "weights": list(specs.values())}], b"".join(chunks)


def read_weights(directory: Path, manifest: Any) -> dict[str, np.ndarray]:
    """Read the weights that a manifest lists; an optimizer's are left out.

    What is allocated is in proportion to the files, and no file outside the directory is opened.

    Raises:
      ValueError: a path leads elsewhere, a file is missing, or sizes and shapes do not fit.
    """
    if not isinstance(manifest, list):
        raise ValueError("weightsManifest: must be a list")
    weights: dict[str, np.ndarray] = {}
    for index, group in enumerate(manifest):
        with error_context(f"weightsManifest[{index}]"):
            for name, value in _read_group(directory, group).items():
                if name in weights:
                    raise ValueError(f"weights: {shorten(name)} occurs twice")
                weights[name] = value
    return weights


def _read_group(directory: Path, group: Any) -> dict[str, np.ndarray]:
    if not isinstance(group, dict):
        raise ValueError(f"must be an object, not {shorten(group)}")
    paths, specs = group.get("paths"), group.get("weights")
    if not isinstance(paths, list) or not isinstance(specs, list):
        raise ValueError("must have the lists paths and weights")
    files = [_file(directory, path) for path in paths]
    checked = [_check_spec(spec) for spec in specs]
    declared = sum(math.prod(shape) * dtype.itemsize for _, shape, dtype in checked)
    held = sum(file.stat().st_size for file in files)
    if declared != held or len(set(files)) < len(files):
        raise ValueError(
            f"weights: need {shorten(declared)} bytes, but {', '.join(map(str, paths))} "
            f"have {held}; the files are damaged or belong to another model"
        )
    # Joined, for a weight may begin in one file and end in the next.
    data = b"".join(file.read_bytes() for file in files)
    weights, offset = {}, 0
    for spec, (name, shape, dtype) in zip(specs, checked, strict=True):
        count = math.prod(shape)
        value = np.frombuffer(data, dtype, count, offset).reshape(shape)
        offset += value.nbytes
        if name in weights:
            raise ValueError(f"weights: {shorten(name)} occurs twice")
        if spec.get("group") != "optimizer":
            weights[name] = value
    return weights


def _file(directory: Path, path: Any) -> Path:
    """Return the file that a manifest's path names."""
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError(f"paths: must be names of files, not {shorten(path)}")
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path:
        raise ValueError(f"paths: {shorten(path)} leads out of the model's directory")
    try:
        file = (directory / path).resolve()
        inside, found = file.is_relative_to(directory.resolve()), file.is_file()
    except (OSError, RuntimeError) as error:  # names that are too long, links in a circle
        raise ValueError(f"paths: {shorten(path)} cannot be opened: {error}") from None
    if not inside:
        raise ValueError(f"paths: {shorten(path)} leads out of the model's directory")
    if not found:
        raise ValueError(f"paths: {shorten(path)} is missing")
    return file


def _check_spec(spec: Any) -> tuple[str, tuple[int, ...], np.dtype]:
    name = spec.get("name") if isinstance(spec, dict) else None
    if not isinstance(name, str):
        raise ValueError(f"weights: must have a name each, unlike {shorten(spec)}")
    with error_context(f"weights: {shorten(name)}"):
        shape, dtype = spec.get("shape"), spec.get("dtype")
        if not isinstance(shape, list) or len(shape) > 8 or not all(map(is_whole, shape)):
            raise ValueError(f"shape: must be a list of whole numbers, not {shorten(shape)}")
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise ValueError(f"dtype: must be one of {', '.join(_DTYPES)}, not {shorten(dtype)}")
        if spec.get("quantization") is not None:
            raise ValueError("quantization: is not supported; save the model without it")
        return name, tuple(shape), _DTYPES[dtype]
