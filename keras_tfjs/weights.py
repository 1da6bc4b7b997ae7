"""Reads and writes the weights of a TensorFlow.js model: the manifest and the binary files."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from keras_tfjs import quantization
from keras_tfjs.atomic_files import new_directory, os_error_context, remove
from keras_tfjs.layer_config import Entry, error_context
from keras_tfjs.values import is_whole, shorten

MODEL_FILE, WEIGHTS_FILE = "model.json", "weights.bin"
SHARD_BYTES = 4 << 20  # browsers cache files up to this size
_SHARD = re.compile(r"weights(-\d+of\d+)?\.bin")
_DTYPES: dict[str, np.dtype] = {
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "bool": np.dtype("?"),
}


def write_model_files(
    path: str | Path,
    content: Entry,
    named: Iterable[tuple[str, np.ndarray]],
    quantize: str | None = None,
) -> None:
    """Write a model's JSON file and its weights.

    Weights of up to 4 MB are one file, `weights.bin`; larger weights are `weights-1of2.bin` and so
    on. Each weight is written before the next weight is computed, to limit memory.

    Args:
      path: a directory; it is created if it does not exist.
      content: content of the JSON file, without the manifest.
      named: names and weights.
      quantize: which weights to store in fewer bits; the text for `quantization.parse_rules`.

    Raises:
      ValueError: TensorFlow.js does not accept a weight. Nothing is written.
      OSError: the disk is full, or another error of the system. Nothing is written, unless the
        error occurs while the files are renamed.
    """
    rules = quantization.parse_rules(quantize)
    directory = Path(path)
    with new_directory(directory), os_error_context(directory / WEIGHTS_FILE):
        partial = directory / ".partial-weights"
        remove(partial)  # left by a killed process
        partial.mkdir()
        try:
            shards = _ShardWriter(partial)
            specs = list(_write_weights(named, rules, shards))
            names = shards.finish()
            manifest = [{"paths": names, "weights": specs}]
            text = json.dumps(content | {"weightsManifest": manifest}, allow_nan=False)
            (partial / MODEL_FILE).write_text(text, encoding="utf-8")
            for name in (*names, MODEL_FILE):
                (partial / name).replace(directory / name)
            _remove_others(directory, names)
        finally:
            remove(partial)


def _write_weights(
    named: Iterable[tuple[str, np.ndarray]], rules: list[quantization.Rule], shards: "_ShardWriter"
) -> Iterator[Entry]:
    """Write weights, and yield the manifest's entry of each weight.

    Raises:
      ValueError: two weights have the same name, TensorFlow.js lacks a dtype, or a rule matches no
        weight.
    """
    seen: dict[str, None] = {}
    for name, value in named:
        value = np.asarray(value)
        if name in seen:
            raise ValueError(f"two weights are named {name}; give the layers different names")
        seen[name] = None
        spec: Entry = {"name": name, "shape": list(value.shape), "dtype": value.dtype.name}
        if value.dtype == object:
            spec["dtype"] = "string"
            shards.write(_encode_texts(value))
        elif value.dtype.name not in _DTYPES:
            raise ValueError(f"{name}: TensorFlow.js has no dtype {value.dtype.name}")
        elif found := quantization.spec_for(rules, name, value):
            spec["quantization"] = found
            for stored in quantization.quantized(value, found):
                shards.write(stored.view(np.uint8))
        else:
            flat = np.ascontiguousarray(value, _DTYPES[value.dtype.name]).reshape(-1)
            shards.write(flat.view(np.uint8))
        yield spec
    quantization.check_all_match(rules, list(seen))


def _encode_texts(value: np.ndarray) -> np.ndarray:
    """Return the bytes of strings, each with its length in front."""
    texts = [item if isinstance(item, bytes) else str(item).encode() for item in value.flat]
    data = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return np.frombuffer(bytearray(data), np.uint8)


class _ShardWriter:
    """Writes bytes to files of 4 MB; a weight may span two files."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._count = 0
        self._file = self._next()

    def _next(self) -> Any:
        self._count += 1
        self._space_left = SHARD_BYTES
        return (self._directory / f"{self._count}").open("wb")

    def write(self, data: np.ndarray) -> None:
        """Write bytes."""
        while data.size:
            if not self._space_left:
                self._file.close()
                self._file = self._next()
            self._file.write(data[: self._space_left])
            written = min(self._space_left, data.size)
            self._space_left -= written
            data = data[written:]

    def finish(self) -> list[str]:
        """Close the last file, rename all files, and return their names."""
        self._file.close()
        count = self._count
        names = [f"weights-{number}of{count}.bin" for number in range(1, count + 1)]
        names = names if count > 1 else [WEIGHTS_FILE]
        for number, name in enumerate(names, start=1):
            (self._directory / f"{number}").rename(self._directory / name)
        return names


