"""The directory that a training run leaves: complete or absent, one process at a time.

A run works in `<save_path>.unfinished` and becomes `<save_path>` by renaming, once every file is
there. Until then a finished run that stood there before stays as it was. All files inside are
written under another name and renamed, so a reader sees the old one or the new one, never a part.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from training_run.command_line import FLAGS, UserError, given

SETTINGS_FILE = "run.json"


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` on a name beside `path`, then rename that file or directory to `path`."""
    partial = path.with_name(f".partial-{path.name}")
    remove(partial)
    write(partial)
    if path.is_dir():
        remove(path)  # a directory cannot be renamed over another
    partial.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, newlines untouched, atomically."""
    write_atomically(path, lambda partial: partial.write_bytes(text.encode("utf-8")))


def remove(path: Path) -> None:
    """Delete a file or a directory, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


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
        """Put the run in its final place, instead of the finished run that may stand there.

        Files that the earlier run's directory has and this one has not (a user's own notes) move
        along.
        """
        replaced = _replaced(self.path)
        if self.path.exists():
            self.path.rename(replaced)
        self.work.rename(self.path)
        if replaced.exists():
            for entry in replaced.iterdir():
                if not (self.path / entry.name).exists():
                    entry.rename(self.path / entry.name)
            shutil.rmtree(replaced)


def describe(path: Path, files: dict[str, str], try_next: list[str]) -> str:
    """Return the last words of a run: where each file is, and commands to try."""
    width = max(len(str(path / name)) for name in files)
    lines = [f"  {path / name!s:{width}}  {what}" for name, what in files.items()]
    return "\n".join(
        [f"\nThe run is in {path}:", *lines, "\nTry next:", *(f"  {x}" for x in try_next)]
    )


@contextmanager
def open_run(
    path: Path, settings: dict[str, Any], may_change: Collection[str]
) -> Iterator[RunDirectory]:
    """Open the run directory that `--resume` and `--overwrite` ask for, locked against others.

    Args:
      path: the run's final directory.
      settings: what the run computes, kept in `run.json`: `app`, the data, and flags by name.
      may_change: the settings that a resumed run may have different.

    Raises:
      UserError: the directory cannot be written, another process works in it, it holds something
        else than a run of this app, it holds a run and neither flag was given, or the run to be
        resumed has other settings.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            _recover(path)
            _check(path, settings, may_change)
            work = _prepare(path)
            write_text(work / SETTINGS_FILE, json.dumps(settings, indent=2) + "\n")
            yield RunDirectory(path, work)
    except OSError as error:
        raise UserError(
            f"cannot write the run to {path}: {error.strerror or error} ({error.filename}); "
            "mend that or choose another --save_path"
        ) from error


def adopt_settings(path: Path, names: Collection[str]) -> None:
    """Give flags that the command line leaves out the values of the run to be resumed."""
    directory = next((d for d in (_unfinished(path), path) if (d / SETTINGS_FILE).exists()), None)
    if directory:
        for name, value in _read_settings(directory).items():
            if name in names and not given(name):
                setattr(FLAGS, name, value)


def _recover(path: Path) -> None:
    """Put a finished run back that was moved away by a `finish` that was killed."""
    if _replaced(path).exists() and not path.exists():
        _replaced(path).rename(path)


def _check(path: Path, settings: dict[str, Any], may_change: Collection[str]) -> None:
    """Raise a UserError if what is there forbids such a run; change nothing."""
    work, app = _unfinished(path), settings["app"]
    for directory, state in ((path, "a finished"), (work, "an unfinished")):
        if not directory.exists():
            continue
        if not directory.is_dir() or (any(directory.iterdir()) and not _is_run(directory, app)):
            raise UserError(f"{directory} is not a run of {app}; choose another --save_path")
        if any(directory.glob("checkpoints/*.npz")) and not (FLAGS.resume or FLAGS.overwrite):
            raise UserError(
                f"{directory} holds {state} run; --resume goes on with it, --overwrite starts anew"
            )
    resumed = work if work.exists() else path
    if not FLAGS.resume or not _is_run(resumed, app):
        return
    saved = _read_settings(resumed)
    for name, value in settings.items():
        if name not in may_change and saved.get(name) != value:
            flag = f"--{name}" if name in FLAGS else name
            raise UserError(
                f"--resume: the run in {resumed} has {flag}={_text(saved.get(name))}, not "
                f"{_text(value)}; use the same, or start anew with --overwrite"
            )


def _prepare(path: Path) -> Path:
    """Return the working directory, holding what --resume goes on from, or empty."""
    work = _unfinished(path)
    if not FLAGS.resume:
        remove(work)
    elif (path / SETTINGS_FILE).exists() and not work.exists():
        write_atomically(work, lambda partial: _copy_state(path, partial))
    work.mkdir(exist_ok=True)
    return work


def _copy_state(path: Path, target: Path) -> None:
    """Copy from a finished run what is needed to train it further."""
    target.mkdir()
    shutil.copy2(path / SETTINGS_FILE, target)
    shutil.copytree(path / "checkpoints", target / "checkpoints")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of the run directory `path`; the kernel drops it when the process dies."""
    file = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(file)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise UserError(
            f"{path} is in use by process {file.read_text().strip()}; wait for it, stop it, or "
            "choose another --save_path"
        ) from None
    try:
        file.write_text(f"{os.getpid()}\n")
        yield
    finally:
        file.unlink(missing_ok=True)
        lock.release()


def _read_settings(directory: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((directory / SETTINGS_FILE).read_text(encoding="utf-8")))
    except ValueError as error:
        raise UserError(f"{directory / SETTINGS_FILE} is damaged: {error}") from None


def _is_run(directory: Path, app: str) -> bool:
    """Tell whether a run of `app` made `directory`."""
    return (directory / SETTINGS_FILE).exists() and _read_settings(directory).get("app") == app


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.unfinished")


def _replaced(path: Path) -> Path:
    return path.with_name(f".{path.name}.replaced")
