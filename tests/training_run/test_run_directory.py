"""A run's directory: what opens it, what it refuses, and what it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_tfjs.atomic_files import remove, write_text
from keras_tfjs.command_line import UserError
from tests.support.run_directories import (
    CHECKPOINT,
    FILES,
    SETTINGS,
    assert_refused,
    finished_run,
    learn,
    opened,
)
from training_run.run import Run
from training_run.run_directory import (
    RunDirectory,
    saved_settings,
)


def test_a_run_is_complete_or_absent(tmp_path):
    path = tmp_path / "deep" / "run"
    with opened(path) as run:
        learn(run)
        assert not path.exists()
        run.finish(FILES)
    assert sorted(p.name for p in path.iterdir()) == ["checkpoints", "run.json"]
    assert [p.name for p in path.parent.iterdir()] == ["run"]  # no lock, no .training


def test_unfinished_run_with_checkpoint_is_not_overwritten(tmp_path):
    path = tmp_path / "run"
    with opened(path) as run:
        learn(run)
    assert_refused("run.training holds an unfinished run; --resume", path)
    with opened(path, resume=True) as run:
        assert (run.training / CHECKPOINT).exists()
    with opened(path, overwrite=True) as run:
        assert not (run.training / "checkpoints").exists()
    assert_refused("give one of them", path, resume=True, overwrite=True)


def test_unfinished_run_without_checkpoint_needs_no_flag(tmp_path):
    for _ in range(2):
        with opened(tmp_path / "run") as run:
            assert [p.name for p in run.training.iterdir()] == ["run.json"]


def test_finished_run_is_kept_until_the_new_run_is_finished(tmp_path):
    path = tmp_path / "run"
    finished_run(path)
    (path / "my notes.txt").write_text("mine")
    assert_refused("holds a finished run", path)
    with opened(path, overwrite=True) as run:
        learn(run)
        assert (path / "model.keras").read_text() == "model"
        (run.training / "model.keras").write_text("a better one")
        run.finish(FILES)
    assert (path / "model.keras").read_text() == "a better one"
    assert (path / "my notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_finished_run_can_be_resumed(tmp_path):
    path = tmp_path / "run"
    finished_run(path)
    with opened(path, {**SETTINGS, "epochs": 9}, ["epochs"], resume=True) as run:
        assert (run.training / CHECKPOINT).exists()
        assert not (run.training / "model.keras").exists()
        assert (path / "model.keras").exists()
    assert saved_settings(path)["epochs"] == 9


def test_finished_run_without_checkpoints_is_not_overwritten(tmp_path):
    path = tmp_path / "run"
    finished_run(path)
    (path / CHECKPOINT).unlink()
    assert_refused("run holds a finished run; --resume", path)
    assert_refused("run has no checkpoint to go on from; --overwrite", path, resume=True)
    with opened(path, overwrite=True):
        assert (path / "model.keras").exists()


def test_partial_checkpoint_does_not_count(tmp_path):
    with opened(tmp_path / "run") as run:
        (run.training / "checkpoints").mkdir()
        (run.training / "checkpoints" / ".partial-epoch-000001-step-00000000.npz").write_text(
            "half"
        )
    with opened(tmp_path / "run") as run:
        assert not (run.training / "checkpoints").exists()


def test_deleted_training_directory_is_a_user_error(tmp_path):
    path = tmp_path / "run"
    words = "x.txt: No such file or directory; no checkpoint is saved"
    with pytest.raises(UserError, match=words), opened(path) as run:
        remove(run.training)
        write_text(run.training / "x.txt", "x")


def test_resume_without_a_run_starts_a_run(tmp_path):
    assert saved_settings(tmp_path / "run") == {}
    with opened(tmp_path / "run", resume=True) as run:
        assert run.training.is_dir()


@pytest.mark.parametrize("change", [{"text": "t2"}, {"sample_len": 40}])
def test_resume_with_different_settings_is_refused(tmp_path, change):
    finished_run(tmp_path / "run")
    (name,) = change
    words = f"has {name}={SETTINGS[name]}, not {change[name]}"
    assert_refused(words, tmp_path / "run", {**SETTINGS, **change}, resume=True)


def test_other_files_are_not_overwritten(tmp_path):
    path = tmp_path / "photos"
    path.mkdir()
    (path / "me.jpg").write_text("x")
    assert_refused("is not a run of an_app", path, overwrite=True)
    finished_run(tmp_path / "run", {**SETTINGS, "app": "another_app"})
    assert_refused("is not a run of an_app", tmp_path / "run", overwrite=True)
    (tmp_path / "file").write_text("x")
    assert_refused("is not a run of an_app", tmp_path / "file", overwrite=True)


def test_empty_directory_becomes_the_run(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    finished_run(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    path = tmp_path / "other"
    path.mkdir()
    with opened(path) as run:
        (path / "notes.txt").write_text("mine")
        run.finish([])
    assert sorted(entry.name for entry in path.iterdir()) == ["notes.txt", "run.json"]


def test_lock_file_of_another_user_is_kept(unreadable):
    lock = unreadable(".run.lock")
    assert_refused("cannot write the run to", lock.with_name("run"))
    assert lock.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run.training", "run.training: a name that ends in .training is reserved for unfinished"),
        ("run.training/inside", "inside is in an unfinished run, .*run.training;"),
    ],
)
def test_the_directory_of_an_unfinished_run_is_refused(tmp_path, name, words):
    with opened(tmp_path / "run") as run:
        learn(run)
        with pytest.raises(UserError, match=words), opened(tmp_path / name, resume=True):
            pass


def test_resume_without_new_checkpoint_uses_the_finished_run(tmp_path):
    path = tmp_path / "run"
    finished_run(path)
    with opened(path, {**SETTINGS, "epochs": 9, "seed": 5}, overwrite=True):
        pass
    assert saved_settings(path)["epochs"] == 3
    with opened(path, resume=True) as run:
        assert (run.training / CHECKPOINT).read_text() == "learned"


@pytest.mark.parametrize("saved", ["run", "run.unfinished"])
def test_a_run_of_the_first_version_is_not_resumed(tmp_path, saved):
    directory = tmp_path / saved
    (directory / "checkpoints").mkdir(parents=True)
    (directory / CHECKPOINT).write_text("learned")
    (directory / "run.json").write_text(json.dumps(SETTINGS))  # without a format
    words = f"{saved} is a run of an older version, which --resume cannot go on with"
    assert_refused(words, tmp_path / "run", resume=True)
    with opened(tmp_path / "run", overwrite=True) as run:
        assert not (run.training / "checkpoints").exists()


@pytest.mark.parametrize(
    "leftover", [".partial-run.training", ".deleted-run.training", ".deleted-.run.old"]
)
@pytest.mark.parametrize("resume", [True, False])
def test_kill_during_creation_or_deletion_is_cleaned_up(tmp_path, leftover, resume):
    (tmp_path / leftover).mkdir()
    (tmp_path / leftover / "run.json").write_text("{")
    with opened(tmp_path / "run", resume=resume) as run:
        learn(run)
        run.finish(FILES)
    with opened(tmp_path / "run", overwrite=True) as run:
        run.finish(FILES)
    assert (tmp_path / "run" / "run.json").exists()


def test_second_process_is_refused_with_the_first_ones_id(tmp_path):
    path = tmp_path / "run"
    code = (
        "import sys; from pathlib import Path\n"
        "from training_run.run_directory import open_directory as opened\n"
        "with opened(Path(sys.argv[1]), {'app': 'an_app'}, [], resume=False, overwrite=False):\n"
        "    print('locked', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "locked\n"
    assert_refused(f"in use by process {other.pid};", path)
    other.kill()  # The stale lock must not block.
    other.communicate()
    with opened(path) as run:
        assert run.training.is_dir()
        assert (tmp_path / ".run.lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("path", ["/proc/run", "/dev/null/run"])
def test_unwritable_path_is_refused(path):
    with (
        pytest.raises(UserError, match=f"cannot write the run to {path}: .*--save_path"),
        opened(Path(path)),
    ):
        pass


def test_mount_point_is_refused():
    with pytest.raises(UserError, match="/proc is a mount point"), opened(Path("/proc")):
        pass


@pytest.mark.parametrize("content", ['{"app": ', "[1]", "\xff", '{"a": "\\u0000"}', "[" * 10**5])
def test_damaged_run_json_is_refused(tmp_path, content):
    finished_run(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_bytes(content.encode("latin-1"))
    assert_refused("run.json is damaged", tmp_path / "run")


def test_finish_prints_a_runnable_python_path(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    for place, python in ((tmp_path, ".venv/bin/python"), (tmp_path / "elsewhere", sys.executable)):
        place.mkdir(exist_ok=True)
        monkeypatch.chdir(place)
        training = place / "run.training"
        training.mkdir()
        run = Run(RunDirectory(place / "run", training, {}))
        run.finish({"a.txt": "a file"}, [["package", "a b"]])
        out = capsys.readouterr().out
        assert f"  {python} -m package 'a b'\n" in out
        assert f"  {place / 'run'}/a.txt  a file\n" in out
