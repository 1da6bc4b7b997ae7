"""The directory that a training run leaves: complete or absent, one process at a time.

A run works in `<save_path>.unfinished` and becomes `<save_path>` by renaming, once every file is
there. Until then a finished run that stood there before stays as it was; then the two change places
in one step (`atomic_files`).
"""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from training_run import signals
from training_run.atomic_files import (
    exchange,
    finish_exchange,
    remove,
    sweep,
    write_atomically,
    write_text,
)
from training_run.command_line import UserError

SETTINGS_FILE = "run.json"
_REPLACED = ".replaced"  # in a finished run: the one that takes its place is complete


class RunDirectory:
    """A run's directory while the run works on it.

    Attributes:
      path: where the finished run will be.
      work: where it is until then; every file is written below it.
    """

    def __init__(self, path: Path, work: Path):
        self.path = path
        self.work = work

    def finish(self) -> None:
        """Put the run in its final place, instead of the finished run that may stand there."""
        if self.path.exists():
            (self.path / _REPLACED).touch()
            exchange(self.work, self.path)
            _delete_replaced(self.path)
        else:
            self.work.rename(self.path)


def describe(path: Path, files: dict[str, str], try_next: list[list[str]]) -> str:
    """Return the last words of a run: where each file is, and commands to try.

    Args:
      try_next: the arguments of Python for each command, such as `["-m", "package.module"]`.
    """
    width = max(len(str(path / name)) for name in files)
    lines = [f"  {path / name!s:{width}}  {what}" for name, what in files.items()]
    # The interpreter that runs this, by the name that works from here.
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    commands = [f"  {python} {shlex.join(arguments)}" for arguments in try_next]
    return "\n".join([f"\nThe run is in {path}:", *lines, "\nTry next:", *commands])


