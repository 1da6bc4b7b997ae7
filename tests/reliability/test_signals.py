"""Ctrl-C and SIGTERM end a command soon, whatever it does, and cost nothing of what was learned."""

import random
import shutil
import signal
import time

import pytest

from tests.reliability.apps import APPS, assert_learned

SECONDS = 5  # after the step under way, which takes no time in runs as small as these


@pytest.mark.parametrize("kind", APPS)
def test_a_signal_ends_a_run_at_any_moment_and_resume_goes_on(tmp_path, kind):
    app = APPS[kind](tmp_path)
    path = tmp_path / "run"
    started = time.monotonic()
    process = app.start(path)
    assert process.wait() == 0, process.output()
    seconds, undisturbed = time.monotonic() - started, app.result(path)
    shutil.rmtree(path)
    (tmp_path / "run.output").unlink()

    draw, said = random.Random(1), ""
    for number, status in 8 * [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
        process = app.start(path, "--resume")
        time.sleep(draw.uniform(0.1, seconds))
        process.send(number)
        ended = process.wait(SECONDS + seconds)
        output = process.output()
        assert ended in (0, status) and "Traceback" not in output, output
        if ended and (tmp_path / "run.unfinished" / "checkpoints").exists():
            assert_learned(path)
            assert "--resume goes on" in output.splitlines()[-1]
        said += output
        (tmp_path / "run.output").unlink()
        if path.exists():
            assert app.result(path) == undisturbed
            shutil.rmtree(path)
    assert "error: interrupted" in said
    assert app.start(path, "--resume").wait() == 0
    assert app.result(path) == undisturbed
