"""Resuming a run that has random draws and schedules in its steps."""

import itertools

import numpy as np
import pytest

from keras_tfjs import signals
from lstm_text_generation.model import fit_model
from tests.lstm_text_generation.conftest import make_model
from training_run.open_run import open_run
from training_run.run import Run


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "muon"])
def test_resumed_run_is_bit_identical(text_data, tmp_path, optimizer):
    """The run stops in its second epoch, with dropout, weight decay, warm-up and cosine."""

    def fit(run):
        model = make_model(text_data, (16,), dropout=0.2, optimizer=optimizer, weight_decay=0.1)
        schedule = {"schedule": "cosine", "warmup_steps": 15}
        return fit_model(model, text_data, 3, 320, 32, 0.0625, run, **schedule)

    expected = Run()
    weights = fit(expected).get_weights()
    with pytest.raises(SystemExit), open_run(tmp_path / "run", {"app": "test"}) as stopped:
        log_step, steps = stopped.log_step, itertools.count(1)

        def signal_in_step_14(metrics):
            log_step(metrics)
            if next(steps) == 14:
                signals.state.received = 15

        stopped.log_step = signal_in_step_14
        fit(stopped)
    signals.state.received = 0
    assert (stopped.progress.epoch, stopped.progress.step) == (1, 4)
    with open_run(tmp_path / "run", {"app": "test"}, resume=True) as resumed:
        again = fit(resumed).get_weights()
    assert resumed.history == expected.history
    for ours, theirs in zip(again, weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
