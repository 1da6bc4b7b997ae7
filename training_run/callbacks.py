"""What happens around the training loop: checkpoints, signals, progress and TensorBoard."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from training_run import checkpoints, signals
from training_run.cluster import Cluster
from training_run.devices import writing
from training_run.loop import Logs, Progress, check_weights

CHECKPOINT_SECONDS = 300  # within a long epoch
TOGETHER = 10  # steps from one exchange of signals to the next: each costs as much as a gradient's


class Checkpoints(keras.callbacks.Callback):
    """Writes a checkpoint after each epoch, every five minutes, and when told to stop.

    SIGINT (Ctrl-C) and SIGTERM end the run after the step under way, with a checkpoint of it, on
    all processes that train together, whichever gets it.

    Args:
      directory: where the checkpoints are; None in a process that is not the chief.
      cluster: the processes; this one alone by default.
    """

    def __init__(self, directory: Path | None, progress: Progress, cluster: Cluster | None = None):
        super().__init__()
        self.directory = directory
        self.progress = progress
        self.cluster = cluster or Cluster()
        self._signal = 0
        self._saved_at = time.monotonic()

    def restore(self, model: keras.Model) -> list[str]:
        """Set the model, its optimizer and the progress to the newest checkpoint, if there is one.

        The chief reads it, and what is the chief's becomes everyone's.

        Returns:
          Warnings about damaged checkpoints that were passed over.

        Raises:
          UserError: all checkpoints are damaged.
        """
        warnings = self._load(model) if self.directory else []
        for variable in _variables(model).values():
            variable.assign(self.cluster.from_chief(variable.numpy()))
        for name, value in self.cluster.json_from_chief(self.progress.fields()).items():
            setattr(self.progress, name, value)
        if self.progress.best_epoch:
            best = self.progress.best_weights or model.get_weights()  # whose values do not matter
            self.progress.best_weights = [self.cluster.from_chief(weight) for weight in best]
        return warnings

    def _load(self, model: keras.Model) -> list[str]:
        """Do the chief's part of `restore`."""
        assert self.directory
        learning_rate = model.optimizer.learning_rate.numpy()
        variables = _variables(model)
        best = {_best(index): weight for index, weight in enumerate(model.get_weights())}

        def check(arrays: dict[str, np.ndarray], fields: dict[str, Any]) -> None:
            self.progress.check(fields)
            wanted = variables | (best if fields["best_epoch"] else {})
            for name in wanted.keys() | arrays.keys():
                if name not in wanted or tuple(wanted[name].shape) != arrays[name].shape:
                    raise ValueError(f"{name} is not one of this model's arrays")

        loaded = checkpoints.load(self.directory, check)
        if loaded is None:
            return []
        arrays, fields, warnings = loaded
        for name, variable in variables.items():
            variable.assign(arrays[name])
        # The flag decides, so that a run that diverged can go on more slowly.
        model.optimizer.learning_rate.assign(learning_rate)
        for name, value in fields.items():
            setattr(self.progress, name, value)
        self.progress.best_weights = [arrays[name] for name in best if name in arrays]
        return warnings

    def save(self) -> None:
        """Write a checkpoint of the model, whose weights have been checked, and the progress."""
        if not self.directory:
            return
        arrays = {name: value.numpy() for name, value in _variables(self.model).items()}
        for index, weights in enumerate(self.progress.best_weights):
            arrays[_best(index)] = weights
        checkpoints.save(self.directory, arrays, self.progress.fields())
        self._saved_at = time.monotonic()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Take over the signals."""
        self._watch = signals.watching(self._stop)
        self._watch.__enter__()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Give the signals back, and stop if one has come."""
        self._watch.__exit__(None, None, None)
        if not sys.exc_info()[0]:  # nothing has ended the training already
            self._stop_now(self._told()[0])

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Checkpoint if it is time, and stop if a signal has come.

        Raises:
          UserError: a weight is not a number: the checkpoint before is to stay the newest.
        """
        if self.cluster.size > 1 and batch % TOGETHER:
            return
        late = time.monotonic() - self._saved_at > CHECKPOINT_SECONDS
        told, save = self._told(late and self.cluster.is_chief)
        if told or save:
            check_weights(self.model, self.progress)  # at an epoch's end, the loop has done it
            self.save()
        self._stop_now(told)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Checkpoint."""
        self.save()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Stop if a signal has come, now that the last epoch has been reported."""
        self._stop_now(self._told()[0])

    def _stop(self, number: int) -> None:
        if self._signal:  # the second one does not wait for the step
            os.write(2, b"\nerror: interrupted; --resume goes on from the last checkpoint\n")
            os._exit(128 + number)
        self._signal = number

    def _told(self, save: bool = False) -> tuple[int, bool]:
        """Return the signal that this process or another one has got, or 0; and if one is to save.

        A signal may come at any moment, so it is looked at once, and by all at the same step.
        """
        wishes = np.zeros(signal.NSIG, np.int32)
        wishes[self._signal] = 1
        wishes[0] = save  # there is no signal 0
        wished = np.flatnonzero(self.cluster.total(wishes))
        return int(wished.max(initial=0)), 0 in wished

    def _stop_now(self, told: int) -> None:
        if told:
            self.cluster.leave()
            epochs, steps = self.progress.epoch, self.progress.step
            finish = f"; --resume --epochs={epochs} makes a model of it" if epochs else ""
            print(  # on stderr: whoever read the output may have been stopped too
                f"\nStopped after {epochs} epochs and {steps} steps, with a checkpoint. "
                f"--resume goes on from here{finish}.",
                file=sys.stderr,
            )
            raise SystemExit(128 + told)


class ProgressBar(keras.callbacks.Callback):
    """Shows a bar while an epoch runs, if stderr is a terminal, and prints its figures after it.

    `summary(logs, examples_per_second)` words the figures.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        progress: Progress,
        summary: Callable[[Logs, float], str],
    ):
        super().__init__()
        self.epochs, self.steps, self.progress, self.summary = epochs, steps, progress, summary

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Open the bar."""
        self._bar = tqdm(
            total=self.steps,
            initial=self.progress.step,
            desc=f"Epoch {epoch + 1} of {self.epochs}",
            unit="step",
            leave=False,
            disable=None,
        )
        self._times = [time.monotonic()]
        self._examples = [self.progress.sums.get("examples", 0.0)]

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Advance the bar."""
        self._times = [*self._times[:2], time.monotonic()]
        self._examples = [*self._examples[:2], self.progress.sums["examples"]]
        self._bar.set_postfix(loss=f"{(logs or {})['loss']:.4f}", refresh=False)
        self._bar.update(1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Close the bar and print the epoch's figures."""
        self._bar.close()
        # From the end of the first step, which also compiles; from its beginning if it is the only
        # one. A run resumed after an epoch's last step has none.
        start = 1 if len(self._times) > 2 else 0
        elapsed = self._times[-1] - self._times[start]
        rate = (self._examples[-1] - self._examples[start]) / elapsed if elapsed else 0.0
        print(f"Epoch {epoch + 1} of {self.epochs}: {self.summary(logs or {}, rate)}", flush=True)


class TensorBoard(keras.callbacks.Callback):
    """Writes figures of every step and epoch, and pictures of every epoch, for TensorBoard.

    `pictures()` returns images [height, width] of values from 0 to 1, by name.
    """

    def __init__(self, log_dir: str, pictures: Callable[[], dict[str, np.ndarray]] = dict):
        super().__init__()
        self._pictures = pictures
        self._directory = Path(log_dir)
        self._writer = tf.summary.create_file_writer(log_dir)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the epoch's means so far, at the optimizer's count of steps."""
        self._write("step", logs or {}, int(self.model.optimizer.iterations.numpy()))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's figures."""
        self._write("epoch", logs or {}, epoch + 1)
        with writing(self._directory), self._writer.as_default():
            for name, picture in self._pictures().items():
                tf.summary.image(name, picture[None, ..., None], step=epoch + 1)
            self._writer.flush()

    def _write(self, group: str, logs: Logs, step: int) -> None:
        with writing(self._directory), self._writer.as_default():
            for name, value in logs.items():
                tf.summary.scalar(f"{group}/{name}", value, step=step)


def _best(index: int) -> str:
    return f"best/{index:04d}"


def _variables(model: keras.Model) -> dict[str, Any]:
    """Return what a checkpoint restores of a compiled model, by name."""
    weights = {f"model/{index:04d}": v for index, v in enumerate(model.variables)}
    optimizer = {f"optimizer/{index:04d}": v for index, v in enumerate(model.optimizer.variables)}
    return weights | optimizer
