"""A run that is killed at any moment and resumed ends like an uninterrupted run."""

import random
import shutil
import signal
import threading
import time

import pytest

from tests.support.apps import APPS, assert_no_partial_files

pytestmark = pytest.mark.long

KILLS = 50


@pytest.mark.parametrize("kind", APPS)
def test_run_killed_fifty_times_equals_an_uninterrupted_run(tmp_path, kind):
    """Half of the kills are at a random time, half at a change of the file system."""
    app = APPS[kind](tmp_path)
    path = tmp_path / "run"

    def whole_run():
        started = time.monotonic()
        process = app.start(path, "--resume")
        assert process.wait() == 0, process.output()
        seconds, result = time.monotonic() - started, app.result(path)
        shutil.rmtree(path)
        return seconds, process.changes(), result

    whole_run()  # The first run also warms up the fork server.
    seconds, changes, uninterrupted = whole_run()
    draw, kills, killed_with, within_epochs = random.Random(0), 0, set(), 0
    while kills < KILLS:
        # Half of the runs save a checkpoint after every step, so they resume within an epoch.
        each_step = 0.0 if kills % 4 < 2 else None
        most = 100 if each_step is not None else changes
        die_at = draw.randint(1, most) if kills % 2 else 0
        if each_step is not None and (die_at or draw.random() < 0.5):
            # Start a new run, whose first hundred changes come from the steps.
            shutil.rmtree(tmp_path / "run.training", ignore_errors=True)
        process = app.start(path, "--resume", die_at=die_at, checkpoint_seconds=each_step)
        timer = threading.Timer(draw.uniform(0, seconds), process.process.kill)
        if not die_at:
            timer.start()
        status = process.wait()
        timer.cancel()
        assert status in (0, -signal.SIGKILL), process.output()
        for directory in (path, tmp_path / "run.training"):
            assert_no_partial_files(directory)
        if status:
            kills += 1
            if (tmp_path / "run.training").exists():
                killed_with |= {file.name for file in (tmp_path / "run.training").iterdir()}
                newest = max((tmp_path / "run.training").glob("checkpoints/epoch-*"), default="")
                within_epochs += bool(newest) and "step-00000000" not in newest.name
        if path.exists():
            assert app.result(path) == uninterrupted
            if draw.random() < 0.5:  # Otherwise the next run replaces this run.
                shutil.rmtree(path)
    assert killed_with >= {"run.json", "checkpoints", "saved_model"}  # in training and in export
    assert within_epochs >= 4
    assert app.start(path, "--resume").wait() == 0
    assert app.result(path) == uninterrupted
    assert {p.name for p in tmp_path.iterdir() if "run" in p.name} == {
        "run", "run.output", "run.changes",
    }  # fmt: skip
