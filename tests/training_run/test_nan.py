"""A run whose loss or weights become NaN ends, and saves no NaN."""

import numpy as np
import pytest

from keras_tfjs.command_line import UserError
from tests.support.line_model import STEPS, fit, make_model, open_run, signal_at

pytestmark = pytest.mark.quick


def spoil_at(step, model):
    """Return a function that sets a weight to NaN after a step, as an update may do."""

    def after_step(steps):
        if steps == step:
            model.layers[0].kernel.assign([[np.nan], [0.0]])

    return after_step


def test_nan_weights_end_the_run_without_validation(tmp_path):
    """The last step of an epoch makes a weight NaN, and there is no validation."""
    run, model = open_run(tmp_path / "run"), make_model()
    with pytest.raises(
        UserError, match="weights became nan in epoch 2, step 4; the last checkpoint"
    ):
        fit(model, run, after_step=spoil_at(8, model))
    assert run.progress.epoch == len(run.history) == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (5, "loss became nan in epoch 2, step 2; the last checkpoint is kept: .*--resume"),
        (8, "weights became nan in epoch 2, step 4"),  # the epoch's last
        (1, "in epoch 1, step 2; start again with a smaller learning rate"),
    ],
)
def test_nan_is_not_saved(tmp_path, step, words):
    run, model = open_run(tmp_path / "run"), make_model()

    def evaluate():
        return {"val_loss": float(np.sum(model.get_weights()[0]))}

    with pytest.raises(UserError, match=words) as error:
        fit(model, run, evaluate=evaluate, after_step=spoil_at(step, model))
    assert ("--resume" in str(error.value)) == (step > STEPS)  # only after a checkpoint
    assert len(run.history) == run.progress.epoch == (step - 1) // STEPS
    restored = make_model()
    open_run(tmp_path / "run").restore(restored, restored.optimizer)
    assert np.all(np.isfinite(restored.get_weights()[0]))


def test_nan_val_loss_is_not_recorded(tmp_path):
    run = open_run(tmp_path / "run")
    with pytest.raises(
        UserError, match="val_loss became nan in epoch 2, step 4; the last checkpoint"
    ):
        fit(make_model(), run, val_losses=[1.0, np.nan])
    assert run.progress.epoch == 1


def test_signal_does_not_save_nan_weights(tmp_path):
    run, model = open_run(tmp_path / "run"), make_model()

    def after_step(steps):
        spoil_at(6, model)(steps)
        signal_at(6)(steps)

    with pytest.raises(UserError, match="the last checkpoint is kept"):
        fit(model, run, after_step=after_step)
    (file,) = (tmp_path / "run/checkpoints").iterdir()
    assert "epoch-000001" in file.name
