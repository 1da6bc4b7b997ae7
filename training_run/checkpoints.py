"""Checkpoints: one file each, written atomically, checked when read.

A checkpoint is an uncompressed `.npz`: the arrays by name, and the progress of the run as JSON.
Zip archives carry a CRC-32 of every member, so a damaged file is noticed; nothing in it is pickled.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from training_run.command_line import UserError
from training_run.run_directory import write_atomically

KEEP = 2  # the newest, and the one before in case that is damaged
_PROGRESS = "progress.json"


def save(directory: Path, arrays: dict[str, np.ndarray], progress: dict[str, Any]) -> None:
    """Write a checkpoint and delete the oldest.

    Args:
      directory: the run's `checkpoints/`.
      arrays: what is to be restored bit for bit, by name.
      progress: JSON values; `progress["epoch"]` and `progress["step"]` give the file its name.
    """
    directory.mkdir(exist_ok=True)
    text = np.frombuffer(json.dumps(progress).encode(), np.uint8)

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez(file, **arrays, **{_PROGRESS: text})  # type: ignore[arg-type]

    name = f"epoch-{progress['epoch']:06d}-step-{progress['step']:08d}.npz"
    write_atomically(directory / name, write)
    for old in _newest_first(directory)[KEEP:]:
        old.unlink()


def load(directory: Path) -> tuple[dict[str, np.ndarray], dict[str, Any], list[str]] | None:
    """Read the newest checkpoint that is whole.

    Returns:
      Its arrays, its progress, and a warning for each damaged file that was passed over; or None
      where there is no checkpoint.

    Raises:
      UserError: there are checkpoints and all are damaged.
    """
    warnings: list[str] = []
    for file in _newest_first(directory):
        try:
            with np.load(file, allow_pickle=False) as members:
                arrays = dict(members)
            return arrays, json.loads(arrays.pop(_PROGRESS).tobytes()), warnings
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            warnings.append(f"checkpoint {file} is damaged ({error}); using the one before")
    if warnings:
        raise UserError(
            f"no checkpoint in {directory} can be read: all are damaged; start anew with "
            "--overwrite"
        )
    return None


def _newest_first(directory: Path) -> list[Path]:
    return sorted(directory.glob("epoch-*.npz"), reverse=True)
