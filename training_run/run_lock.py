"""The lock of a run's directory, so that one process at a time works in the directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from keras_tfjs.command_line import UserError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the run directory `path`. The kernel releases the lock of a dead process.

    Raises:
      UserError: another process holds the lock, or the lock file cannot be written.
    """
    file = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        file.write_text(f"{os.getpid()}\n")
    except filelock.Timeout:
        if not file.exists():  # filelock also raises Timeout if it cannot create the file.
            raise write_error(path, PermissionError(1, "not permitted", str(file))) from None
        raise UserError(
            f"{path} is in use by process {file.read_text().strip()}; wait for it, stop it, or "
            "choose another --save_path"
        ) from None
    except OSError as error:
        error.filename = error.filename or str(file)
        if lock.is_locked:  # Delete only our own file; the write failed, as on a full disk.
            with suppress(OSError):
                file.unlink()
            lock.release()
        raise write_error(path, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # The directory may be read-only now. An unlocked file is harmless.
            file.unlink()
        lock.release()


def write_error(path: Path, error: OSError) -> UserError:
    """Return the error for a run directory that cannot be written."""
    return UserError(
        f"cannot write the run to {path}: {error.strerror or error} ({error.filename}); correct "
        "that or choose another --save_path"
    )
