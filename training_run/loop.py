"""The training loop: epochs of gradient steps that can stop and go on at any step."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from training_run.command_line import UserError

Logs = dict[str, float]


@dataclasses.dataclass
class Progress:
    """Where a run stands: what a checkpoint holds beside the weights.

    Attributes:
      epoch: finished epochs.
      step: finished steps of the epoch under way.
      sums: each metric of those steps, summed over their examples; `examples` counts them.
      history: the figures of each finished epoch.
      best_epoch: the epoch (from 1) of the lowest validation loss so far, 0 before the first.
      notes: what an app keeps for each finished epoch, such as sample texts.
      best_weights: the model's weights after `best_epoch`.
    """

    epoch: int = 0
    step: int = 0
    sums: Logs = dataclasses.field(default_factory=dict)
    history: list[Logs] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)
    best_weights: list[np.ndarray] = dataclasses.field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """Return what a checkpoint holds as JSON: all attributes but `best_weights`."""
        return {name: value for name, value in vars(self).items() if name != "best_weights"}

    def check(self, fields: dict[str, Any]) -> None:
        """Check that JSON from a checkpoint could be what `fields` returned.

        Raises:
          ValueError: it could not.
        """
        kinds = {name: type(value) for name, value in self.fields().items()}
        if not isinstance(fields, dict) or {n: type(v) for n, v in fields.items()} != kinds:
            raise ValueError("its progress is not that of a run")
        if len(fields["history"]) != fields["epoch"] or fields["best_epoch"] > fields["epoch"]:
            raise ValueError("its history is not that of its epochs")

    def stalled(self, patience: int) -> bool:
        """Tell whether the validation loss has had no new minimum for `patience` epochs (0: no)."""
        return patience > 0 and self.epoch - self.best_epoch >= patience

    def add_step(self, metrics: Logs, examples: int) -> None:
        """Count one step over `examples` examples with these mean metrics."""
        self.step += 1
        for name, value in {**metrics, "examples": 1.0}.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * examples

    def means(self) -> Logs:
        """Return the mean metrics of the epoch so far."""
        examples = self.sums["examples"]
        return {name: total / examples for name, total in self.sums.items() if name != "examples"}

    def end_epoch(self, logs: Logs, model: keras.Model) -> None:
        """Record a finished epoch, and the weights if its loss is the lowest so far."""
        self.epoch += 1
        self.step = 0
        self.sums = {}
        self.history.append({"epoch": float(self.epoch), **logs})
        if not self.best_epoch or _score(logs) < _score(self.history[self.best_epoch - 1]):
            self.best_epoch = self.epoch
            self.best_weights = model.get_weights()


def fit(
    model: keras.Model,
    *,
    epochs: int,
    batches: Callable[[int, int], Iterable[Any]],
    train_step: Callable[[Any], dict[str, Any]],
    evaluate: Callable[[], Logs],
    callbacks: Iterable[keras.callbacks.Callback] = (),
    progress: Progress | None = None,
    patience: int = 0,
) -> Progress:
    """Train `model` until `epochs` epochs are done.

    Args:
      batches: maps (epoch from 0, steps to skip) to the batches of that epoch from that step on;
        a batch's first dimension is its number of examples.
      train_step: takes one gradient step on a batch and returns its mean metrics, `loss` among
        them.
      evaluate: returns the validation figures, `val_loss` among them unless there is no
        validation data.
      callbacks: Keras callbacks; `on_train_batch_end` and `on_epoch_end` get the mean metrics.
      progress: where to go on; by default from the start. Updated in place.
      patience: stop after so many epochs without a lower validation loss; 0 never does.

    Returns:
      The progress, with the history and the best weights.

    Raises:
      UserError: the loss is not a number any more.
    """
    progress = progress if progress is not None else Progress()
    hooks = keras.callbacks.CallbackList(list(callbacks), model=model)
    model.stop_training = False  # a callback may set it, as in Keras
    hooks.on_train_begin()
    try:
        while progress.epoch < epochs and not (model.stop_training or progress.stalled(patience)):
            hooks.on_epoch_begin(progress.epoch)
            for batch in batches(progress.epoch, progress.step):
                metrics = {name: float(value) for name, value in train_step(batch).items()}
                check_finite(metrics["loss"], progress)
                progress.add_step(metrics, len(batch))
                hooks.on_train_batch_end(progress.step - 1, progress.means())
            logs = {**progress.means(), **evaluate()}
            check_finite(_score(logs), progress)
            check_weights(model, progress)
            progress.end_epoch(logs, model)
            hooks.on_epoch_end(progress.epoch - 1, logs)
    finally:
        hooks.on_train_end()
    return progress


def check_finite(value: float, progress: Progress) -> None:
    """Raise a UserError if the training has diverged: a loss or a weight is not a number."""
    if math.isfinite(value):
        return
    kept = f"the weights of epoch {progress.epoch} are kept" if progress.epoch else "none is kept"
    raise UserError(
        f"the loss became {value} in epoch {progress.epoch + 1}, step {progress.step + 1}; {kept}: "
        "go on with a smaller learning rate (--resume --learning_rate=...)"
    )


def check_weights(model: keras.Model, progress: Progress) -> None:
    """Raise a UserError if a weight is not a number: no loss has shown it yet."""
    for weight in model.get_weights():
        check_finite(float(np.sum(weight)), progress)


def _score(logs: Logs) -> float:
    """Return what the best epoch has least of."""
    return logs.get("val_loss", logs["loss"])
