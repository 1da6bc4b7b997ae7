"""Loads untrusted Keras files: runs no code in them, and limits memory to the file's size."""

import json
import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import h5py
import keras

from keras_tfjs.command_line import UserError
from keras_tfjs.keras_backend import backend_error_types


def load(source: Path) -> keras.Model:
    """Load a `.keras` file, or a whole model in HDF5, in Keras's safe mode.

    Raises:
      UserError: the file is damaged, claims more weights than it holds, or has an unregistered
        class.
    """
    try:
        if zipfile.is_zipfile(source):
            _check_zip(source)
        else:
            _check_hdf5(source)
        model = keras.models.load_model(source, compile=False)
        if not isinstance(model, keras.Model):
            raise ValueError(f"it has a {type(model).__name__}, which is not a model")
        return model
    except backend_error_types(  # Keras does not check the types of what it reads
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        NotImplementedError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        missing = re.search(
            r"Could not locate (?:class|function) '(\w+)'|Unknown (?:layer|class): '(\w+)'",
            str(error),
        )
        if missing:
            raise UserError(
                f"{source} has {missing[1] or missing[2]} in it: name the module that registers it "
                "with --register"
            ) from None
        raise UserError(f"{source} cannot be loaded: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Return the line of an error message that says what is wrong."""
    lines = [re.sub(r"\x1b\[\d*m", "", line).strip() for line in str(error).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Exception encountered when")]
    return lines[0][:300] if lines else type(error).__name__


def _check_zip(source: Path) -> None:
    """Check that a `.keras` file holds the weights that it claims, before Keras allocates them.

    Raises:
      ValueError: the file holds fewer bytes.
    """
    held = source.stat().st_size
    with zipfile.ZipFile(source) as archive:
        if sum(member.file_size for member in archive.infolist()) > held:
            raise ValueError("it is compressed; Keras writes uncompressed files")
        config = json.loads(archive.read("config.json"), object_hook=_uncompiled)
        for name in archive.namelist():
            if name.endswith(".h5"):
                with archive.open(name) as weights:
                    _check_datasets(weights, held)
    try:
        with keras.StatelessScope(initialize_variables=False):  # gives variables a shape only
            model = keras.saving.deserialize_keras_object(config)
        claimed = sum(map(_bytes_of, getattr(model, "weights", ())))
    finally:
        keras.utils.clear_session()  # because the session would initialize them later
    if claimed > held:
        raise ValueError(f"it claims {claimed:,} bytes of weights, but has {held:,}")


def _check_hdf5(source: Path) -> None:
    """Check that an HDF5 file is a model that holds the weights that it claims.

    Raises:
      ValueError: it has no model, or holds fewer bytes than it claims.
    """
    with h5py.File(source) as file:
        if "model_config" not in file.attrs:
            raise ValueError(
                "it has weights only; build the model in Python, load the weights into it, and "
                "save it as model.keras"
            )
    with source.open("rb") as opened:
        _check_datasets(opened, source.stat().st_size)
    try:
        # Without initial values, Keras finds a wrong shape before it allocates memory.
        with keras.StatelessScope(initialize_variables=False):
            keras.models.load_model(source, compile=False)
    finally:
        keras.utils.clear_session()


def _check_datasets(opened: IO[bytes], held: int) -> None:
    """Check that an HDF5 file holds all its data.

    Raises:
      ValueError: the file links to another file, or claims more bytes than it holds.
    """
    with h5py.File(opened, "r") as file:
        claimed = 0
        for dataset in _datasets(file):
            if dataset.external or dataset.is_virtual:
                raise ValueError(f"{dataset.name} is in another file")
            claimed += dataset.nbytes
    if claimed > held:
        raise ValueError(f"it claims {claimed:,} bytes of weights, but has {held:,}")


def _datasets(group: h5py.Group) -> Iterator[h5py.Dataset]:
    """Yield the datasets below a group; follow each link once."""
    waiting, seen = [group], set()
    while waiting:
        place = waiting.pop()
        for name in place:
            link = place.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{place.name}/{name} is a link")
            item = place[name]
            if isinstance(item, h5py.Dataset):
                yield item
            elif isinstance(item, h5py.Group) and item not in seen:
                seen.add(item)
                waiting.append(item)


def _bytes_of(weight: Any) -> int:
    bits = re.search(r"\d+", keras.backend.standardize_dtype(weight.dtype))
    return math.prod(weight.shape) * max(1, int(bits[0]) // 8 if bits else 1)


def _uncompiled(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a model's entry without its optimizer, which would create variables."""
    return {name: value for name, value in entry.items() if name != "compile_config"}
