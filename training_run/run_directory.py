"""The directory that a run leaves: complete or absent, and used by one process at a time.

A run trains in `PATH.training`. When every file is there, `PATH` is renamed to `.PATH.old` if it
exists, `PATH.training` to `PATH`, and `.PATH.old` is deleted. Between the two renames a reader
finds no run. The next command on `PATH` completes what a kill has interrupted.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import filelock

from keras_tfjs import signals
from keras_tfjs.atomic_files import remove, write_atomically
from keras_tfjs.command_line import UserError
from training_run.settings_file import SETTINGS_FILE, holds_settings, read_settings, write_settings

CHECKPOINTS = "checkpoints"
_SUFFIX = ".training"  # of a run's directory until it is finished
FORMAT = 2  # of a run's files; runs of 0.1.0 have no "format" in run.json


class RunDirectory(NamedTuple):
    """A run's directory while the run works on it.

    Attributes:
      path: where the finished run will be.
      training: where the run is until then; every file is written below it.
      settings: what the run computes.
    """

    path: Path
    training: Path
    settings: dict[str, Any]

    def finish(self, files: Iterable[str]) -> None:
        """Rename the run to its final path, instead of the finished run that may be there.

        Args:
          files: the names of the run's files; other files are the user's, and stay.
        """
        files = sorted({SETTINGS_FILE, *files})
        write_settings(self.training, self.settings | {"files": files})
        if self.path.exists() and any(self.path.iterdir()):  # a rename replaces an empty directory
            self.path.rename(_old(self.path))
        self.training.rename(self.path)
        with suppress(OSError):  # the new run is complete; the next command deletes the old one
            _complete_renames(self.path)


def saved_settings(path: Path) -> dict[str, Any]:
    """Return the settings of the run that `--resume` would go on with; empty if there is none.

    Raises:
      UserError: they cannot be read.
    """
    for place in (_resumed(path), path, _old(path), _training(path)):
        if holds_settings(place):
            return read_settings(place)
    return {}


@contextmanager
def open_directory(
    path: Path,
    settings: dict[str, Any],
    changeable: Collection[str],
    *,
    resume: bool,
    overwrite: bool,
) -> Iterator[RunDirectory]:
    """Open a run's directory, locked against other processes.

    Args:
      path: the run's final directory.
      settings: what the run computes, kept in `run.json`: `app`, the data, and flags by name.
      changeable: the settings that a resumed run may change.
      resume: go on with the run that is there, if there is one.
      overwrite: start a new run even if there is one.

    Raises:
      UserError: the directory cannot be written, another process works in it, it holds something
        else than a run of this app, it holds a run and neither `resume` nor `overwrite` is set, or
        the run to be resumed has other settings.
    """
    if resume and overwrite:
        raise UserError("--resume goes on and --overwrite starts a new run: give one of them")
    if path.is_mount():
        raise UserError(f"{path} is a mount point and cannot be renamed; name a directory in it")
    settings = {"format": FORMAT, **settings}
    with _locked(path):
        try:
            _check_name(path, settings["app"])
            _complete_renames(path)
            _check(path, settings, changeable, resume, overwrite)
            directory = _prepare(path, settings, resume)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            signals.state.last_words = f"interrupted; {what_is_kept(path)}"
            yield directory
        except BrokenPipeError:  # of the output, not of the directory
            raise
        except OSError as error:
            reason = f"{error.filename or 'the system'}: {error.strerror or error}"
            raise UserError(f"{reason}; {what_is_kept(path)}") from error


def what_is_kept(path: Path) -> str:
    """Say what there is to go on from after a run has ended early."""
    if _has_checkpoint(_training(path)):
        return "what was learned is kept, and --resume goes on from there"
    if path.exists():
        return f"the run in {path} is as it was"
    return "nothing was learned yet"


@contextmanager
def reading_run(path: Path, file: Path, what: str, app: str) -> Iterator[None]:
    """Turn the errors of reading a finished run into errors of one line.

    Args:
      path: the run's directory.
      file: the file in it that is read.
      what: what the file should be, for the message.
      app: the package that trains such runs.

    Raises:
      UserError: the file is not there, or is damaged.
    """
    place = path.resolve()  # because "." has no name
    if place.name and (_old(place) / SETTINGS_FILE).exists():
        with suppress(UserError), _locked(place):  # another process may work on the run
            _complete_renames(place)
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


def _complete_renames(path: Path) -> None:
    """Complete the renames of `finish`, and delete the old run."""
    old, training = _old(path), _training(path)
    if old.exists() and not path.exists():
        (training if training.exists() else old).rename(path)
    if old.exists():
        its_files = read_settings(old).get("files", []) if holds_settings(old) else []
        for entry in old.iterdir():
            # A file of the user's own moves along; those of the old run do not.
            if entry.name not in its_files and not (path / entry.name).exists():
                entry.rename(path / entry.name)
    remove(old)


def _check_name(path: Path, app: str) -> None:
    """Raise a UserError if the run's names mean something else already."""
    if path.suffix == _SUFFIX:
        raise UserError(
            f"{path}: a name that ends in {_SUFFIX} is that of an unfinished run; choose another "
            "--save_path"
        )
    if unfinished := [p for p in path.parents if p.suffix == _SUFFIX and holds_settings(p)]:
        raise UserError(
            f"{path} is in an unfinished run, {unfinished[0]}; choose another --save_path"
        )
    old = _old(path)
    if old.exists() and not (old.is_dir() and _is_run(old, app)):
        raise UserError(f"{old} is in the way; rename it, or choose another --save_path")


