"""The speed of a run: examples per second, the time left, and the epochs in a given time."""

import time

MEASURED_STEPS = 100  # before `--max_minutes` sets the number of epochs
_STEPS_FRACTION = 0.9  # of an epoch's time; evaluation, samples and checkpoints take the rest


class Pace:
    """The times of the steps and epochs of this process.

    Attributes:
      steps: number of steps of the current epoch in this process.
    """

    def __init__(self):
        self._opened_at = time.monotonic()
        self._training_began_at = 0.0
        self._epochs = 0.0  # finished in this process; half an epoch counts 0.5

    def begin_epoch(self, examples: float, fraction: float) -> None:
        """Record the start of an epoch.

        Args:
          examples: number of examples of the epoch that were trained on before a resumption.
          fraction: fraction of the epoch's steps that is left.
        """
        self.steps, self._fraction = 0, fraction
        # (time, examples so far) at the epoch's start and at the end of its first and last steps.
        self._marks = [(time.monotonic(), examples)]
        self._training_began_at = self._training_began_at or time.monotonic()

    def end_step(self, examples: float) -> None:
        """Record the end of a step; `examples` is the number of examples of the epoch so far."""
        self.steps += 1
        self._marks = [*self._marks[:2], (time.monotonic(), examples)]

    def end_epoch(self) -> None:
        """Record the end of an epoch, after its evaluation."""
        self._epochs += self._fraction

    def examples_per_second(self) -> float:
        """Return the speed in the current epoch; 0 if this process has run none of its steps.

        The first step counts only if there is no other, because its time includes compilation.
        """
        begin, end = self._marks[1 if self.steps > 1 else 0], self._marks[-1]
        return (end[1] - begin[1]) / (end[0] - begin[0]) if end[0] > begin[0] else 0.0

    def epochs_within(self, minutes: float, steps_per_epoch: int) -> int:
        """Return how many epochs the run can finish in a time, at the present speed; at least 1.

        Args:
          minutes: from the opening of the run to the end of the last epoch.
        """
        first = 1 if self.steps > 1 else 0
        seconds_per_step = (self._marks[-1][0] - self._marks[first][0]) / (self.steps - first)
        seconds = 60 * minutes - (self._training_began_at - self._opened_at)
        return max(1, int(_STEPS_FRACTION * seconds / (steps_per_epoch * seconds_per_step)))

    def time_left(self, epochs: int) -> str:
        """Return the time for more epochs, at the speed of this process; empty if unknown."""
        if not epochs or not self._epochs:
            return ""
        seconds = time.monotonic() - self._training_began_at
        return duration_text(epochs * seconds / self._epochs)


def duration_text(seconds: float) -> str:
    """Return a duration as text, such as `40 s`, `3 min` or `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
