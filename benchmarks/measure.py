"""Timing for the benchmarks, and their Markdown tables."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple


class Rate(NamedTuple):
    """Work per second: the median, lowest and highest of several rounds."""

    median: float
    low: float
    high: float


def machine() -> str:
    """Describe the machine in one line."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds that a call of `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rates(
    contestants: dict[str, tuple[Callable[[], object], float]], rounds: int
) -> dict[str, Rate]:
    """Return each contestant's rate over interleaved rounds.

    The rounds are interleaved, so that other work on the machine slows down all contestants alike.

    Args:
      contestants: by name, a function and the amount of work of a call. Each function is called
        once before the timing, to compile.
      rounds: number of timed calls of each function.
    """
    for work, _ in contestants.values():
        work()
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, (work, amount) in contestants.items():
            measured[name].append(amount / seconds(work))
    return {name: Rate(statistics.median(r), min(r), max(r)) for name, r in measured.items()}


def start_process(line: Sequence[str]) -> Callable[[], object]:
    """Start a contestant in a process of its own, and return a function that runs one round.

    Args:
      line: a command that works once for each line on stdin, then prints `done`, as `serve` does.
    """
    process = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin and process.stdout
    stdin, stdout = process.stdin, process.stdout

    def work() -> None:
        print("work", file=stdin, flush=True)
        while (output := stdout.readline()) != "done\n":
            if not output:
                raise RuntimeError(f"{' '.join(line)} ended")

    return work


def serve(work: Callable[[], object]) -> None:
    """Work once for each line on stdin, then print `done`, as `start_process` expects."""
    for _ in sys.stdin:
        work()
        print("done", flush=True)


def print_rates(unit: str, measured: dict[str, Rate], bases: Sequence[str]) -> None:
    """Print a table of the rates, and of their ratios to the rates of `bases`."""
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
    """Return a Markdown table. `align` is the alignment of all columns except the first."""
    marks = ["---", *[align] * (len(head) - 1)]
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, marks, *rows)]
    return "\n".join([*lines, ""])
