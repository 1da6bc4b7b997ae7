"""A run directory with small text files in place of a model and checkpoints."""

import pytest

from keras_tfjs.command_line import UserError
from training_run.run_directory import open_directory

SETTINGS = {"app": "an_app", "text": "t1", "sample_len": 60, "epochs": 3}
FILES = ["checkpoints", "model.keras"]
CHECKPOINT = "checkpoints/epoch-000001-step-00000000.npz"


def opened(path, settings=SETTINGS, changeable=(), resume=False, overwrite=False):
    return open_directory(path, settings, changeable, resume=resume, overwrite=overwrite)


def assert_refused(match, path, settings=SETTINGS, changes=False, **kwargs):
    """Assert that the run cannot be opened, and that no file changes."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(UserError, match=match), opened(path, settings, **kwargs):
        pass
    assert changes or sorted(path.parent.rglob("*")) == before


def finished_run(path, settings=SETTINGS):
    with opened(path, settings) as run:
        learn(run)
        (run.training / "model.keras").write_text("model")
        run.finish(FILES)


def learn(run):
    (run.training / "checkpoints").mkdir(exist_ok=True)
    (run.training / CHECKPOINT).write_text("learned")
