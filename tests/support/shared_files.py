"""Directories that the processes of pytest fill once and share."""

import os
from collections.abc import Callable
from pathlib import Path

import filelock


def made_once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Path:
    """Let the first of pytest's processes fill a directory, and the others wait for it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all processes
    directory, done = root / name, root / f"{name}.done"
    with filelock.FileLock(root / f"{name}.lock"):
        if not done.exists():
            directory.mkdir(exist_ok=True)
            make(directory)
            done.touch()
    return directory
