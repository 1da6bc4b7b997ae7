"""One run per directory, damaged checkpoints, old versions, and memory over many epochs."""

import json
import re
import shutil

import pytest

from tests.support.apps import APPS

pytestmark = pytest.mark.long

EPOCHS = 150  # the original's


@pytest.mark.parametrize("kind", APPS)
def test_second_run_is_refused_with_the_first_ones_id(tmp_path, kind):
    app = APPS[kind](tmp_path)
    path = tmp_path / "run"
    first = app.start(path, "--epochs=100000")
    first.wait_for("Epoch 1 of")
    second = app.start(path, "--overwrite", output=tmp_path / "second.output")
    assert second.wait() == 1
    words = f"error: {path} is in use by process {first.pid}; wait for it, stop it, or choose"
    assert words in second.output()
    assert first.process.is_alive()
    first.process.kill()  # The stale lock must not block.
    first.wait()
    assert (tmp_path / ".run.lock").exists()
    assert app.start(path, "--overwrite").wait() == 0
    assert not (tmp_path / ".run.lock").exists()


@pytest.mark.parametrize("kind", APPS)
def test_resume_skips_a_damaged_checkpoint_with_a_warning(tmp_path, kind):
    app = APPS[kind](tmp_path)
    path = tmp_path / "run"
    assert app.start(path, "--epochs=2").wait() == 0
    older, newest = sorted((path / "checkpoints").glob("epoch-*"))
    newest.write_bytes(newest.read_bytes()[:-1000])
    output = tmp_path / "output"
    assert app.start(path, "--resume", output=output).wait() == 0
    (warning,) = re.findall("^warning: .*", output.read_text(), re.M)
    assert newest.name in warning and "is damaged" in warning
    assert "Epoch 2 of 3" in output.read_text()  # again, because its weights were lost
    shutil.copytree(path, tmp_path / "goes_on")
    shutil.rmtree(path)
    assert app.start(path).wait() == 0
    assert app.result(path) == app.result(tmp_path / "goes_on")

    for file in (path / "checkpoints").glob("epoch-*"):
        file.write_bytes(b"")
    before = app.result(path)
    output.unlink()
    assert app.start(path, "--resume", "--epochs=4", output=output).wait() == 1
    last = output.read_text().splitlines()[-1]
    assert last.startswith("error: no checkpoint in ") and "--overwrite" in last
    assert app.result(path) == before


@pytest.mark.parametrize("kind", APPS)
def test_run_of_the_first_version_generates_and_is_not_resumed(tmp_path, kind):
    """Such a run has no format in run.json, and no epochs.json."""
    app = APPS[kind](tmp_path)
    path, output = tmp_path / "run", tmp_path / "output"
    assert app.start(path).wait() == 0
    settings = json.loads((path / "run.json").read_text())
    del settings["format"]
    (path / "run.json").write_text(json.dumps(settings))
    (path / "epochs.json").unlink()
    before = app.result(path, exclude="epochs.json")
    assert app.start(path, "--resume", "--epochs=4", output=output).wait() == 1
    (refusal,) = [line for line in output.read_text().splitlines() if line.startswith("error: ")]
    assert f"{path} is a run of an older version, which --resume cannot go on with" in refusal
    assert app.result(path, exclude="epochs.json") == before
    output.unlink()
    assert app.generate(path, output).wait() == 0, output.read_text()
    assert app.start(path, "--overwrite").wait() == 0


@pytest.mark.parametrize("kind", APPS)
def test_memory_does_not_grow_with_the_epochs(tmp_path, kind):
    app = APPS[kind](tmp_path)
    few = ["--examples_per_epoch=64"] if kind == "text" else []
    process = app.start(tmp_path / "run", "--epochs=100000", *few)
    process.wait_for("Epoch 5 of")
    settled = process.memory()
    process.wait_for(f"Epoch {EPOCHS} of")
    assert process.memory() < 1.05 * settled
    process.process.kill()
