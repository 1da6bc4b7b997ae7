"""How the benchmarks measure, and the Markdown that they write."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple


class Rate(NamedTuple):
    """Units of work a second: the median, lowest and highest of some rounds."""

    median: float
    low: float
    high: float


def machine() -> str:
    """Describe the machine, for the head of a page."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rates(
    contestants: dict[str, tuple[Callable[[], object], float]], rounds: int
) -> dict[str, Rate]:
    """Return each contestant's rate over interleaved rounds.

    Interleaving lets a slow spell of the machine hit all contestants alike.

    Args:
      contestants: by name, a function and how many units of work a call does. Each is called once
        before, to compile.
      rounds: timed calls of each.
    """
    for work, _ in contestants.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (work, units) in contestants.items():
            found[name].append(units / seconds(work))
    return {name: Rate(statistics.median(r), min(r), max(r)) for name, r in found.items()}


def process(line: Sequence[str]) -> Callable[[], object]:
    """Start a contestant that needs a process of its own, and waits in between.

    Args:
      line: a command that works once for each line on stdin, and answers `done`, as `serve` does.
    """
    started = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert started.stdin and started.stdout
    ask, answer = started.stdin, started.stdout

    def work() -> None:
        print("work", file=ask, flush=True)
        while (said := answer.readline()) != "done\n":  # among what else it prints
            if not said:
                raise RuntimeError(f"{' '.join(line)} ended")

    return work


def serve(work: Callable[[], object]) -> None:
    """Be the process that `process` starts."""
    for _ in sys.stdin:
        work()
        print("done", flush=True)


def print_rates(unit: str, measured: dict[str, Rate], bases: Sequence[str]) -> None:
    """Print a table of rates and of their ratios to the contestants `bases`."""
    bases = [base for base in bases if base in measured]
    rows = [
        [
            name,
            f"{rate.median:,.0f}",
            f"{rate.low:,.0f} to {rate.high:,.0f}",
            *(f"{rate.median / measured[base].median:.2f} x" for base in bases),
        ]
        for name, rate in measured.items()
    ]
    print(table(["", unit, "lowest to highest", *(f"to {base}" for base in bases)], rows))


def table(head: Sequence[object], rows: Iterable[Sequence[object]], align: str = "---:") -> str:
    """Return a Markdown table, its columns but for the first aligned to the right."""
    marks = ["---", *[align] * (len(head) - 1)]
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, marks, *rows)]
    return "\n".join([*lines, ""])
