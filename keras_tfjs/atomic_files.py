"""Files and directories that are there whole or not at all.

They are written under another name and renamed, so a reader sees the old one or the new one, never
a part, and a killed process leaves nothing that would stop the next.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` on a name beside `path`, then rename that file or directory to `path`.

    Raises:
      OSError: it failed, with the name of `path`. A file that was there is still there; a directory
        is replaced in two steps.
    """
    partial = path.with_name(f".partial-{path.name}")
    remove(partial)
    try:
        with os_error_context(path):
            write(partial)
            if partial.is_dir():
                remove(path)  # because a directory cannot replace another one in one step
            partial.replace(path)
    finally:
        remove(partial)  # after an error; after a success the name is free


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, newlines untouched, atomically."""
    write_atomically(path, lambda partial: partial.write_bytes(text.encode("utf-8")))


def remove(path: Path) -> None:
    """Delete a file or a directory if it is there, and what a killed `remove` left of one."""
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
    """Put the name of the file that is written into the system's errors.

    Raises:
      OSError: with the name of `path`.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def new_directory(path: Path) -> Iterator[None]:
    """Make a directory and those above it; after an error, remove what was made and is empty."""
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for directory in missing:
            with suppress(OSError):
                directory.rmdir()
        raise
