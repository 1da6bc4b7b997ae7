"""How fast a run goes: its rate, the time that is left, and the epochs that end in time."""

import time

MEASURED_STEPS = 100  # before `--max_minutes` sets the number of epochs
_STEPS_SHARE = 0.9  # of an epoch's time; evaluation, samples and checkpoints take the rest


class Pace:
    """Times of the steps and epochs of this process.

    Attributes:
      steps: steps of the present epoch in this process.
    """

    def __init__(self):
        self._opened = time.monotonic()
        self._trained = 0.0  # when the first epoch began in this process
        self._epochs = 0.0  # finished in this process

    def begin_epoch(self, examples: float, share: float) -> None:
        """Record the begin of an epoch.

        Args:
          examples: those of its steps that a resumed run has done before.
          share: of its steps that are left.
        """
        self.steps, self._share = 0, share
        self._marks = [(time.monotonic(), examples)]
        self._trained = self._trained or time.monotonic()

    def end_step(self, examples: float) -> None:
        """Record the end of a step; `examples` are those of the epoch so far."""
        self.steps += 1
        # The begin of the epoch, the end of its first step and that of its last.
        self._marks = [*self._marks[:2], (time.monotonic(), examples)]

    def end_epoch(self) -> None:
        """Record the end of an epoch, its evaluation included."""
        self._epochs += self._share

    def examples_per_second(self) -> float:
        """Return the rate of the present epoch; 0 if none of its steps ran in this process.

        The first step does not count unless it is the only one, because it compiles.
        """
        begin, end = self._marks[1 if self.steps > 1 else 0], self._marks[-1]
        return (end[1] - begin[1]) / (end[0] - begin[0]) if end[0] > begin[0] else 0.0

    def epochs_within(self, minutes: float, steps_per_epoch: int) -> int:
        """Return how many epochs end in time, by the rate of the steps so far; at least 1.

        Args:
          minutes: from the opening of the run to its last epoch's end.
        """
        first = 1 if self.steps > 1 else 0
        seconds_per_step = (self._marks[-1][0] - self._marks[first][0]) / (self.steps - first)
        seconds = 60 * minutes - (self._trained - self._opened)
        return max(1, int(_STEPS_SHARE * seconds / (steps_per_epoch * seconds_per_step)))

    def time_left(self, epochs: int) -> str:
        """Return the time that `epochs` epochs take, by those of this process; empty if unknown."""
        if not epochs or not self._epochs:
            return ""
        return duration_text(epochs * (time.monotonic() - self._trained) / self._epochs)


def duration_text(seconds: float) -> str:
    """Return a duration in words, such as `40 s`, `3 min` or `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
