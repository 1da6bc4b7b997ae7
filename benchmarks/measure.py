"""How the benchmarks measure: interleaved rounds and medians."""

import os
import platform
import statistics
import time
from collections.abc import Callable


def machine() -> str:
    """Describe the machine, for the head of a table."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rates(
    contestants: dict[str, tuple[Callable[[], object], float]], rounds: int
) -> dict[str, float]:
    """Return each contestant's rate, the median over interleaved rounds.

    Interleaving lets a slow spell of the machine hit all contestants alike.

    Args:
      contestants: by name, a function and how many units of work a call does. Each is called once
        before, to compile.
      rounds: timed calls of each.
    """
    for work, _ in contestants.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (work, _) in contestants.items():
            times[name].append(seconds(work))
    return {
        name: units / statistics.median(times[name]) for name, (_, units) in contestants.items()
    }


def print_rates(title: str, unit: str, measured: dict[str, float], base: str) -> None:
    """Print rates and their ratios to the contestant `base`."""
    print(f"\n{title}")
    for name, rate in measured.items():
        print(f"  {name:42} {rate:10,.0f} {unit}   {rate / measured[base]:8.2f} x {base}")
