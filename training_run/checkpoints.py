"""Each checkpoint is one file, written atomically, and checked on reading.

A checkpoint is an uncompressed `.npz`: the arrays by name, and the progress of the run as JSON.
Its zip archive has a CRC-32 of every member, so damage is detected. It contains no pickles.
TensorFlow's own checkpoints are not used, because they are not fsynced, and because TensorFlow does
not fall back to an older checkpoint if the newest is damaged.
"""

import json
import os
import struct
import tokenize
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_tfjs.atomic_files import write_atomically
from keras_tfjs.command_line import UserError
from training_run.distribution import Workers
from training_run.history import Progress

# What zipfile, numpy and a bad disk raise for a damaged file.
_DAMAGED = (EOFError, KeyError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError,
            ValueError, struct.error, tokenize.TokenError, zipfile.BadZipFile)  # fmt: skip
KEEP = 2  # the newest, and an older checkpoint to fall back to
_PROGRESS = "progress.json"


class Checkpoints:
    """The checkpoints of a run: its model, its optimizer and its progress.

    Args:
      directory: directory of the files; None in a process that writes no checkpoints.
    """

    def __init__(
        self,
        directory: Path | None,
        model: keras.Model,
        optimizer: keras.Optimizer,
        progress: Progress,
    ):
        self._directory, self._progress = directory, progress
        self._weights = model.weights  # for the shapes of the best weights
        self.variables = {
            f"{owner}/{index:04d}": variable
            for owner, variables in (("model", model.variables), ("optimizer", optimizer.variables))
            for index, variable in enumerate(variables)
        }

    def save(self) -> None:
        """Write a checkpoint."""
        if self._directory:
            arrays = {name: variable.numpy() for name, variable in self.variables.items()}
            arrays |= _name_best(self._progress.best_weights)
            write(self._directory, arrays, self._progress.fields())

    def restore(self) -> list[str]:
        """Load the newest checkpoint, if any, into the variables and the progress.

        Returns:
          A warning for each damaged file that was skipped.

        Raises:
          UserError: all checkpoints are damaged, or the newest cannot be read.
        """
        found = read(self._directory, self._check) if self._directory else None
        if found is None:
            return []
        arrays, fields, warnings = found
        for name, variable in self.variables.items():
            variable.assign(arrays[name])
        vars(self._progress).update(fields)
        self._progress.best_weights = [arrays[n] for n in sorted(arrays) if n.startswith("best/")]
        return warnings

    def broadcast(self, workers: Workers) -> None:
        """Copy the chief's variables and progress to all workers."""
        if workers.size == 1:
            return
        for variable in self.variables.values():
            variable.assign(workers.broadcast_array(variable.numpy()))
        vars(self._progress).update(workers.broadcast(self._progress.fields()))
        if self._progress.best_epoch:
            # The values of the other workers are ignored, but the shapes must agree.
            best = self._progress.best_weights or [weight.numpy() for weight in self._weights]
            self._progress.best_weights = [workers.broadcast_array(weight) for weight in best]

    def _check(self, arrays: dict[str, np.ndarray], fields: dict[str, Any]) -> None:
        """Raise a ValueError if a checkpoint does not belong to this model."""
        self._progress.check(fields)
        best = _name_best(self._weights) if fields["best_epoch"] else {}
        shapes = {name: tuple(array.shape) for name, array in (self.variables | best).items()}
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise ValueError("its arrays do not fit this model")


def write(directory: Path, arrays: dict[str, np.ndarray], progress: dict[str, Any]) -> None:
    """Write a checkpoint, and delete all but the newest `KEEP`.

    Args:
      directory: the run's `checkpoints/`.
      arrays: by name.
      progress: JSON values; the file is named after `progress["epoch"]` and `progress["step"]`.
    """
    directory.mkdir(exist_ok=True)
    for partial in directory.glob(".partial-*"):  # A kill may have left a partial file.
        partial.unlink()
    text = np.frombuffer(json.dumps(progress).encode(), np.uint8)

    def write_file(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez(file, **arrays, **{_PROGRESS: text})  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())  # before an older checkpoint is deleted

    name = f"epoch-{progress['epoch']:06d}-step-{progress['step']:08d}.npz"
    write_atomically(directory / name, write_file)
    for old in _newest_first(directory)[KEEP:]:
        old.unlink()


def read(
    directory: Path, check: Callable[[dict[str, np.ndarray], dict[str, Any]], None]
) -> tuple[dict[str, np.ndarray], dict[str, Any], list[str]] | None:
    """Read the newest checkpoint that is not damaged.

    Args:
      check: gets the arrays and the progress, and raises a ValueError if they do not fit the
        model.

    Returns:
      The arrays, the progress, and a warning for each damaged file that was skipped; or None if
      there is no checkpoint.

    Raises:
      UserError: all checkpoints are damaged, or this process has no permission to read the newest.
    """
    warnings: list[str] = []
    for file in _newest_first(directory):
        try:
            arrays = _read_arrays(file)
            progress = json.loads(arrays.pop(_PROGRESS).tobytes())
            check(arrays, progress)
            return arrays, progress, warnings
        except PermissionError as error:  # The file may be undamaged, so do not skip it.
            raise UserError(f"cannot read {file}: {error.strerror}") from None
        except _DAMAGED as error:
            reason = str(error) or type(error).__name__
            warnings.append(f"checkpoint {file} is damaged ({reason}); using the previous one")
    if warnings:
        raise UserError(
            f"no checkpoint in {directory} can be read: all are damaged, the last one because "
            f"{reason}; start a new run with --overwrite"
        )
    return None


def _read_arrays(file: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        # Our files are not compressed. A compressed file could unpack to any size.
        if sum(member.file_size for member in archive.infolist()) > file.stat().st_size:
            raise ValueError("it is compressed")
        if damaged := archive.testzip():  # because numpy checks only members that it reads fully
            raise ValueError(f"the checksum of {damaged} is wrong")
    with np.load(file, allow_pickle=False) as members:
        return dict(members)


def _newest_first(directory: Path) -> list[Path]:
    return sorted(directory.glob("epoch-*.npz"), reverse=True)


def _name_best(weights: Iterable[Any]) -> dict[str, Any]:
    return {f"best/{index:04d}": weight for index, weight in enumerate(weights)}
