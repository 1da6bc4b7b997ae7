"""Files and directories that are there whole or not at all.

They are written under another name and renamed, so a reader sees the old one or the new one, never
a part, and a process that is killed leaves nothing that would stop the next.
"""

import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux's renameat2


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` on a name beside `path`, then rename that file or directory to `path`.

    Raises:
      OSError: it failed, with the name of `path`. What was there is still there.
    """
    partial = path.with_name(f".partial-{path.name}")
    finish_exchange(partial, path)
    remove(partial)
    try:
        write(partial)
        if partial.is_dir() and path.exists():
            exchange(partial, path)
        else:
            partial.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        remove(partial)  # the old directory, or what a full disk has left no room for


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, newlines untouched, atomically."""
    write_atomically(path, lambda partial: partial.write_bytes(text.encode("utf-8")))


def remove(path: Path) -> None:
    """Delete a file or a directory, if it is there; a directory disappears at once."""
    sweep(path)
    if path.is_dir() and not path.is_symlink():
        path.rename(_doomed(path))
        sweep(path)
    else:
        path.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Delete what is left of a directory if `remove` was killed."""
    if _doomed(path).exists():
        shutil.rmtree(_doomed(path))


def exchange(new: Path, old: Path) -> None:
    """Let two files or directories change their names.

    In one step where the system can, which is Linux on most file systems; elsewhere there is
    nothing at `old` for a moment, and `finish_exchange` mends what a kill at that moment leaves.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "renameat2"):
        names = os.fsencode(new), os.fsencode(old)
        if not libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
            return
    old.rename(_aside(old))
    new.rename(old)
    finish_exchange(new, old)


def finish_exchange(new: Path, old: Path) -> None:
    """Give what `exchange` has put aside a name again."""
    if _aside(old).exists():
        _aside(old).rename(new if old.exists() else old)


def _doomed(path: Path) -> Path:
    return path.with_name(f".deleted-{path.name}")


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.aside")
