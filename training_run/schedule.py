"""The learning rate over a run."""

import math
from typing import Literal

Schedule = Literal["constant", "cosine"]
SCHEDULES = ("constant", "cosine")


def rate_factor(schedule: Schedule, fraction_done: float, step: int, warmup_steps: int) -> float:
    """Return what to multiply the learning rate with in a step.

    Args:
      schedule: keep the rate, or let it fall to zero along half a cosine's period (Loshchilov and
        Hutter, "SGDR", 2017, without restarts).
      fraction_done: of the run's steps.
      step: number of the step, from 0.
      warmup_steps: steps in which the rate also rises from zero; 0 for none.
    """
    warmup = min(1.0, (step + 1) / (warmup_steps + 1))
    return warmup * (1 + math.cos(math.pi * fraction_done)) / 2 if schedule == "cosine" else warmup