@contextmanager
def reading(path: Path, file: Path, what: str, app: str) -> Iterator[None]:
    """Turn what goes wrong when a finished run is read into errors of one line.

    Args:
      path: the run's directory.
      file: the file of it that is read.
      what: what the file should be.
      app: the package that trains such runs.

    Raises:
      UserError: the file is not there, or is not what it should be.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError(
            f"{path} is not a finished run: there is no {file}; train one with python -m "
            f"{app}.train --save_path={path}"
        ) from None
    except (ValueError, OSError) as error:
        reason = str(error).removeprefix(f"{file}: ")
        raise UserError(f"{file} is not {what}: {reason}") from None


def saved_settings(path: Path) -> dict[str, Any]:
    """Return the settings of the run that `--resume` would go on with; empty if there is none.

    Raises:
      UserError: they cannot be read.
    """
    work = _unfinished(path)
    if not (work / SETTINGS_FILE).exists() or (work / _REPLACED).exists():
        work = path
    found = work if (work / SETTINGS_FILE).exists() else None
    return _read_settings(found) if found else {}


@contextmanager
def open_run(
    path: Path,
    settings: dict[str, Any],
    may_change: Collection[str],
    *,
    resume: bool,
    overwrite: bool,
) -> Iterator[RunDirectory]:
    """Open a run directory, locked against other processes.

    Args:
      path: the run's final directory.
      settings: what the run computes, kept in `run.json`: `app`, the data, and flags by name.
      may_change: the settings that a resumed run may have different.
      resume: go on with the run that is there, if there is one.
      overwrite: start anew though there is one.

    Raises:
      UserError: the directory cannot be written, another process works in it, it holds something
        else than a run of this app, it holds a run and neither `resume` nor `overwrite` is set, or
        the run to be resumed has other settings.
    """
    if resume and overwrite:
        raise UserError("--resume goes on and --overwrite starts anew: give one of them")
    if path.is_mount():
        raise UserError(f"{path} is a mount point and cannot be renamed; name a directory in it")
    with _locked(path):
        try:
            finish_exchange(_unfinished(path), path)
            sweep(_unfinished(path))
            _delete_replaced(path)
            _check(path, settings, may_change, resume, overwrite)
            work = _prepare(path, settings, resume)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            with signals.exiting(lambda: f"interrupted; {_kept(path)}"):
                yield RunDirectory(path, work)
        except BrokenPipeError:  # of the output, not of the directory
            raise
        except OSError as error:
            reason = f"{error.filename or 'the system'}: {error.strerror or error}"
            raise UserError(f"{reason}; {_kept(path)}") from error


def _kept(path: Path) -> str:
    """Say what there is to go on from after a run has failed."""
    if _has_checkpoint(_unfinished(path)):
        return "what was learned is kept, and --resume goes on from there"
    if path.exists():
        return f"the run in {path} is as it was"
    return "nothing was learned yet"


def _has_checkpoint(directory: Path) -> bool:
    return any(directory.glob("checkpoints/epoch-*.npz"))


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"cannot write the run to {path}: {error.strerror or error} ({error.filename}); mend that "
        "or choose another --save_path"
    )


def _delete_replaced(path: Path) -> None:
    """Delete the run that `path` has replaced, if it stands where `path` came from.

    What lies in it and not in the new one (a user's own notes) moves along first.
    """
    replaced = _unfinished(path)
    if (replaced / _REPLACED).exists():
        for entry in replaced.iterdir():
            if entry.name != _REPLACED and not (path / entry.name).exists():
                entry.rename(path / entry.name)
        remove(replaced)
    elif path.is_dir():
        (path / _REPLACED).unlink(missing_ok=True)  # killed before the exchange


def _check(
    path: Path, settings: dict[str, Any], may_change: Collection[str], resume: bool, overwrite: bool
) -> None:
    """Raise a UserError if what is there forbids such a run; change nothing."""
    work, app = _unfinished(path), settings["app"]
    for directory, state in ((path, "a finished"), (work, "an unfinished")):
        if not directory.exists():
            continue
        if not directory.is_dir() or (any(directory.iterdir()) and not _is_run(directory, app)):
            raise UserError(f"{directory} is not a run of {app}; choose another --save_path")
        holds_run = _has_checkpoint(directory) or (directory == path and any(path.iterdir()))
        if holds_run and not (resume or overwrite):
            raise UserError(
                f"{directory} holds {state} run; --resume goes on with it, --overwrite starts anew"
            )
    if not resume:
        return
    if path.exists() and any(path.iterdir()) and not any(map(_has_checkpoint, (work, path))):
        raise UserError(
            f"{path} has no checkpoint to go on from; --overwrite starts anew, and replaces the "
            "run when it is finished"
        )
    saved = saved_settings(path)
    for name, value in settings.items() if saved else ():
        # A flag that the run does not know is newer than it, and was not there to be set.
        if name not in may_change and saved.get(name, value) != value:
            raise UserError(
                f"--resume: the run in {path} has {name}={_text(saved[name])}, not "
                f"{_text(value)}; use the same, or start anew with --overwrite"
            )


def _prepare(path: Path, settings: dict[str, Any], resume: bool) -> Path:
    """Return the working directory, holding the settings and what `resume` goes on from."""
    work = _unfinished(path)
    text = json.dumps(settings, indent=2) + "\n"

    def make(directory: Path) -> None:
        directory.mkdir()
        if resume and (path / SETTINGS_FILE).exists():
            shutil.copytree(path / "checkpoints", directory / "checkpoints")
        write_text(directory / SETTINGS_FILE, text)

    if resume and work.exists():
        write_text(work / SETTINGS_FILE, text)
    else:
        remove(work)
        write_atomically(work, make)
    return work


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of the run directory `path`; the kernel drops it when the process dies."""
    file = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        file.write_text(f"{os.getpid()}\n")
    except filelock.Timeout:
        if not file.exists():  # what filelock says where no file can be made
            raise _unwritable(path, PermissionError(1, "not permitted", str(file))) from None
        raise UserError(
            f"{path} is in use by process {file.read_text().strip()}; wait for it, stop it, or "
            "choose another --save_path"
        ) from None
    except OSError as error:
        error.filename = error.filename or str(file)
        with suppress(OSError):
            file.unlink()
        raise _unwritable(path, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # where the directory cannot be written any more; it blocks no one
            file.unlink()
        lock.release()


def _read_settings(directory: Path) -> dict[str, Any]:
    file = directory / SETTINGS_FILE
    try:
        text = file.read_text(encoding="utf-8")
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is damaged: {error}") from None
    if not isinstance(settings, dict) or "\\u0000" in text:
        raise UserError(f"{file} is damaged: it is not an object of plain values")
    return settings


def _is_run(directory: Path, app: str) -> bool:
    """Tell whether a run of `app` made `directory`."""
    return (directory / SETTINGS_FILE).exists() and _read_settings(directory).get("app") == app


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.unfinished")
