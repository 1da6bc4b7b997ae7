"""Ctrl-C and SIGTERM end a command within seconds, and a training saves a checkpoint."""

import random
import shutil
import signal
import time

import pytest

from tests.support.apps import APPS, assert_has_checkpoint

pytestmark = pytest.mark.long

SECONDS = 5  # after the current step, which takes almost no time in these small runs


@pytest.mark.parametrize("kind", APPS)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_in_training_saves_a_checkpoint(tmp_path, kind, number, status):
    app = APPS[kind](tmp_path)
    process = app.start(tmp_path / "run", "--epochs=100000")
    process.wait_for("Epoch 3 of")
    process.send(number)
    assert process.wait(SECONDS) == status
    assert "Stopped after" in process.output() and "--resume goes on" in process.output()
    assert_has_checkpoint(tmp_path / "run")


def test_second_signal_ends_the_process_at_once(tmp_path):
    """The first signal comes while one operation generates a hundred thousand characters."""
    app = APPS["text"](tmp_path)
    process = app.start(tmp_path / "run", "--display_length=100000", "--epochs=100000")
    process.wait_for("Seed text")
    time.sleep(4)
    process.send(signal.SIGINT)
    time.sleep(0.5)
    process.send(signal.SIGINT)
    assert process.wait(SECONDS) == 130
    assert process.output().endswith("error: interrupted; no checkpoint is saved yet\n")


@pytest.mark.parametrize("kind", APPS)
def test_run_stopped_at_any_moment_can_be_resumed(tmp_path, kind):
    app = APPS[kind](tmp_path)
    path = tmp_path / "run"
    started = time.monotonic()
    process = app.start(path)
    assert process.wait() == 0, process.output()
    seconds, uninterrupted = time.monotonic() - started, app.result(path)
    shutil.rmtree(path)
    (tmp_path / "run.output").unlink()

    draw, all_output = random.Random(1), ""
    for number, status in 8 * [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
        process = app.start(path, "--resume")
        time.sleep(draw.uniform(0.1, seconds))
        process.send(number)
        ended = process.wait(SECONDS + seconds)
        output = process.output()
        assert ended in (0, status) and "Traceback" not in output, output
        if ended and (tmp_path / "run.training" / "checkpoints").exists():
            assert_has_checkpoint(path)
            assert "--resume goes on" in output.splitlines()[-1]
        all_output += output
        (tmp_path / "run.output").unlink()
        if path.exists():
            assert app.result(path) == uninterrupted
            shutil.rmtree(path)
    assert "error: interrupted" in all_output
    assert app.start(path, "--resume").wait() == 0
    assert app.result(path) == uninterrupted