def _remove_others(directory: Path, names: list[str]) -> None:
    """Delete the weight files of the directory's previous model."""
    for file in directory.iterdir():
        if _SHARD.fullmatch(file.name) and file.name not in names:
            remove(file)


class _WeightSpec(NamedTuple):
    """A manifest's entry of a weight.

    Attributes:
      dtype: dtype of the weight.
      stored: dtype of the values in the file.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    stored: np.dtype
    quantization: Entry | None

    @property
    def size(self) -> int:
        """Number of bytes in the file."""
        return math.prod(self.shape) * self.stored.itemsize


def weight_files(directory: Path) -> list[str]:
    """Return the names of the files that hold a written model's weights."""
    content = json.loads((directory / MODEL_FILE).read_text(encoding="utf-8"))
    return [name for group in content["weightsManifest"] for name in group["paths"]]


def sizes(directory: Path) -> tuple[int, int]:
    """Return the number of bytes of a written model's weights, with and without quantization."""
    content = json.loads((directory / MODEL_FILE).read_text(encoding="utf-8"))
    stored = exact = 0
    for group in content["weightsManifest"]:
        stored += sum((directory / name).stat().st_size for name in group["paths"])
        for spec in group["weights"]:
            if "quantization" in spec:
                found = _check_spec(spec)
                exact += math.prod(found.shape) * found.dtype.itemsize - found.size
    return stored, stored + exact


def read_weights(directory: Path, manifest: Any) -> dict[str, np.ndarray]:
    """Read the weights that a manifest lists, without the weights of an optimizer.

    The function allocates memory in proportion to the files, and opens no file outside the
    directory.

    Raises:
      ValueError: a path leads out of the directory, a file is missing, or sizes and shapes do not
        fit.
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
    declared = sum(spec.size for spec in checked)
    held = sum(file.stat().st_size for file in files)
    if declared != held or len(set(files)) < len(files):
        raise ValueError(
            f"weights: need {shorten(declared)} bytes, but {', '.join(map(str, paths))[:200]} "
            f"have {held}; the files are damaged or belong to another model"
        )
    data = _read_files(files, held)
    weights, offset = {}, 0
    for entry, spec in zip(specs, checked, strict=True):
        value = _decode(spec, data[offset : offset + spec.size])
        offset += spec.size
        if spec.name in weights:
            raise ValueError(f"weights: {shorten(spec.name)} occurs twice")
        if entry.get("group") != "optimizer":
            weights[spec.name] = value
    return weights


def _read_files(files: list[Path], size: int) -> np.ndarray:
    """Concatenate files, because a weight may span two files."""
    data = np.empty(size, np.uint8)
    rest = data.data
    for file in files:
        with file.open("rb") as opened:
            rest = rest[opened.readinto(rest) :]
    if rest:
        raise ValueError("weights: the files became shorter while they were read")
    return data


def _decode(spec: _WeightSpec, data: np.ndarray) -> np.ndarray:
    stored = data.view(spec.stored)
    with error_context(f"weights: {shorten(spec.name)}"):
        if spec.quantization:
            stored = quantization.dequantized(stored, spec.quantization, spec.dtype)
        # Align the data, because a weight may begin at any byte.
        return np.require(stored, requirements="A").reshape(spec.shape)


def _file(directory: Path, path: Any) -> Path:
    """Return the file of a path in a manifest."""
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError(f"paths: must be names of files, not {shorten(path)}")
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path:
        raise ValueError(f"paths: {shorten(path)} leads out of the model's directory")
    try:
        file = (directory / path).resolve()
        inside, found = file.is_relative_to(directory.resolve()), file.is_file()
    except (OSError, RuntimeError) as error:  # names that are too long, circular links
        raise ValueError(f"paths: {shorten(path)} cannot be opened: {error}") from None
    if not inside:
        raise ValueError(f"paths: {shorten(path)} leads out of the model's directory")
    if not found:
        raise ValueError(f"paths: {shorten(path)} is missing")
    return file


def _check_spec(spec: Any) -> _WeightSpec:
    name = spec.get("name") if isinstance(spec, dict) else None
    if not isinstance(name, str):
        raise ValueError(f"weights: each must have a name, unlike {shorten(spec)}")
    with error_context(f"weights: {shorten(name)}"):
        shape, dtype = spec.get("shape"), spec.get("dtype")
        if not isinstance(shape, list) or len(shape) > 8 or not all(map(is_whole, shape)):
            raise ValueError(f"shape: must be a list of whole numbers, not {shorten(shape)}")
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise ValueError(f"dtype: must be one of {', '.join(_DTYPES)}, not {shorten(dtype)}")
        stored, found = _DTYPES[dtype], spec.get("quantization")
        if found is not None:
            with error_context("quantization"):
                quantization.check_quantization(found, dtype)
            stored = quantization.DTYPES[found["dtype"]]
        return _WeightSpec(name, tuple(shape), _DTYPES[dtype], stored, found)
