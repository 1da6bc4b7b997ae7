"""Measure training on several processes, and write the speed expected of more to docs/scaling.md.

  python -m benchmarks.scaling

Every process has one thread, as if it had a machine of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import flags

from benchmarks.measure import machine, seconds, table
from harness import ROOT
from harness.tf_config import tf_configs
from keras_tfjs import command_line

DOCUMENT = ROOT / "docs/scaling.md"
BEGIN, END = "<!-- measured: written by make bench-scaling -->\n", "<!-- end of measured -->\n"
PROCESSES, HOSTS, GIGABITS = (1, 2, 4), (8, 16, 32, 64), (10, 100)
WORKER_BATCH_SIZES = (1, 4, 16, 64, 256)
ROUNDS, STEPS_PER_ROUND = 5, 4


class App(NamedTuple):
    """An app with its default batch size."""

    title: str
    batch_size: int


APPS = {"text": App("Text, 2 x 128 units", 128), "images": App("VAE", 256)}


def main(arguments: list[str]) -> None:
    """Measure all, and write the tables. With arguments, run as one of the processes."""
    if arguments:
        measure_in_process(*arguments)
        return
    parts = [f"On {machine()}; medians of {ROUNDS} rounds of {STEPS_PER_ROUND} steps.\n"]
    for name, app in APPS.items():
        results = {count: run(name, count) for count in PROCESSES}
        parts += [measured_table(app, results), expected_table(app, results)]
    text = DOCUMENT.read_text()
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    DOCUMENT.write_text(head + "\n" + "\n".join(parts) + "\n" + tail)


def run(name: str, count: int) -> dict:
    """Start a number of processes, and return the measurements of the first."""
    distribution = "multi_worker" if count > 1 else "none"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "result.json"
        line = [sys.executable, "-m", "benchmarks.scaling", name, distribution, str(file)]
        processes = [
            subprocess.Popen(line, env=os.environ | {"TF_CONFIG": config})
            for config in tf_configs(["worker"] * count)
        ]
        statuses = [process.wait() for process in processes]
        if any(statuses):
            raise RuntimeError("a process failed; its error is above")
        return json.loads(file.read_text())


def measure_in_process(name: str, distribution: str, file: str) -> None:
    """Measure as one of the processes."""
    import tensorflow as tf

    from training_run import tensorflow_setup

    tensorflow_setup.set_up()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    import keras

    from benchmarks.training import TimedRun
    from training_run.distribution import join

    with join(distribution) as workers:
        sizes = [APPS[name].batch_size, *(WORKER_BATCH_SIZES if workers.size == 1 else ())]
        run = TimedRun(workers)
        keras.utils.set_random_seed(0)
        num_steps = 1 + ROUNDS * STEPS_PER_ROUND
        train_steps(name, run, [size for size in sizes for _ in range(num_steps)])
        by_size = np.reshape(run.seconds, (len(sizes), -1))[:, 1:]  # The first step compiles.
        rounds = by_size.reshape(len(sizes), ROUNDS, STEPS_PER_ROUND).mean(axis=2)
        step, *by_batch_size = np.median(rounds, axis=1).tolist()
        result: dict = {"parameters": run.parameters, "step": step, "by_batch_size": by_batch_size}
        if workers.size > 1:
            result["message"] = median_seconds(partial(workers.all_reduce_sum, np.zeros(1)))
            result["gradient"] = median_seconds(gradient_sum(workers, run.parameters))
        if workers.is_chief:
            Path(file).write_text(json.dumps(result))


def train_steps(name: str, run, sizes: list[int]) -> None:
    """Train on batches of these sizes."""
    from benchmarks.training import train_images, train_text

    rng = np.random.default_rng(0)
    if name == "text":
        train_text(run, [rng.integers(0, 65, (size, 61), np.int32) for size in sizes], 65)
    else:
        train_images(run, [rng.integers(0, 256, (size, 784), np.uint8) for size in sizes])


def gradient_sum(workers, parameters: int) -> Callable[[], object]:
    """Return a function that sums float32 arrays of the gradient's size over the workers."""
    import tensorflow as tf

    values = tf.zeros([parameters])

    @tf.function(autograph=False)
    def total() -> tf.Tensor:
        def add() -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce("sum", tf.identity(values))

        return workers.strategy.experimental_local_results(workers.strategy.run(add))[0]

    return lambda: total().numpy()


