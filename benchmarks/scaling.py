"""Measure training on several processes, and write what to expect of more into docs/scaling.md.

  python -m benchmarks.scaling

Every process has one thread, as if it had a machine of that size to itself.
"""

import json
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import flags
from tests.distribution.workers import started

from benchmarks.measure import machine, seconds, table
from keras_tfjs import command_line

DOCUMENT = Path(__file__).parents[1] / "docs/scaling.md"
BEGIN, END = "<!-- measured: written by make bench-scaling -->\n", "<!-- end of measured -->\n"
PROCESSES, HOSTS, GIGABITS = (1, 2, 4), (8, 16, 32, 64), (10, 100)
SHARES = (1, 4, 16, 64, 256)  # examples of a worker in a step
ROUNDS, ROUND = 5, 4  # steps are timed in rounds of so many


class App(NamedTuple):
    """What is measured: an app with its default batch size."""

    title: str
    batch_size: int


APPS = {"text": App("Text, 2 x 128 units", 128), "images": App("VAE", 256)}


def main(arguments: list[str]) -> None:
    """Measure all, and write the tables; or be one of the processes, if told so."""
    if arguments:
        work(*arguments)
        return
    parts = [f"On {machine()}; medians of {ROUNDS} rounds of {ROUND} steps.\n"]
    for name, app in APPS.items():
        found = {count: run(name, count) for count in PROCESSES}
        parts += [measured(app, found), expectations(app, found)]
    text = DOCUMENT.read_text()
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    DOCUMENT.write_text(head + "\n" + "\n".join(parts) + "\n" + tail)


def run(name: str, count: int) -> dict:
    """Return what the first of some processes measured, one of them for itself or more together."""
    kind = "multi_worker" if count > 1 else "none"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "found.json"
        lines = [["-m", "benchmarks.scaling", name, kind, file]] * count
        with started(Path(directory), ["worker"] * count, lines) as workers:
            if any(workers.wait()):
                raise RuntimeError("".join(map(workers.output, range(count))))
        return json.loads(file.read_text())


def work(name: str, kind: str, file: str) -> None:
    """Measure, as one of the processes."""
    import tensorflow as tf

    from training_run import tensorflow_setup

    tensorflow_setup.set_up()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    import keras

    from benchmarks.training import TimedRun
    from training_run.distribution import join

    with join(kind) as workers:
        sizes = [APPS[name].batch_size, *(SHARES if workers.size == 1 else ())]
        run = TimedRun(workers)
        keras.utils.set_random_seed(0)
        train_steps(name, run, [size for size in sizes for _ in range(1 + ROUNDS * ROUND)])
        by_size = np.reshape(run.seconds, (len(sizes), -1))[:, 1:]  # the first one compiles
        rounds = by_size.reshape(len(sizes), ROUNDS, ROUND).mean(axis=2)
        step, *shares = np.median(rounds, axis=1).tolist()
        found: dict = {"parameters": run.parameters, "step": step, "shares": shares}
        if workers.size > 1:
            found["message"] = timed(partial(workers.all_reduce_sum, np.zeros(1)))
            found["gradient"] = timed(gradient_sum(workers, run.parameters))
        if workers.is_chief:
            Path(file).write_text(json.dumps(found))


def train_steps(name: str, run, sizes: list[int]) -> None:
    """Train on batches of these sizes."""
    from benchmarks.training import train_images, train_text

    rng = np.random.default_rng(0)
    if name == "text":
        train_text(run, [rng.integers(0, 65, (size, 61), np.int32) for size in sizes], 65)
    else:
        train_images(run, [rng.integers(0, 256, (size, 784), np.uint8) for size in sizes])


def gradient_sum(workers, parameters: int) -> Callable[[], object]:
    """Return a function that sums float32 arrays as large as the gradient over the workers."""
    import tensorflow as tf

    values = tf.zeros([parameters])

    @tf.function(autograph=False)
    def total() -> tf.Tensor:
        def add() -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce("sum", tf.identity(values))

        return workers.strategy.experimental_local_results(workers.strategy.run(add))[0]

    return lambda: total().numpy()