def _check(
    path: Path, settings: dict[str, Any], changeable: Collection[str], resume: bool, overwrite: bool
) -> None:
    """Raise a UserError if what is there forbids such a run; change nothing."""
    app = settings["app"]
    for directory, state in ((path, "a finished"), (_training(path), "an unfinished")):
        if not directory.exists():
            continue
        if not directory.is_dir() or (any(directory.iterdir()) and not _is_run(directory, app)):
            raise UserError(f"{directory} is not a run of {app}; choose another --save_path")
        holds_run = _has_checkpoint(directory) or (directory == path and any(path.iterdir()))
        if holds_run and not (resume or overwrite):
            raise UserError(
                f"{directory} holds {state} run; --resume goes on with it, --overwrite starts a "
                "new one"
            )
    if resume:
        _check_resume(path, settings, changeable)


def _check_resume(path: Path, settings: dict[str, Any], changeable: Collection[str]) -> None:
    """Raise a UserError if there is a run that cannot be resumed with these settings."""
    saved, first_version = saved_settings(path), path.with_name(f"{path.name}.unfinished")
    older = path if saved and saved.get("format") != FORMAT else None
    if not saved and first_version.exists():
        older = first_version
    if older:
        raise UserError(
            f"{older} is a run of an older version, which --resume cannot go on with; --overwrite "
            "starts a new run, and finished runs still generate"
        )
    if not saved:
        return
    holds_run = path.exists() and any(path.iterdir())
    if holds_run and not _has_checkpoint(_resumed(path)):
        raise UserError(
            f"{path} has no checkpoint to go on from; --overwrite starts a new run, and replaces "
            "this one when the new one is finished"
        )
    for name, value in settings.items():
        # A run that lacks a setting is older than its flag, so there is nothing to compare.
        if name not in changeable and saved.get(name, value) != value:
            raise UserError(
                f"--resume: the run in {path} has {name}={_text(saved[name])}, not "
                f"{_text(value)}; use the same, or start a new run with --overwrite"
            )


def _prepare(path: Path, settings: dict[str, Any], resume: bool) -> RunDirectory:
    """Return the directory, with the settings in it and the checkpoints that `resume` needs."""
    training, resumed = _training(path), _resumed(path)

    def make(directory: Path) -> None:
        directory.mkdir()
        if resume and _has_checkpoint(resumed):
            shutil.copytree(resumed / CHECKPOINTS, directory / CHECKPOINTS)
        write_settings(directory, settings)

    if resume and resumed == training and training.exists():
        write_settings(training, settings)
    else:
        write_atomically(training, make)
    return RunDirectory(path, training, settings)


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
        if not file.exists():  # filelock also raises Timeout if it cannot create the file
            raise _unwritable(path, PermissionError(1, "not permitted", str(file))) from None
        raise UserError(
            f"{path} is in use by process {file.read_text().strip()}; wait for it, stop it, or "
            "choose another --save_path"
        ) from None
    except OSError as error:
        error.filename = error.filename or str(file)
        if lock.is_locked:  # else the file is another user's; ours has no room for the number
            with suppress(OSError):
                file.unlink()
            lock.release()
        raise _unwritable(path, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # if the directory has become read-only; an old file blocks no one
            file.unlink()
        lock.release()


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"cannot write the run to {path}: {error.strerror or error} ({error.filename}); correct "
        "that or choose another --save_path"
    )


def _is_run(directory: Path, app: str) -> bool:
    """Tell whether a run of `app` made `directory`."""
    return holds_settings(directory) and read_settings(directory).get("app") == app


def _resumed(path: Path) -> Path:
    """Return the directory that `--resume` goes on from: of two, the one with a checkpoint."""
    training = _training(path)
    return training if _has_checkpoint(training) or not path.exists() else path


def _has_checkpoint(directory: Path) -> bool:
    return any(directory.glob(f"{CHECKPOINTS}/epoch-*.npz"))


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _training(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
