"""The directory of a run. It is complete or absent, and one process at a time works in it.

A run trains in `PATH.training`. When the run is complete, `PATH` is renamed to `.PATH.old` if it
exists, then `PATH.training` to `PATH`, and `.PATH.old` is deleted. Between the two renames a reader
finds no run. If a kill interrupts these steps, the next command on `PATH` completes them.
"""

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from keras_tfjs import signals
from keras_tfjs.atomic_files import remove, write_atomically
from keras_tfjs.command_line import UserError
from training_run.run_lock import locked, write_error
from training_run.settings_file import SETTINGS_FILE, holds_settings, read_settings, write_settings

CHECKPOINTS = "checkpoints"
_SUFFIX = ".training"  # of the directory of an unfinished run
FORMAT = 2  # version of a run's files; runs of 0.1.0 have no "format" in run.json


class RunDirectory(NamedTuple):
    """The directory of a run that is in progress.

    Attributes:
      path: directory of the finished run.
      training: directory of the unfinished run, where all files are written.
      settings: the content of `run.json`.
    """

    path: Path
    training: Path
    settings: dict[str, Any]

    def finish(self, files: Iterable[str]) -> None:
        """Rename the run to its final path, where it replaces an older run.

        Args:
          files: names of the run's files. Other files belong to the user, and are kept.
        """
        files = sorted({SETTINGS_FILE, *files})
        write_settings(self.training, self.settings | {"files": files})
        if self.path.exists() and any(self.path.iterdir()):  # A rename replaces an empty directory.
            self.path.rename(_old(self.path))
        self.training.rename(self.path)
        with suppress(OSError):  # The new run is complete. The next command deletes the old run.
            _complete_renames(self.path)


def saved_settings(path: Path) -> dict[str, Any]:
    """Return the settings of the run that `--resume` goes on with; empty if there is no run.

    Raises:
      UserError: the settings are damaged.
    """
    for directory in (_resumed(path), path, _old(path), _training(path)):
        if holds_settings(directory):
            return read_settings(directory)
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
    """Open and lock the directory of a run.

    Args:
      path: the run's final directory.
      settings: the content of `run.json`: `app`, the data, and flags by name.
      changeable: names of the settings that a resumed run may change.
      resume: go on with the run in `path`, if there is a run.
      overwrite: start a new run even if `path` holds a run.

    Raises:
      UserError: the directory cannot be written; another process works in the directory; the
        directory holds files that are not a run of this app; the directory holds a run, and neither
        `resume` nor `overwrite` is set; or the settings of the resumed run differ.
    """
    if resume and overwrite:
        raise UserError("--resume and --overwrite exclude each other: give one of them")
    if path.is_mount():
        raise UserError(f"{path} is a mount point and cannot be renamed; name a directory in it")
    settings = {"format": FORMAT, **settings}
    with locked(path):
        try:
            _check_name(path, settings["app"])
            _complete_renames(path)
            _check(path, settings, changeable, resume, overwrite)
            directory = _prepare(path, settings, resume)
        except OSError as error:
            raise write_error(path, error) from error
        try:
            signals.state.last_words = f"interrupted; {describe_saved_state(path)}"
            yield directory
        except BrokenPipeError:  # from stdout, not from the directory
            raise
        except OSError as error:
            reason = f"{error.filename or 'the system'}: {error.strerror or error}"
            raise UserError(f"{reason}; {describe_saved_state(path)}") from error


def describe_saved_state(path: Path) -> str:
    """Say what a run that ended early has saved."""
    if _has_checkpoint(_training(path)):
        return "a checkpoint is saved, and --resume goes on from it"
    if path.exists():
        return f"the run in {path} is unchanged"
    return "no checkpoint is saved yet"


@contextmanager
def user_errors(path: Path, file: Path, content: str, app: str) -> Iterator[None]:
    """Turn the errors of reading a file of a finished run into UserErrors.

    Args:
      path: the run's directory.
      file: the file in the directory.
      content: what the file should contain, for the message.
      app: the package that trains runs of this kind, for the message.

    Raises:
      UserError: the file is missing or damaged.
    """
    resolved = path.resolve()  # because "." has no name
    if resolved.name and (_old(resolved) / SETTINGS_FILE).exists():
        with suppress(UserError), locked(resolved):  # Another process may work on the run.
            _complete_renames(resolved)
    try:
        yield
    except FileNotFoundError:
        raise UserError(
            f"{path} is not a finished run: there is no {file}; train a run with python -m "
            f"{app}.train --save_path={path}"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}") from None
    except ValueError as error:
        reason = str(error).removeprefix(f"{file}: ")
        raise UserError(f"{file} is not {content}: {reason}") from None


def _complete_renames(path: Path) -> None:
    """Complete the renames of `finish`, and delete the old run."""
    old, training = _old(path), _training(path)
    if old.exists() and not path.exists():
        (training if training.exists() else old).rename(path)
    if old.exists():
        old_files = read_settings(old).get("files", []) if holds_settings(old) else []
        for entry in old.iterdir():
            # Keep the user's own files; delete the old run's files.
            if entry.name not in old_files and not (path / entry.name).exists():
                entry.rename(path / entry.name)
    remove(old)


def _check_name(path: Path, app: str) -> None:
    """Raise a UserError if a name that the run uses is taken or reserved."""
    if path.suffix == _SUFFIX:
        raise UserError(
            f"{path}: a name that ends in {_SUFFIX} is reserved for unfinished runs; choose "
            "another --save_path"
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
    """Raise a UserError if the files in `path` do not allow this run; change no file."""
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
                "new run"
            )
    if resume:
        _check_resume(path, settings, changeable)


def _check_resume(path: Path, settings: dict[str, Any], changeable: Collection[str]) -> None:
    """Raise a UserError if `path` holds a run that cannot be resumed with these settings."""
    saved, first_version = saved_settings(path), path.with_name(f"{path.name}.unfinished")
    old_format = path if saved and saved.get("format") != FORMAT else None
    if not saved and first_version.exists():
        old_format = first_version
    if old_format:
        raise UserError(
            f"{old_format} is a run of an older version, which --resume cannot go on with; "
            "--overwrite starts a new run; the command generate can still read a finished run"
        )
    if not saved:
        return
    holds_run = path.exists() and any(path.iterdir())
    if holds_run and not _has_checkpoint(_resumed(path)):
        raise UserError(
            f"{path} has no checkpoint to go on from; --overwrite starts a new run, which replaces "
            "this run when the new run is finished"
        )
    for name, value in settings.items():
        # A run without this setting is older than the flag, so there is nothing to compare.
        if name not in changeable and saved.get(name, value) != value:
            raise UserError(
                f"--resume: the run in {path} has {name}={_text(saved[name])}, not "
                f"{_text(value)}; give the same flags and data, or start a new run with --overwrite"
            )


def _prepare(path: Path, settings: dict[str, Any], resume: bool) -> RunDirectory:
    """Create the directory with its settings, and with the checkpoints that `resume` needs."""
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


def _is_run(directory: Path, app: str) -> bool:
    """Tell whether a run of `app` made `directory`."""
    return holds_settings(directory) and read_settings(directory).get("app") == app


def _resumed(path: Path) -> Path:
    """Return the directory to resume: the unfinished run if it has a checkpoint, else `path`."""
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
