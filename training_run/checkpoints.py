"""Checkpoints: one file each, written atomically, checked when read.

A checkpoint is an uncompressed `.npz`: the arrays by name, and the progress of the run as JSON.
Zip archives carry a CRC-32 of every member, so a damaged file is noticed; nothing in it is pickled.
TensorFlow's own checkpoints are not forced to the disk, and a damaged one is not replaced by the
one before.
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

# The errors of zipfile, numpy and a bad disk for damaged bytes.
_DAMAGED = (EOFError, KeyError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError,
            ValueError, struct.error, tokenize.TokenError, zipfile.BadZipFile)  # fmt: skip
KEEP = 2  # the newest, and the one before in case that is damaged
_PROGRESS = "progress.json"


class Checkpoints:
    """The checkpoints of a run: its model, its optimizer and its progress.

    Args:
      directory: where the files are; None in a process that keeps none.
    """

    def __init__(
        self,
        directory: Path | None,
        model: keras.Model,
        optimizer: keras.Optimizer,
        progress: Progress,
    ):
        self._directory, self._progress = directory, progress
        self._weights = model.weights  # the best weights have their shapes
        self.variables = {
            f"{owner}/{index:04d}": variable
            for owner, variables in (("model", model.variables), ("optimizer", optimizer.variables))
            for index, variable in enumerate(variables)
        }

    def save(self) -> None:
        """Write a checkpoint."""
        if self._directory:
            arrays = {name: variable.numpy() for name, variable in self.variables.items()}
            arrays |= _best(self._progress.best_weights)
            write(self._directory, arrays, self._progress.fields())

    def restore(self) -> list[str]:
        """Set the variables and the progress to the newest checkpoint, if there is one.

        Returns:
          A warning for each damaged file that was passed over.

        Raises:
          UserError: there are checkpoints and all are damaged.
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
        """Give all workers the chief's variables and progress."""
        if workers.size == 1:
            return
        for variable in self.variables.values():
            variable.assign(workers.broadcast_array(variable.numpy()))
        vars(self._progress).update(workers.broadcast(self._progress.fields()))
        if self._progress.best_epoch:
            # The other workers' values are ignored; only their shapes count.
            best = self._progress.best_weights or [weight.numpy() for weight in self._weights]
            self._progress.best_weights = [workers.broadcast_array(weight) for weight in best]

    def _check(self, arrays: dict[str, np.ndarray], fields: dict[str, Any]) -> None:
        """Raise a ValueError if a checkpoint is not one of this model."""
        self._progress.check(fields)
        wanted = self.variables | (_best(self._weights) if fields["best_epoch"] else {})
        shapes = {name: tuple(array.shape) for name, array in wanted.items()}
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise ValueError("its arrays are not those of this model")


def write(directory: Path, arrays: dict[str, np.ndarray], progress: dict[str, Any]) -> None:
    """Write a checkpoint and delete the oldest.

    Args:
      directory: the run's `checkpoints/`.
      arrays: by name; they are read bit for bit.
      progress: JSON values; `progress["epoch"]` and `progress["step"]` give the file its name.
    """
    directory.mkdir(exist_ok=True)
    for left in directory.glob(".partial-*"):  # by a kill
        left.unlink()
    text = np.frombuffer(json.dumps(progress).encode(), np.uint8)

    def write_file(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez(file, **arrays, **{_PROGRESS: text})  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())  # on the disk, before the one that it replaces is deleted

    name = f"epoch-{progress['epoch']:06d}-step-{progress['step']:08d}.npz"
    write_atomically(directory / name, write_file)
    for old in _newest_first(directory)[KEEP:]:
        old.unlink()


def read(
    directory: Path, check: Callable[[dict[str, np.ndarray], dict[str, Any]], None]
) -> tuple[dict[str, np.ndarray], dict[str, Any], list[str]] | None:
    """Read the newest checkpoint that is whole.

    Args:
      check: gets the arrays and the progress, and raises a ValueError if they are not those of
        this run's model.

    Returns:
      Its arrays, its progress, and a warning for each damaged file that was passed over; or None
      if there is no checkpoint.

    Raises:
      UserError: there are checkpoints and all are damaged; or the newest may not be read.
    """
    warnings: list[str] = []
    for file in _newest_first(directory):
        try:
            arrays = _read_arrays(file)
            progress = json.loads(arrays.pop(_PROGRESS).tobytes())
            check(arrays, progress)
            return arrays, progress, warnings
        except PermissionError as error:  # so it may be good
            raise UserError(f"cannot read {file}: {error.strerror}") from None
        except _DAMAGED as error:
            reason = str(error) or type(error).__name__
            warnings.append(f"checkpoint {file} is damaged ({reason}); using the one before")
    if warnings:
        raise UserError(
            f"no checkpoint in {directory} can be read: all are damaged, the last one because "
            f"{reason}; start a new run with --overwrite"
        )
    return None


def _read_arrays(file: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        # A file from elsewhere could unpack to any size; ours are not compressed.
        if sum(member.file_size for member in archive.infolist()) > file.stat().st_size:
            raise ValueError("it is compressed")
        if damaged := archive.testzip():  # numpy may read less than a member, and check nothing
            raise ValueError(f"the checksum of {damaged} is wrong")
    with np.load(file, allow_pickle=False) as members:
        return dict(members)


def _newest_first(directory: Path) -> list[Path]:
    return sorted(directory.glob("epoch-*.npz"), reverse=True)


def _best(weights: Iterable[Any]) -> dict[str, Any]:
    return {f"best/{index:04d}": weight for index, weight in enumerate(weights)}