def timed(step: Callable[[], object]) -> float:
    """Return the median seconds of a step."""
    step()
    return statistics.median(
        seconds(lambda: [step() for _ in range(ROUND)]) / ROUND for _ in range(ROUNDS)
    )


def measured(app: App, found: dict[int, dict]) -> str:
    """Return the table of what was measured."""
    parameters = found[1]["parameters"]
    head = ["processes", f"steps/s of {app.batch_size} examples"]
    head += ["sum of one number", "sum of the gradient"]
    rows = []
    for count, figures in found.items():
        sums = [figures.get(what) for what in ("message", "gradient")]
        cells = [f"{1000 * taken:.2f} ms" if taken else "-" for taken in sums]
        rows.append([count, f"{1 / figures['step']:.1f}", *cells])
    shares = ", ".join(
        f"{n}: {1000 * t:.1f}" for n, t in zip(SHARES, found[1]["shares"], strict=True)
    )
    return (
        f"### {app.title}: {parameters:,} parameters, {parameters * 4 / 1e6:.2f} MB of gradient\n\n"
        f"{table(head, rows)}\n"
        f"Milliseconds of a step by its number of examples, one process: {shares}.\n"
    )


def expectations(app: App, found: dict[int, dict]) -> str:
    """Return the table of what is to be expected of more hosts."""
    shares = found[1]["shares"]
    size = 4 * found[1]["parameters"]
    # A ring of n hosts passes 2 (n - 1) messages on, one after the other, and each host sends
    # 2 (n - 1) / n times the gradient. So two processes here tell what a message costs, and a byte.
    latency = found[2]["message"] / 2
    each_byte = (found[2]["gradient"] - found[2]["message"]) / size

    from training_run.run import SYNC_STEPS

    def compute(examples: float) -> float:
        """Return the seconds of a step's computation, in proportion beyond the largest measured."""
        beyond = max(1.0, examples / SHARES[-1])
        return beyond * float(np.interp(examples, SHARES, shares))

    def step(hosts: int, gigabits: int, batch: float) -> float:
        """Return the seconds of a step, of a ring all-reduce after the computation."""
        sent = 2 * (hosts - 1) / hosts * size
        wire = sent * (each_byte + 8 / (gigabits * 1e9))
        messages = 2 * (hosts - 1) * (1 + 1 / SYNC_STEPS)  # with the exchange of signals
        return compute(batch / hosts) + wire + messages * latency

    def paying(hosts: int, gigabits: int) -> str:
        """Return the smallest global batch of which half of each host's time is computation."""
        batch = hosts
        while compute(batch / hosts) < step(hosts, gigabits, batch) / 2:
            batch += hosts
        return f"{batch:,}"

    batches = (app.batch_size, 16 * app.batch_size)
    head = ["hosts", *(f"batch {batch:,}, {g} Gb/s" for batch in batches for g in GIGABITS)]
    head += [f"half of the time, {g} Gb/s" for g in GIGABITS]
    rows = []
    for hosts in HOSTS:
        cells = []
        for batch in batches:
            for g in GIGABITS:
                taken = step(hosts, g, batch)
                cells.append(f"{1 / taken:.1f} ({compute(batch) / taken:.1f} x)")
        rows.append([hosts, *cells, *(paying(hosts, g) for g in GIGABITS)])
    return (
        f"Expected, with {1000 * latency:.2f} ms a message and {1e9 * each_byte:.1f} ns a byte in "
        "TensorFlow, and the wire besides: steps/s at two global batches (times those of one "
        "host), and the global batch below which a host waits longer than it computes.\n\n"
        + table(head, rows)
    )


if __name__ == "__main__":
    command_line.run(main, flags.FlagValues(), lambda: __doc__ or "")