def median_seconds(step: Callable[[], object]) -> float:
    """Return the median seconds of a step."""
    step()
    return statistics.median(
        seconds(lambda: [step() for _ in range(STEPS_PER_ROUND)]) / STEPS_PER_ROUND
        for _ in range(ROUNDS)
    )


def measured_table(app: App, results: dict[int, dict]) -> str:
    """Return the table of the measurements."""
    parameters = results[1]["parameters"]
    head = ["processes", f"steps/s of {app.batch_size} examples"]
    head += ["sum of one number", "sum of the gradient"]
    rows = []
    for count, result in results.items():
        sums = [result.get(name) for name in ("message", "gradient")]
        cells = [f"{1000 * taken:.2f} ms" if taken else "-" for taken in sums]
        rows.append([count, f"{1 / result['step']:.1f}", *cells])
    times = zip(WORKER_BATCH_SIZES, results[1]["by_batch_size"], strict=True)
    by_batch_size = ", ".join(f"{size}: {1000 * time:.1f}" for size, time in times)
    return (
        f"### {app.title}: {parameters:,} parameters, {parameters * 4 / 1e6:.2f} MB of gradient\n\n"
        f"{table(head, rows)}\n"
        f"Milliseconds of a step by its number of examples, one process: {by_batch_size}.\n"
    )


def expected_table(app: App, results: dict[int, dict]) -> str:
    """Return the table of the expected speed on more hosts."""
    by_batch_size = results[1]["by_batch_size"]
    size = 4 * results[1]["parameters"]
    # A ring of n hosts passes on 2 (n - 1) messages, one after the other, and each host sends
    # 2 (n - 1) / n times the gradient. So two processes measure the cost of a message and a byte.
    latency = results[2]["message"] / 2
    seconds_per_byte = (results[2]["gradient"] - results[2]["message"]) / size

    from training_run.run import SYNC_STEPS

    def compute(examples: float) -> float:
        """Return the seconds of a step's computation, extrapolated linearly."""
        beyond = max(1.0, examples / WORKER_BATCH_SIZES[-1])
        return beyond * float(np.interp(examples, WORKER_BATCH_SIZES, by_batch_size))

    def step(hosts: int, gigabits: int, batch: float) -> float:
        """Return the seconds of a step: the computation, then a ring all-reduce."""
        sent = 2 * (hosts - 1) / hosts * size
        network = sent * (seconds_per_byte + 8 / (gigabits * 1e9))
        messages = 2 * (hosts - 1) * (1 + 1 / SYNC_STEPS)  # including the exchange of signals
        return compute(batch / hosts) + network + messages * latency

    def break_even_batch(hosts: int, gigabits: int) -> str:
        """Return the smallest global batch with which a host computes half of the time."""
        batch = hosts
        while compute(batch / hosts) < step(hosts, gigabits, batch) / 2:
            batch += hosts
        return f"{batch:,}"

    batches = (app.batch_size, 16 * app.batch_size)
    head = ["hosts", *(f"batch {batch:,}, {g} Gb/s" for batch in batches for g in GIGABITS)]
    head += [f"break-even batch, {g} Gb/s" for g in GIGABITS]
    rows = []
    for hosts in HOSTS:
        cells = []
        for batch in batches:
            for g in GIGABITS:
                taken = step(hosts, g, batch)
                cells.append(f"{1 / taken:.1f} ({compute(batch) / taken:.1f} x)")
        rows.append([hosts, *cells, *(break_even_batch(hosts, g) for g in GIGABITS)])
    return (
        f"Expected steps/s for two global batches (in parentheses: relative to one host), if a "
        f"message takes {1000 * latency:.2f} ms and a byte {1e9 * seconds_per_byte:.1f} ns in "
        "TensorFlow, plus the network's time. Below the break-even batch, a host waits longer than "
        "it computes.\n\n" + table(head, rows)
    )


if __name__ == "__main__":
    command_line.run(main, flags.FlagValues(), lambda: __doc__ or "")
