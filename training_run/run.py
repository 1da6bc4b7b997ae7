"""The training run: what happens around the steps, called by one line each in a training loop.

The loops are in fashion_mnist_vae/train.py and lstm_text_generation/model.py.
"""

import math
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from keras_tfjs import signals
from keras_tfjs.command_line import UserError
from training_run import history
from training_run.checkpoints import Checkpoints
from training_run.distribution import Workers
from training_run.pace import MEASURED_STEPS, Pace
from training_run.run_directory import CHECKPOINTS, RunDirectory, open_directory, what_is_kept
from training_run.schedule import Schedule, rate_factor
from training_run.summary import describe_result
from training_run.tensorboard import TensorBoard

CHECKPOINT_SECONDS = 300  # within a long epoch
SYNC_STEPS = 10  # between exchanges of signals; an exchange costs as much as that of the gradients


class Run:
    """A training run. `Run()` keeps nothing; `open_run` gives one with a directory.

    Attributes:
      strategy: the `tf.distribute.Strategy` under which to build the model.
      on_each_replica: decorates the training step: compiles it, and gives each replica its rows.
      progress: the epochs and steps that are done, and their metrics.
      tensorboard: where the metrics are written, too.
    """

    def __init__(
        self,
        directory: RunDirectory | None = None,
        workers: Workers | None = None,
        tensorboard: TensorBoard | None = None,
        max_minutes: float = 0.0,
    ):
        self.workers = workers or Workers()
        self.strategy = self.workers.strategy
        self.on_each_replica = self.workers.on_each_replica
        self.progress = history.Progress()
        self.tensorboard = tensorboard or TensorBoard(None)
        self._directory = directory
        self._max_minutes, self._default_epochs = max_minutes, 0
        self._pace = Pace()
        self._model: Any = None
        self._bar: tqdm | None = None
        self._saved_at = time.monotonic()

    @property
    def history(self) -> list[history.Row]:
        """The metrics of each finished epoch."""
        return self.progress.history

    @property
    def keeps_files(self) -> bool:
        """Whether the run has a directory, as an opened run has on the chief."""
        return self._directory is not None

    @property
    def num_epochs(self) -> int:
        """Epochs of the run, those before a resumption included."""
        return self.progress.num_epochs or self._default_epochs

    @property
    def directory(self) -> Path:
        """The directory to write files into; only an opened run has one, on the chief."""
        assert self._directory
        return self._directory.training

    def restore(self, model: keras.Model, optimizer: keras.Optimizer) -> None:
        """Set model, optimizer and progress to the newest checkpoint; a new run has none.

        From here on the run keeps checkpoints of them. The learning rate stays what the optimizer
        has, so that a resumed run can have another one.

        Raises:
          UserError: all checkpoints are damaged; see `Checkpoints.restore`.
          ValueError: the run has trained another model.
        """
        if self._model is not None and self._model is not model:
            raise ValueError("a run trains one model: make a new Run for another one")
        if not optimizer.built:
            with self.strategy.scope():
                optimizer.build(model.trainable_variables)
        self._model, self._optimizer = model, optimizer
        place = self.directory / CHECKPOINTS if self._directory else None
        self._checkpoints = Checkpoints(place, model, optimizer, self.progress)
        if (replicas := self.strategy.num_replicas_in_sync) > 1:
            # `optimizer.apply` sums the replicas' gradients, and each of them is the mean already.
            optimizer.loss_scale_factor = float(replicas)
        learning_rate = float(optimizer.learning_rate.numpy())
        with self.strategy.scope():
            for warning in self.workers.on_chief(self._checkpoints.restore) or []:
                print(f"warning: {warning}")
            self._checkpoints.broadcast(self.workers)
        if isinstance(optimizer.learning_rate, keras.Variable):  # a schedule sets its own rate
            self.set_learning_rate(learning_rate)

    def epochs(self, count: int, patience: int = 0) -> Iterator[int]:
        """Iterate over the numbers, from 0, of the epochs that are left of `count`.

        Args:
          count: epochs of the run. If the run has `max_minutes`, the rate of its first steps
            decides instead, and a resumed run has the same number.
          patience: stop after that many epochs without a lower loss; 0 disables early stopping.

        Raises:
          SystemExit: a signal has come to this or another process.
        """
        self._default_epochs = count
        if not self._max_minutes:
            self.progress.num_epochs = count
        signals.state.deferred = True
        while self.progress.epoch < self.num_epochs and not self._stalled(patience):
            yield self.progress.epoch
            self._stop_on_signal()
        signals.state.deferred = False  # a signal after this line ends the process itself
        self._stop_on_signal()

    def steps(self, batches: Sequence[Any]) -> Iterator[Any]:
        """Iterate over an epoch's batches, without those that a resumed run has done.

        After each step, take a checkpoint if it is time, and stop if a signal has come.

        Raises:
          SystemExit: a signal has come to this or another process.
          UserError: a weight is NaN or infinite after the last step.
        """
        self._bar = tqdm(
            total=len(batches),
            initial=self.progress.step,
            desc=f"Epoch {self.progress.epoch + 1} of {self.progress.num_epochs or '?'}",
            unit="step",
            leave=False,
            # None hides the bar if stderr is no terminal.
            disable=None if self.workers.is_chief else True,
        )
        self._num_steps = len(batches)
        self._pace.begin_epoch(self._examples(), 1 - self.progress.step / len(batches))
        for number in range(self.progress.step, len(batches)):
            batch = batches[number]
            self._batch_size = len(batch)
            yield batch
            self._pace.end_step(self._examples())
            self._bar.update(1)
            last = number + 1 == len(batches)
            if not self.progress.num_epochs and (self._pace.steps == MEASURED_STEPS or last):
                self._set_num_epochs(len(batches))
            if self.workers.size == 1 or number % SYNC_STEPS == 0:
                self._stop_on_signal(time.monotonic() > self._saved_at + CHECKPOINT_SECONDS)
        self._bar.close()
        self._check_weights()

    def log_step(self, metrics: dict[str, Any]) -> None:
        """Record a step's metrics: means over its batch, among them `loss`.

        Raises:
          UserError: the loss is NaN or infinite.
        """
        values = {name: float(value) for name, value in metrics.items()}
        self.check_finite("loss", values["loss"], self.progress.step + 1)
        self.progress.add_step(values, self._batch_size)
        self.tensorboard.scalars(values, int(self._optimizer.iterations.numpy()))
        assert self._bar is not None
        self._bar.set_postfix(loss=f"{self.progress.means()['loss']:.4f}", refresh=False)

    def schedule_learning_rate(
        self, learning_rate: float, schedule: Schedule, warmup_steps: int
    ) -> None:
        """Set the learning rate for the next step; see `rate_factor`."""
        epochs_done = self.progress.epoch + self.progress.step / self._num_steps
        step = int(self._optimizer.iterations.numpy())
        factor = rate_factor(schedule, epochs_done / self.num_epochs, step, warmup_steps)
        self.set_learning_rate(learning_rate * factor)

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the optimizer's learning rate, on all replicas."""
        with self.strategy.scope():
            self._optimizer.learning_rate.assign(learning_rate)

    def log_epoch(self, metrics: dict[str, float], samples: dict[str, str] | None = None) -> None:
        """Record the epoch with these metrics, take a checkpoint, and then print them.

        Args:
          metrics: what was measured after the epoch, such as `val_loss`.
          samples: texts that the model has written, by temperature.

        Raises:
          UserError: `val_loss` is NaN or infinite.
        """
        row = {**self.progress.means(), **metrics, **({"samples": samples} if samples else {})}
        row = self.workers.broadcast(row)  # so that all workers take the same decisions
        if "val_loss" in row:
            self.check_finite("val_loss", row["val_loss"])
        if self.progress.end_epoch(row):
            self.progress.best_weights = self._model.get_weights()
        self._save()
        epoch, named = self.progress.epoch, history.metrics_of(row)
        self.tensorboard.scalars({f"epoch/{name}": value for name, value in named.items()}, epoch)
        self.tensorboard.flush()
        self._pace.end_epoch()
        rate = f"{self._pace.examples_per_second():,.0f} examples/s"
        if left := self._pace.time_left(self.num_epochs - epoch):
            rate += f", {left} left"
        print(f"Epoch {epoch} of {self.num_epochs}: {history.metrics_text(row)}, {rate}")
        print(history.samples_text(row), end="", flush=True)

    def check_finite(self, what: str, value: float, step: int | None = None) -> None:
        """Check that a metric shows no divergence.

        Args:
          step: after how many steps of the epoch; by default those that are done.

        Raises:
          UserError: the value is NaN or infinite; the message says how to go on.
        """
        if math.isfinite(value):
            return
        epoch, step = self.progress.epoch, step or self.progress.step
        advice = "start again with a smaller learning rate (--learning_rate=...)"
        if epoch:
            advice = (
                f"the weights of epoch {epoch} are kept: go on with a smaller learning rate "
                "(--resume --learning_rate=...)"
            )
        raise UserError(f"the {what} became {value} in epoch {epoch + 1}, step {step}; {advice}")

    def best_model(self, model: keras.Model) -> keras.Model:
        """Return a copy of the model with the weights of the best epoch."""
        best = keras.models.clone_model(model)  # which has plain variables, not mirrored ones
        best.set_weights(self.progress.best_weights or model.get_weights())
        return best

    def finish(self, files: dict[str, str], try_next: list[list[str]]) -> None:
        """Rename the directory, which is complete, to its final path, and print what is in it.

        Args:
          files, try_next: see `summary.describe_result`.
        """
        assert self._directory
        self._write_tables()  # also if a resumed run had no epoch left to train
        self._directory.finish(files)
        print(describe_result(self._directory.path, files, try_next))

    def close(self) -> None:
        """Close what an interrupted loop has left open."""
        signals.state.deferred = False
        if self._bar is not None:
            self._bar.close()

    def _stop_on_signal(self, time_to_save: bool = False) -> None:
        """Take a checkpoint if it is time, and stop if a signal has come, as all workers do.

        Raises:
          SystemExit: a signal has come.
          UserError: a weight is NaN or infinite, so the checkpoint before has to stay the newest.
        """
        votes = [signals.state.received == number for number in signals.SIGNALS]
        votes.append(time_to_save and self.workers.is_chief)
        *came, save = self.workers.all_reduce_sum(np.array(votes, np.int32))
        number = next((n for n, count in zip(signals.SIGNALS, came, strict=True) if count), 0)
        if (number and self.progress.step) or save:  # at an epoch's end, log_epoch has saved
            self._check_weights()
            self._save()
        if not number:
            return
        self.workers.barrier()
        epochs, steps = self.progress.epoch, self.progress.step
        finish = f"; --resume --epochs={epochs} exports the model as it is" if epochs else ""
        print(  # on stderr, because the reader of the output may have been stopped too
            f"\nStopped after {epochs} epochs and {steps} steps, with a checkpoint. "
            f"--resume goes on from here{finish}.",
            file=sys.stderr,
        )
        raise SystemExit(128 + number)

    def _save(self) -> None:
        """Write a checkpoint and the tables, if this process keeps any."""
        self._saved_at = time.monotonic()
        self._checkpoints.save()
        if self._directory:
            signals.state.last_words = f"interrupted; {what_is_kept(self._directory.path)}"
            self._write_tables()

    def _write_tables(self) -> None:
        if self.history:
            history.write_tables(self.directory, self.history)

    def _stalled(self, patience: int) -> bool:
        """Tell whether there was no lower loss for `patience` epochs; 0 disables that."""
        return 0 < patience <= self.progress.epoch - self.progress.best_epoch

    def _examples(self) -> float:
        """Return the examples of the epoch so far."""
        return self.progress.sums.get("examples", 0.0)

    def _set_num_epochs(self, steps_per_epoch: int) -> None:
        """Set the number of epochs that end within `max_minutes`, as the chief measures it."""
        count = self._pace.epochs_within(self._max_minutes, steps_per_epoch)
        self.progress.num_epochs = self.workers.broadcast(count)
        print(f"Epochs that end within {self._max_minutes:g} minutes: {self.num_epochs}")

    def _check_weights(self) -> None:
        """Raise a UserError if a weight is not finite, even if no loss has shown it yet."""
        for weight in self._model.get_weights():
            for value in weight[~np.isfinite(weight)][:1]:
                self.check_finite("weights", float(value))


