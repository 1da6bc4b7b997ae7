"""A training loop with a run: stops, resumes and keeps the best epoch."""

import json
import re
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_tfjs import signals
from tests.support.line_model import ROWS, STEPS, fit, make_model, open_run, signal_at
from training_run.batches import Batches
from training_run.pace import Pace
from training_run.run import Run
from training_run.tensorboard import TensorBoard

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("step", [1, 4, 6])
def test_resumed_run_equals_an_uninterrupted_run(tmp_path, step, capsys):
    uninterrupted = make_model()
    expected = fit(uninterrupted, Run())

    stopped = open_run(tmp_path / "run")
    with pytest.raises(SystemExit) as exit_:
        fit(make_model(), stopped, after_step=signal_at(step))
    signals.state.received = 0
    assert exit_.value.code == 143
    output = capsys.readouterr()
    assert "--resume goes on" in output.err

    model, resumed = make_model(), open_run(tmp_path / "run")
    seen: list[int] = []
    fit(model, resumed, after_step=seen.append)
    assert seen == list(range(step + 1, 3 * STEPS + 1))
    out = capsys.readouterr().out
    assert out.count(" examples/s") == 3 - stopped.progress.epoch and "warning" not in out
    assert all(rate > 0 for rate in rates(out)[1:])  # The first epoch may have no step left.
    assert resumed.history == expected.history
    assert resumed.progress.best_epoch == expected.progress.best_epoch
    weights = zip(resumed.progress.best_weights, expected.progress.best_weights, strict=True)
    for ours, theirs in weights:
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(model.get_weights(), uninterrupted.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_max_minutes_sets_the_number_of_epochs_once(tmp_path, monkeypatch, capsys):
    """A resumed run keeps the number, even if the speed is different."""
    monkeypatch.setattr("training_run.run.MEASURED_STEPS", 2)
    monkeypatch.setattr(Pace, "epochs_within", lambda *_: 4)
    uninterrupted, expected = make_model(), Run(max_minutes=1)
    fit(uninterrupted, expected, decay=True)
    assert "Number of epochs in 1 minutes: 4\n" in capsys.readouterr().out
    assert len(expected.history) == 4

    with pytest.raises(SystemExit):
        fit(make_model(), open_run(tmp_path / "run", max_minutes=1), decay=True,
            after_step=signal_at(6))  # fmt: skip
    signals.state.received = 0
    monkeypatch.setattr(Pace, "epochs_within", lambda *_: 9)
    model, resumed = make_model(), open_run(tmp_path / "run", max_minutes=1)
    fit(model, resumed, decay=True)
    assert resumed.history == expected.history
    for ours, theirs in zip(model.get_weights(), uninterrupted.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)

    longer = open_run(tmp_path / "run")  # --resume --epochs=5
    assert len(fit(make_model(), longer, epochs=5).history) == 5
    again = open_run(tmp_path / "run", max_minutes=1)  # --resume
    assert len(fit(make_model(), again).history) == 5


@pytest.mark.parametrize("measured_steps", [1, STEPS, 100])
def test_max_minutes_sets_the_epochs_in_the_first_epoch(monkeypatch, measured_steps):
    monkeypatch.setattr("training_run.run.MEASURED_STEPS", measured_steps)
    assert len(fit(make_model(), Run(max_minutes=1e-6), epochs=50).history) == 1  # at least one


def test_run_prints_the_time_left(capsys):
    fit(make_model(), Run())
    first, second, last = re.findall("Epoch . of 3: .*", capsys.readouterr().out)
    assert re.search(r" examples/s, \d+ s left$", first)
    assert re.search(r" examples/s, \d+ s left$", second)
    assert last.endswith(" examples/s")


def rates(out):
    """Return the examples per second in the output."""
    return [int(rate.replace(",", "")) for rate in re.findall(r"([\d,]+) examples/s", out)]


def test_restore_keeps_the_optimizers_learning_rate(tmp_path):
    fit(make_model(), open_run(tmp_path / "run"))
    model = make_model(learning_rate=1e-5)
    run = open_run(tmp_path / "run")
    run.restore(model, model.optimizer)
    assert run.progress.epoch == 3
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-5)


