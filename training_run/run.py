"""What a training loop calls around its step: progress, metrics, checkpoints and signals.

The loops are in fashion_mnist_vae/train.py and lstm_text_generation/model.py.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from keras_tfjs import signals
from keras_tfjs.command_line import UserError
from training_run import history, messages
from training_run.checkpoints import Checkpoints
from training_run.distribution import Workers
from training_run.pace import MEASURED_STEPS, Pace
from training_run.run_directory import CHECKPOINTS, RunDirectory, describe_saved_state
from training_run.schedule import Schedule, rate_factor
from training_run.tensorboard import TensorBoard

CHECKPOINT_SECONDS = 300  # between two checkpoints of a long epoch
SYNC_STEPS = 10  # between two exchanges of signals by the workers, because each is an all-reduce


class Run:
    """A training run. `Run()` writes no files; `open_run` returns a run with a directory.

    Attributes:
      strategy: the `tf.distribute.Strategy`. Build the model in its scope.
      on_each_replica: decorator that compiles the training step and gives each replica its rows.
      progress: the finished epochs and steps, and their metrics.
      tensorboard: writes the metrics for TensorBoard.
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
        """Whether this process writes the run's directory."""
        return self._directory is not None

    @property
    def num_epochs(self) -> int:
        """Number of epochs of the run, including those before `--resume`."""
        return self.progress.num_epochs or self._default_epochs

    @property
    def directory(self) -> Path:
        """The directory for the run's files. Only the chief of an opened run has a directory."""
        assert self._directory
        return self._directory.training

    def restore(self, model: keras.Model, optimizer: keras.Optimizer) -> None:
        """Load the newest checkpoint, if any, into model, optimizer and progress.

        The optimizer keeps its learning rate, because a resumed run may change the rate.

        Raises:
          UserError: no checkpoint can be read; see `Checkpoints.restore`.
          ValueError: this `Run` already trains another model.
        """
        if self._model is not None and self._model is not model:
            raise ValueError("a run trains one model; make a new Run for another model")
        if not optimizer.built:
            with self.strategy.scope():
                optimizer.build(model.trainable_variables)
        self._model, self._optimizer = model, optimizer
        directory = self.directory / CHECKPOINTS if self._directory else None
        self._checkpoints = Checkpoints(directory, model, optimizer, self.progress)
        if (replicas := self.strategy.num_replicas_in_sync) > 1:
            # `optimizer.apply` sums the replicas' gradients, but each gradient is the mean already.
            optimizer.loss_scale_factor = float(replicas)
        learning_rate = float(optimizer.learning_rate.numpy())
        with self.strategy.scope():
            for warning in self.workers.on_chief(self._checkpoints.restore) or []:
                print(f"warning: {warning}")
            self._checkpoints.broadcast(self.workers)
        if isinstance(optimizer.learning_rate, keras.Variable):  # not a Keras schedule
            self.set_learning_rate(learning_rate)

    def epochs(self, count: int, patience: int = 0) -> Iterator[int]:
        """Yield the number, from 0, of each epoch that is not finished.

        Args:
          count: number of epochs of the run. With `max_minutes`, the speed of the first steps sets
            the number instead, and a resumed run keeps the number.
          patience: stop after this many epochs without a lower loss; 0 disables early stopping.

        Raises:
          SystemExit: this or another process received a signal.
        """
        self._default_epochs = count
        if not self._max_minutes:
            self.progress.num_epochs = count
        signals.state.deferred = True
        while self.progress.epoch < self.num_epochs and not self._patience_exhausted(patience):
            yield self.progress.epoch
            self._stop_on_signal()
        signals.state.deferred = False  # From here on, a signal ends the process at once.
        self._stop_on_signal()

    def steps(self, batches: Sequence[Any]) -> Iterator[Any]:
        """Yield the batches of an epoch, except those that a resumed run has trained on.

        After each step, save a checkpoint if it is time, and stop if a signal was received. Several
        workers do this every `SYNC_STEPS` steps.

        Raises:
          SystemExit: this or another process received a signal.
          UserError: a weight is NaN or infinite before a checkpoint or after the last step.
        """
        self._bar = tqdm(
            total=len(batches),
            initial=self.progress.step,
            desc=f"Epoch {self.progress.epoch + 1} of {self.progress.num_epochs or '?'}",
            unit="step",
            leave=False,
            # None: tqdm hides the bar if stderr is not a terminal.
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
        """Record the metrics of a step: means over its batch, including `loss`.

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
        """Record the metrics of an epoch, save a checkpoint, then print the metrics.

        Args:
          metrics: measured after the epoch, such as `val_loss`.
          samples: generated texts by temperature.

        Raises:
          UserError: `val_loss` is NaN or infinite.
        """
        row = {**self.progress.means(), **metrics, **({"samples": samples} if samples else {})}
        row = self.workers.broadcast(row)  # because all workers must take the same decisions
        if "val_loss" in row:
            self.check_finite("val_loss", row["val_loss"])
        if self.progress.end_epoch(row):
            self.progress.best_weights = self._model.get_weights()
        self._save()
        epoch, metrics = self.progress.epoch, history.metrics_of(row)
        self.tensorboard.scalars({f"epoch/{name}": value for name, value in metrics.items()}, epoch)
        self.tensorboard.flush()
        self._pace.end_epoch()
        rate, left = self._pace.examples_per_second(), self._pace.time_left(self.num_epochs - epoch)
        print(messages.describe_epoch(row, epoch, self.num_epochs, rate, left), end="", flush=True)

    def check_finite(self, name: str, value: float, step: int | None = None) -> None:
        """Raise a UserError if a metric is NaN or infinite.

        Args:
          name: of the metric, for the message.
          step: number of the step in the epoch; by default the last finished step.
        """
        if not math.isfinite(value):
            step = step or self.progress.step
            raise UserError(messages.describe_divergence(name, value, self.progress.epoch, step))

    def best_model(self, model: keras.Model) -> keras.Model:
        """Return a copy of the model with the weights of the best epoch."""
        best = keras.models.clone_model(model)  # The copy has plain variables, not mirrored ones.
        best.set_weights(self.progress.best_weights or model.get_weights())
        return best

    def finish(self, files: dict[str, str], try_next: list[list[str]]) -> None:
        """Rename the complete directory to its final path, and list its files.

        Args:
          files, try_next: see `messages.describe_result`.
        """
        assert self._directory
        self._write_tables()  # A resumed run may have had no epoch left to train.
        self._directory.finish(files)
        print(messages.describe_result(self._directory.path, files, try_next))

    def close(self) -> None:
        """Clean up after a loop that was interrupted."""
        signals.state.deferred = False
        if self._bar is not None:
            self._bar.close()

    def _stop_on_signal(self, time_to_save: bool = False) -> None:
        """Save a checkpoint if it is time, and stop if any worker received a signal.

        Raises:
          SystemExit: a worker received a signal.
          UserError: a weight is NaN or infinite, so no checkpoint is saved.
        """
        votes = [signals.state.received == number for number in signals.SIGNALS]
        votes.append(time_to_save and self.workers.is_chief)
        *received, save = self.workers.all_reduce_sum(np.array(votes, np.int32))
        number = next((n for n, count in zip(signals.SIGNALS, received, strict=True) if count), 0)
        if (number and self.progress.step) or save:  # At step 0, log_epoch has just saved.
            self._check_weights()
            self._save()
        if not number:
            return
        self.workers.barrier()
        message = messages.describe_stop(self.progress.epoch, self.progress.step)
        print(message, file=sys.stderr)  # because Ctrl-C may have stopped the reader of stdout too
        raise SystemExit(128 + number)

    def _save(self) -> None:
        """Save a checkpoint and the tables, if this process writes files."""
        self._saved_at = time.monotonic()
        self._checkpoints.save()
        if self._directory:
            state = describe_saved_state(self._directory.path)
            signals.state.last_words = f"interrupted; {state}"
            self._write_tables()

    def _write_tables(self) -> None:
        if self.history:
            history.write_tables(self.directory, self.history)

    def _patience_exhausted(self, patience: int) -> bool:
        """Tell whether the last `patience` epochs had no lower loss; never if `patience` is 0."""
        return 0 < patience <= self.progress.epoch - self.progress.best_epoch

    def _examples(self) -> float:
        """Return the number of examples of the epoch so far."""
        return self.progress.sums.get("examples", 0.0)

    def _set_num_epochs(self, steps_per_epoch: int) -> None:
        """Set the number of epochs to what the chief can train within `max_minutes`."""
        count = self._pace.epochs_within(self._max_minutes, steps_per_epoch)
        self.progress.num_epochs = self.workers.broadcast(count)
        print(f"Number of epochs in {self._max_minutes:g} minutes: {self.num_epochs}")

    def _check_weights(self) -> None:
        """Raise a UserError if a weight is NaN or infinite, which the loss may not show yet."""
        for weight in self._model.get_weights():
            for value in weight[~np.isfinite(weight)][:1]:
                self.check_finite("weights", float(value))
