"""The learning rate over a run."""

import math
from typing import Literal

Schedule = Literal["constant", "cosine"]
SCHEDULES = ("constant", "cosine")


def rate_factor(schedule: Schedule, fraction_done: float, step: int, warmup_steps: int) -> float:
    """Return the factor of the learning rate in a step.

    Args:
      schedule: constant, or cosine decay to zero (Loshchilov and Hutter, "SGDR", 2017, without
        restarts).
      fraction_done: fraction of the run's steps that is finished.
      step: number of the step, from 0.
      warmup_steps: number of steps over which the factor rises from zero; 0 for no warm-up.
    """
    warmup = min(1.0, (step + 1) / (warmup_steps + 1))
    return warmup * (1 + math.cos(math.pi * fraction_done)) / 2 if schedule == "cosine" else warmup
