"""A finished run is replaced by two renames, and a kill between them loses nothing."""

import json
import subprocess
import sys

import pytest

from tests.support.run_directories import (
    FILES,
    SETTINGS,
    assert_refused,
    finished_run,
    learn,
    opened,
)
from training_run.run_directory import saved_settings, user_errors


def killed_before_the_renames(path):
    """Leave the files of an old and a new run as a kill of `finish` leaves them."""


def killed_between_the_renames(path):
    path.rename(path.with_name(".run.old"))


def killed_before_the_deletion(path):
    killed_between_the_renames(path)
    path.with_name("run.training").rename(path)


def killed_in_the_deletion(path):
    killed_before_the_deletion(path)
    old = path.with_name(".run.old")
    (old / "notes.txt").rename(path / "notes.txt")
    (old / "run.json").unlink()
    old.rename(path.with_name(".deleted-.run.old"))


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize(
    ("killed", "new_run_is_used"),
    [
        (killed_before_the_renames, False),
        (killed_between_the_renames, True),
        (killed_before_the_deletion, True),
        (killed_in_the_deletion, True),
    ],
)
def test_kill_during_replacement_is_completed(tmp_path, killed, new_run_is_used, resume):
    path = tmp_path / "run"
    finished_run(path)
    (path / "notes.txt").write_text("mine")
    with opened(path, {**SETTINGS, "epochs": 9}, overwrite=True) as run:
        learn(run)
        (run.training / "model.keras").write_text("new")
    killed(path)
    assert saved_settings(path)["epochs"] == 9
    nine = {**SETTINGS, "epochs": 9}
    with opened(path, nine, ["epochs"], resume=resume, overwrite=not resume) as run:
        assert json.loads((run.training / "run.json").read_text())["epochs"] == 9
        assert (path / "notes.txt").read_text() == "mine"
        assert (path / "model.keras").read_text() == ("new" if new_run_is_used else "model")
        assert sorted(p.name for p in tmp_path.iterdir()) == [".run.lock", "run", "run.training"]


def test_old_run_is_restored_if_the_new_run_is_deleted(tmp_path):
    """A kill comes between the renames, and then the user deletes the new run."""
    path = tmp_path / "run"
    finished_run(path)
    path.rename(tmp_path / ".run.old")
    assert_refused("holds a finished run", path, changes=True)
    assert (path / "model.keras").read_text() == "model"


def test_reader_completes_the_renames(tmp_path):
    path = tmp_path / "run"
    finished_run(path)
    killed_between_the_renames(path)
    with user_errors(path, path / "model.keras", "a model", "an_app"):
        assert (path / "model.keras").read_text() == "model"


def test_users_files_named_old_are_not_deleted(tmp_path):
    path, own = tmp_path / "run", tmp_path / ".run.old"
    own.mkdir()
    (own / "precious.txt").write_text("mine")
    for overwrite in (True, False):
        assert_refused(".run.old is in the way; rename it", path, overwrite=overwrite)
    assert (own / "precious.txt").read_text() == "mine" and not path.exists()
    own.rename(tmp_path / "elsewhere")
    (tmp_path / ".run.old").write_text("a file")
    assert_refused(".run.old is in the way", path)


def test_files_of_a_replaced_run_are_deleted(tmp_path):
    path = tmp_path / "run"
    with opened(path) as run:
        (run.training / "clusters.png").write_text("old")
        (run.training / "early notes.txt").write_text("mine")
        run.finish(["clusters.png"])
    (path / "notes.txt").write_text("mine")
    with opened(path, overwrite=True) as run:
        run.finish([])
    names = ["early notes.txt", "notes.txt", "run.json"]
    assert sorted(entry.name for entry in path.iterdir()) == names


def test_old_run_is_deleted_by_the_next_command(tmp_path, monkeypatch):
    """The deletion fails, but the new run is finished."""
    path = tmp_path / "run"
    finished_run(path)

    def fail(old):
        raise OSError(16, "Device or resource busy", str(old))

    with opened(path, overwrite=True) as run:
        (run.training / "model.keras").write_text("new")
        monkeypatch.setattr("training_run.run_directory.remove", fail)
        run.finish(FILES)
    monkeypatch.undo()
    assert (path / "model.keras").read_text() == "new" and (tmp_path / ".run.old").exists()
    with opened(path, overwrite=True):
        assert not (tmp_path / ".run.old").exists()


READER = """
import os, sys
path, seen = sys.argv[1], set()
print("ready", flush=True)
while True:
    try:
        directory = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # between the two renames
        continue
    try:
        names = ("a.txt", "b.txt")
        files = [os.open(name, os.O_RDONLY, dir_fd=directory) for name in names]
    except FileNotFoundError:
        if os.stat(directory).st_nlink:  # The directory exists, but a file is missing.
            if os.path.exists(path) and os.path.samestat(os.stat(path), os.stat(directory)): raise
        os.close(directory)
        continue
    first, second = (os.read(file, 99) for file in files)
    assert first == second, (first, second)
    if first not in seen:
        seen.add(first)
        print(len(seen), flush=True)
    for number in (directory, *files): os.close(number)
"""


def test_reader_never_finds_a_mixture_of_runs(tmp_path):
    path = tmp_path / "run"

    def make(number):
        with opened(path, overwrite=True) as run:
            for name in ("a.txt", "b.txt"):
                (run.training / name).write_text(str(number))
            run.finish(["a.txt", "b.txt"])

    make(0)
    line = [sys.executable, "-c", READER, path]
    reader = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert reader.stdout.readline() == "ready\n"
    for number in range(1, 300):
        make(number)
    assert reader.poll() is None, reader.stderr.read()
    reader.kill()
    out, _ = reader.communicate()
    assert int(out.split()[-1]) > 5  # The reader has seen many runs.
