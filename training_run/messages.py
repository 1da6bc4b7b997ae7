"""The messages that a training run prints."""

import shlex
import sys
from pathlib import Path

from training_run import history


def describe_epoch(row: history.Row, epoch: int, num_epochs: int, rate: float, left: str) -> str:
    """Return the lines about an epoch: its metrics, the speed, and the sample texts.

    Args:
      row: the epoch's metrics.
      rate: examples/s.
      left: the time until the end of the run; empty if unknown.
    """
    time_left = f", {left} left" if left else ""
    return (
        f"Epoch {epoch} of {num_epochs}: {history.metrics_text(row)}, {rate:,.0f} examples/s"
        f"{time_left}\n{history.samples_text(row)}"
    )


def describe_divergence(name: str, value: float, epochs: int, step: int) -> str:
    """Return the error about a metric or weight that became NaN or infinite.

    Args:
      epochs: number of finished epochs.
      step: number of the step in the next epoch.
    """
    advice = "start again with a smaller learning rate (--learning_rate=...)"
    if epochs:
        advice = (
            "the last checkpoint is kept: go on with a smaller learning rate "
            "(--resume --learning_rate=...)"
        )
    return f"the {name} became {value} in epoch {epochs + 1}, step {step}; {advice}"


def describe_stop(epochs: int, steps: int) -> str:
    """Return the lines that a run prints when a signal stops the run."""
    export = f"; --resume --epochs={epochs} exports the model as it is" if epochs else ""
    return (
        f"\nStopped after {epochs} epochs and {steps} steps, with a checkpoint. "
        f"--resume goes on from here{export}."
    )


def describe_result(path: Path, files: dict[str, str], try_next: list[list[str]]) -> str:
    """Return the lines that end a finished run: the files in `path`, and commands to try.

    Args:
      files: the description of each file, by its name.
      try_next: a module and its arguments for each command.
    """
    width = max(len(str(path / name)) for name in files)
    lines = [f"  {path / name!s:{width}}  {text}" for name, text in files.items()]
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    commands = [f"  {python} -m {shlex.join(command)}" for command in try_next]
    return "\n".join([f"\nThe run is in {path}:", *lines, "\nTry next:", *commands])
