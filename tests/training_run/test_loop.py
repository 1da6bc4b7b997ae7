import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from training_run import loop
from training_run.callbacks import Checkpoints, ProgressBar, TensorBoard
from training_run.command_line import UserError
from training_run.signals import SIGNALS


def make_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def fit(model, progress=None, epochs=3, callbacks=(), val_losses=None, evaluate=None, **kwargs):
    """Train a line; batch i of epoch e is a function of (e, i)."""

    def batches(epoch, skip):
        for step in range(skip, 4):
            yield np.random.default_rng((epoch, step)).random((5, 2), dtype=np.float32)

    def train_step(batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(batch) - batch[:, :1]) ** 2)
        variables = model.trainable_variables
        model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"loss": loss}

    def next_loss():
        return {"val_loss": val_losses.pop(0)} if val_losses else {}

    return loop.fit(
        model,
        epochs=epochs,
        batches=batches,
        train_step=train_step,
        evaluate=evaluate or next_loss,
        callbacks=callbacks,
        progress=progress,
        **kwargs,
    )


class StopAt(keras.callbacks.Callback):
    """Plays a signal that comes during one step."""

    def __init__(self, checkpoints, step):
        super().__init__()
        self.checkpoints, self.step = checkpoints, step

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == self.step:
            self.checkpoints._stop(15)


@pytest.mark.parametrize("step", [1, 4, 6])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path, step, capsys):
    undisturbed = make_model()
    expected = fit(undisturbed)

    handlers = [signal.getsignal(number) for number in SIGNALS]
    stopped = loop.Progress()
    checkpoints = Checkpoints(tmp_path, stopped)
    with pytest.raises(SystemExit) as exit_:
        fit(make_model(), stopped, callbacks=[StopAt(checkpoints, step), checkpoints])
    assert [signal.getsignal(number) for number in SIGNALS] == handlers  # given back
    assert exit_.value.code == 143
    assert "--resume goes on" in capsys.readouterr().err

    resumed, model = loop.Progress(), make_model()
    checkpoints = Checkpoints(tmp_path, resumed)
    assert checkpoints.restore(model) == []
    assert int(model.optimizer.iterations) == step
    bar = ProgressBar(3, 4, resumed, lambda logs, rate: f"{rate:.0f} examples/s")
    fit(model, resumed, callbacks=[bar, checkpoints])
    assert capsys.readouterr().out.count(" examples/s") == 3 - stopped.epoch
    assert resumed.history == expected.history
    assert resumed.best_epoch == expected.best_epoch
    for ours, theirs in zip(resumed.best_weights, expected.best_weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(model.get_weights(), undisturbed.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_restoring_keeps_the_learning_rate_that_was_asked_for(tmp_path):
    progress = loop.Progress()
    fit(make_model(), progress, callbacks=[Checkpoints(tmp_path, progress)])
    model = make_model()
    model.optimizer.learning_rate.assign(1e-5)
    Checkpoints(tmp_path, loop.Progress()).restore(model)
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-5)


def test_the_best_weights_are_those_of_the_lowest_val_loss():
    weights = []

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights.append(self.model.get_weights())

    progress = fit(make_model(), val_losses=[3.0, 1.0, 2.0], callbacks=[Keep()])
    assert progress.best_epoch == 2
    np.testing.assert_array_equal(progress.best_weights[0], weights[1][0])
    assert [row["val_loss"] for row in progress.history] == [3.0, 1.0, 2.0]


def test_patience():
    losses = [3.0, 1.0, 2.0, 2.0, 0.5]
    progress = fit(make_model(), epochs=5, val_losses=list(losses), patience=2)
    assert progress.epoch == 4 and progress.best_epoch == 2
    assert fit(make_model(), progress, epochs=5, patience=2).epoch == 4  # also when resumed
    assert fit(make_model(), epochs=5, val_losses=list(losses)).epoch == 5


class Spoil(keras.callbacks.Callback):
    """Turns a weight into NaN after a step, as an update may."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == self.step:
            self.model.layers[0].kernel.assign([[np.nan], [0.0]])


def test_weights_that_no_loss_has_shown_to_be_no_numbers(tmp_path):
    """The last step of an epoch spoils them, and there is no validation."""
    progress, model = loop.Progress(), make_model()
    with pytest.raises(UserError, match="became nan in epoch 2, step 5; the weights of epoch 1"):
        fit(model, progress, callbacks=[Spoil(8), Checkpoints(tmp_path, progress)])
    assert progress.epoch == len(progress.history) == 1


def test_a_signal_in_the_last_epochs_report_stops_before_what_follows(tmp_path):
    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                checkpoints._stop(2)

    progress = loop.Progress()
    checkpoints = Checkpoints(tmp_path, progress)
    with pytest.raises(SystemExit) as exit_:
        fit(make_model(), progress, callbacks=[checkpoints, Report()])
    assert exit_.value.code == 130 and progress.epoch == 3


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (5, "loss became nan in epoch 2, step 2; the weights of epoch 1 are kept"),
        (8, "loss became nan in epoch 2, step 5"),  # the epoch's last: only val_loss shows it
        (1, "in epoch 1, step 2; none is kept"),
    ],
)
def test_what_is_no_number_is_neither_recorded_nor_kept(tmp_path, step, words):
    model, progress = make_model(), loop.Progress()
    callbacks = [Spoil(step), Checkpoints(tmp_path, progress)]

    def evaluate():
        return {"val_loss": float(np.sum(model.get_weights()[0]))}

    with pytest.raises(UserError, match=words):
        fit(model, progress, callbacks=callbacks, evaluate=evaluate)
    assert len(progress.history) == progress.epoch == (step - 1) // 4
    restored = make_model()
    Checkpoints(tmp_path, loop.Progress()).restore(restored)
    assert np.all(np.isfinite(restored.get_weights()[0]))


def test_a_signal_does_not_store_weights_that_are_no_numbers(tmp_path):
    model, progress = make_model(), loop.Progress()
    checkpoints = Checkpoints(tmp_path, progress)
    with pytest.raises(UserError, match="the weights of epoch 1 are kept"):
        fit(model, progress, callbacks=[Spoil(6), StopAt(checkpoints, 6), checkpoints])
    (file,) = tmp_path.iterdir()
    assert "epoch-000001" in file.name


def test_the_epochs_figures_are_means_over_examples():
    progress = loop.Progress()
    progress.add_step({"loss": 1.0, "kl": 0.0}, 30)
    progress.add_step({"loss": 4.0, "kl": 3.0}, 10)
    assert progress.means() == {"loss": 1.75, "kl": 0.75}


def test_progress_is_printed(capsys):
    progress = loop.Progress()
    bar = ProgressBar(3, 4, progress, lambda logs, rate: f"loss {logs['loss']:.2f} {rate > 0}")
    fit(make_model(), progress, callbacks=[bar])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("Epoch 2 of 3: loss ") and lines[1].endswith("True")


def test_tensorboard_gets_every_step_and_epoch(tmp_path):
    fit(make_model(), callbacks=[TensorBoard(str(tmp_path))])
    (file,) = tmp_path.glob("events*")
    values = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            values.setdefault(value.tag, []).append(event.step)
    assert values == {"step/loss": list(range(1, 13)), "epoch/loss": [1, 2, 3]}
