import os
import subprocess
import sys

import pytest

from training_run import command_line, run_directory
from training_run.command_line import UserError
from training_run.run_directory import open_run, write_atomically, write_text

SETTINGS = {"app": "an_app", "corpus": "c1", "sample_len": 60, "epochs": 3}


@pytest.fixture(autouse=True)
def flags(monkeypatch):
    """The flags of a training command, as if parsed from an empty command line."""
    values = command_line.flags.FlagValues()
    monkeypatch.setattr(command_line, "FLAGS", values)
    monkeypatch.setattr(run_directory, "FLAGS", values)
    monkeypatch.setattr(command_line, "_defined", {})
    command_line.define_run_flags(3, 32, "x")
    values(["test"])
    return values


def finished_run(path, settings=SETTINGS):
    with open_run(path, settings, ["epochs"]) as run:
        learn(run)
        (run.work / "model.keras").write_text("model")
        run.finish()


def learn(run):
    (run.work / "checkpoints").mkdir(exist_ok=True)
    (run.work / "checkpoints" / "epoch-000001-step-00000000.npz").write_text("learned")


def test_a_run_is_complete_or_absent(tmp_path):
    path = tmp_path / "deep" / "run"
    with open_run(path, SETTINGS, []) as run:
        learn(run)
        assert not path.exists()
        run.finish()
    assert sorted(p.name for p in path.iterdir()) == ["checkpoints", "run.json"]
    assert [p.name for p in path.parent.iterdir()] == ["run"]  # no lock, no .unfinished


def test_a_run_that_learned_something_is_not_thrown_away(tmp_path, flags):
    path = tmp_path / "run"
    with open_run(path, SETTINGS, []) as run:
        learn(run)
    with pytest.raises(UserError, match=r"run.unfinished holds an unfinished run; --resume"):
        open_run(path, SETTINGS, []).__enter__()
    flags.resume = True
    with open_run(path, SETTINGS, []) as run:
        assert (run.work / "checkpoints" / "epoch-000001-step-00000000.npz").exists()
    flags.resume, flags.overwrite = False, True
    with open_run(path, SETTINGS, []) as run:
        assert not (run.work / "checkpoints").exists()


def test_a_run_that_learned_nothing_needs_no_flag(tmp_path):
    for _ in range(2):
        with open_run(tmp_path / "run", SETTINGS, []) as run:
            assert [p.name for p in run.work.iterdir()] == ["run.json"]


def test_a_finished_run_stays_until_the_new_one_is_finished(tmp_path, flags):
    path = tmp_path / "run"
    finished_run(path)
    (path / "my notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds a finished run"):
        open_run(path, SETTINGS, []).__enter__()
    flags.overwrite = True
    with open_run(path, SETTINGS, []) as run:
        learn(run)
        assert (path / "model.keras").read_text() == "model"
        (run.work / "model.keras").write_text("a better one")
        run.finish()
    assert (path / "model.keras").read_text() == "a better one"
    assert (path / "my notes.txt").read_text() == "mine"


def test_a_finished_run_can_be_trained_further(tmp_path, flags):
    path = tmp_path / "run"
    finished_run(path)
    flags.resume = True
    with open_run(path, {**SETTINGS, "epochs": 9}, ["epochs"]) as run:
        assert (run.work / "checkpoints" / "epoch-000001-step-00000000.npz").exists()
        assert not (run.work / "model.keras").exists()
        assert (path / "model.keras").exists()


def test_resume_without_a_run_starts_one(tmp_path, flags):
    flags.resume = True
    with open_run(tmp_path / "run", SETTINGS, []) as run:
        assert run.work.is_dir()


@pytest.mark.parametrize("change", [{"corpus": "c2"}, {"sample_len": 40}])
def test_resume_into_another_run_is_refused(tmp_path, flags, change):
    finished_run(tmp_path / "run")
    flags.resume = True
    (name,) = change
    with pytest.raises(UserError, match=f"has {name}={SETTINGS[name]}, not {change[name]}"):
        open_run(tmp_path / "run", {**SETTINGS, **change}, ["epochs"]).__enter__()
    assert (tmp_path / "run" / "model.keras").exists()


def test_resume_takes_over_the_flags_that_are_not_given(tmp_path, flags):
    finished_run(tmp_path / "run", {"app": "an_app", "epochs": 77, "batch_size": 5, "seed": 4})
    flags(["test", "--batchSize=9"])
    run_directory.adopt_settings(tmp_path / "run", ["epochs", "batch_size"])
    assert (flags.epochs, flags.batch_size, flags.seed) == (77, 9, 0)


def test_what_is_not_a_run_is_not_touched(tmp_path, flags):
    flags.overwrite = True
    path = tmp_path / "photos"
    path.mkdir()
    (path / "me.jpg").write_text("x")
    with pytest.raises(UserError, match="is not a run of an_app"):
        open_run(path, SETTINGS, []).__enter__()
    assert (path / "me.jpg").exists()
    finished_run(tmp_path / "run", {**SETTINGS, "app": "another_app"})
    with pytest.raises(UserError, match="is not a run of an_app"):
        open_run(tmp_path / "run", SETTINGS, []).__enter__()
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is not a run of an_app"):
        open_run(tmp_path / "file", SETTINGS, []).__enter__()


def test_killed_between_the_two_renames(tmp_path, flags):
    path = tmp_path / "run"
    finished_run(path)
    path.rename(tmp_path / ".run.replaced")
    flags.resume = True
    with open_run(path, SETTINGS, []):
        assert (path / "model.keras").exists()


def test_a_second_process_is_refused_and_told_the_first(tmp_path, flags):
    flags.resume = True
    path = tmp_path / "run"
    code = (
        "import sys; from pathlib import Path; from training_run.run_directory import _locked\n"
        "with _locked(Path(sys.argv[1])): print('locked', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "locked\n"
    with pytest.raises(UserError, match=f"in use by process {other.pid};"):
        open_run(path, SETTINGS, []).__enter__()
    other.kill()  # a stale lock does not block
    other.communicate()
    with open_run(path, SETTINGS, []) as run:
        assert run.work.is_dir()
        assert (tmp_path / ".run.lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("path", ["/proc/run", "/dev/null/run"])
def test_where_nothing_can_be_written(path):
    with pytest.raises(UserError, match=f"cannot write the run to {path}: .*--save_path"):
        open_run(run_directory.Path(path), SETTINGS, []).__enter__()


def test_a_damaged_run_json(tmp_path, flags):
    finished_run(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text('{"app": ')
    with pytest.raises(UserError, match=r"run.json is damaged"):
        open_run(tmp_path / "run", SETTINGS, []).__enter__()


def test_readers_see_the_old_file_or_the_new(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old\r\n")

    def fail(partial):
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old\r\n"
    write_text(path, "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