def test_best_model_has_the_lowest_val_loss():
    weights, model, run = [], make_model(), Run()

    def keep(steps):
        if steps % STEPS == 0:
            weights.append(model.get_weights())

    fit(model, run, val_losses=[3.0, 1.0, 2.0], after_step=keep)
    assert run.progress.best_epoch == 2
    best = run.best_model(model)
    for ours, theirs, last in zip(best.get_weights(), weights[1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert not np.array_equal(ours, last)
    assert [row["val_loss"] for row in run.history] == [3.0, 1.0, 2.0]


def test_patience_stops_a_run_early(tmp_path):
    losses = [3.0, 1.0, 2.0, 2.0, 0.5]
    run = fit(make_model(), open_run(tmp_path / "run"), 5, list(losses), patience=2)
    assert run.progress.epoch == 4 and run.progress.best_epoch == 2
    again = fit(make_model(), open_run(tmp_path / "run"), 5, patience=2)
    assert again.progress.epoch == 4  # also when resumed
    assert fit(make_model(), Run(), 5, list(losses)).progress.epoch == 5


def test_signal_in_the_last_epoch_ends_the_run(tmp_path):
    run, model = open_run(tmp_path / "run"), make_model()
    spent: list[int] = []

    def evaluate():
        spent.append(1)
        if len(spent) == 3:
            signals.state.received = signal.SIGINT
        return {}

    with pytest.raises(SystemExit) as exit_:
        fit(model, run, evaluate=evaluate)
    assert exit_.value.code == 130 and run.progress.epoch == 3
    assert list((tmp_path / "run/checkpoints").glob("epoch-000003-*"))


def test_a_run_trains_one_model():
    run, model = Run(), make_model()
    fit(model, run, epochs=1)
    fit(model, run, epochs=2)
    assert run.progress.epoch == 2
    with pytest.raises(ValueError, match="make a new Run for another model"):
        fit(make_model(), run)


def test_restore_builds_the_optimizer(tmp_path):
    def unbuilt():
        model = make_model()
        model.compile("adam", "mse")
        return model

    whole, parts = open_run(tmp_path / "whole"), open_run(tmp_path / "parts")
    fit(unbuilt(), whole)
    fit(unbuilt(), parts, epochs=1)
    parts = open_run(tmp_path / "parts")
    fit(unbuilt(), parts)
    assert parts.history == whole.history


def test_run_accepts_a_keras_schedule(tmp_path):
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    run, model = open_run(tmp_path / "run"), make_model()
    model.optimizer = keras.optimizers.SGD(schedule)
    fit(model, run)
    assert run.progress.epoch == 3


def test_epoch_metrics_are_means_over_examples():
    progress = Run().progress
    progress.add_step({"loss": 1.0, "kl": 0.0}, 30)
    progress.add_step({"loss": 4.0, "kl": 3.0}, 10)
    assert progress.means() == {"loss": 1.75, "kl": 0.75}


def test_epochs_are_printed_and_written(tmp_path, capsys):
    run = fit(make_model(), open_run(tmp_path / "run"), val_losses=[3.0, 2.0, 1.0])
    out = capsys.readouterr().out
    rows = json.loads((tmp_path / "run/epochs.json").read_text())["epochs"]
    assert len(rates(out)) == 3 and all(rate > 0 for rate in rates(out))
    assert rows == run.history and [row["epoch"] for row in rows] == [1, 2, 3]
    table = (tmp_path / "run/history.csv").read_text().splitlines()
    assert table[0] == "epoch,loss,val_loss" and len(table) == 4
    for row, line in zip(rows, table[1:], strict=True):
        assert line == f"{row['epoch']},{row['loss']},{row['val_loss']}"
        assert row["samples"] == {"0": f"epoch {row['epoch']}"}
        figures = f"loss {row['loss']:.4f}, val_loss {row['val_loss']:.4f}, "
        assert f"Epoch {row['epoch']} of 3: {figures}" in out
        assert f'Generated text (temperature=0):\n"epoch {row["epoch"]}"\n' in out


def test_run_without_directory_writes_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit(make_model(), Run())
    assert not list(tmp_path.iterdir())


def test_tensorboard_gets_every_step_and_epoch(tmp_path):
    run = Run(tensorboard=TensorBoard(str(tmp_path)))
    fit(make_model(), run)
    (file,) = tmp_path.glob("events*")
    steps, values = {}, {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            steps.setdefault(value.tag, []).append(event.step)
            values.setdefault(value.tag, []).append(float(tf.make_ndarray(value.tensor)))
    assert steps == {"loss": list(range(1, 13)), "epoch/loss": [1, 2, 3]}
    losses = np.reshape(values["loss"], (3, STEPS))  # each batch's own loss
    means = np.average(losses, axis=1, weights=ROWS)  # over the examples, not the batches
    np.testing.assert_allclose(means, values["epoch/loss"], rtol=1e-5)
    np.testing.assert_allclose(means, [row["loss"] for row in run.history], rtol=1e-5)


def test_unwritable_log_dir_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError):  # Commands print an OSError as one line.
        TensorBoard(str(tmp_path / "file"))


def test_batches_are_made_lazily():
    made = []

    def make(first, end):
        made.append((first, end))
        return np.arange(first, end)

    batches = Batches(10, 4, make)
    assert len(batches) == 3 and made == []
    np.testing.assert_array_equal(batches[2], [8, 9])
    assert made == [(8, 10)]
    np.testing.assert_array_equal(np.concatenate(list(batches)), np.arange(10))
