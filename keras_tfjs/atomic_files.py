"""Atomic writes of files and directories.

A file is written under a temporary name and then renamed, so a reader sees the old file or the new
file, never a part. Files of a killed process do not stop the next process.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary path next to `path`, then rename the result to `path`.

    Raises:
      OSError: the write failed; the error names `path`. An old file remains. An old directory may
        be lost, because replacing a directory takes two steps.
    """
    partial = path.with_name(f".partial-{path.name}")
    remove(partial)
    try:
        with os_error_context(path):
            write(partial)
            if partial.is_dir():
                remove(path)  # because a rename cannot replace a directory
            partial.replace(path)
    finally:
        remove(partial)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8, without changing newlines."""
    write_atomically(path, lambda partial: partial.write_bytes(text.encode("utf-8")))


def remove(path: Path) -> None:
    """Delete a file or directory if it exists, and the rest that a killed `remove` left."""
    doomed = path.with_name(f".deleted-{path.name}")
    if doomed.exists():
        shutil.rmtree(doomed)
    if path.is_dir() and not path.is_symlink():
        path.rename(doomed)  # the directory disappears at once
        shutil.rmtree(doomed)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def os_error_context(path: Path) -> Iterator[None]:
    """Add the name of the written file to an OSError.

    Raises:
      OSError: with the name of `path`.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def new_directory(path: Path) -> Iterator[None]:
    """Create a directory and its parents; after an error, remove those that are empty."""
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for directory in missing:
            with suppress(OSError):
                directory.rmdir()
        raise