@contextmanager
def open_run(
    path: Path,
    settings: dict[str, Any],
    changeable: Collection[str] = (),
    workers: Workers | None = None,
    *,
    local: Collection[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    log_dir: str | None = None,
    max_minutes: float = 0.0,
) -> Iterator[Run]:
    """Open a run with a directory, which the chief of the workers writes.

    Args:
      path, settings, changeable, resume, overwrite: see `open_directory`.
      local: settings that may differ from worker to worker, such as paths.
      log_dir: directory for TensorBoard.
      max_minutes: time after which the last epoch should end; 0 for no limit. See `Run.epochs`.

    Raises:
      UserError: see `open_directory`; `log_dir` cannot be written; or the workers have other
        settings than the chief.
    """
    workers = workers or Workers()
    workers.check_same_settings(settings, local)

    @contextmanager
    def chiefs_run() -> Iterator[Run]:
        opening = open_directory(path, settings, changeable, resume=resume, overwrite=overwrite)
        with opening as directory:
            yield Run(directory, workers, TensorBoard(log_dir), max_minutes)

    with ExitStack() as stack:
        run = workers.on_chief(lambda: stack.enter_context(chiefs_run()))
        run = run or Run(workers=workers, max_minutes=max_minutes)
        stack.callback(run.close)
        yield run
