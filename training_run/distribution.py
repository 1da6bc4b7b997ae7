"""Training on several GPUs or machines (`tf.distribute`).

Each replica has the whole model, computes the gradient of its rows of a batch, and applies the mean
gradient of all rows. So several replicas take the same step as one replica. Every process draws the
same batches; the decorator of a step gives each replica its rows.
"""

import json
import os
import re
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_tfjs import signals
from keras_tfjs.command_line import UserError

_EXAMPLE = (
    '\'{"cluster": {"worker": ["host0:12345", "host1:12345"]}, '
    '"task": {"type": "worker", "index": 0}}\''
)


class LostWorkerError(UserError):
    """Another worker has ended, so this one cannot go on."""

    status = 75  # EX_TEMPFAIL (os lacks the name on Windows): orchestrators restart all workers


class Workers:
    """The processes that train together: a single process, or the workers of TF_CONFIG.

    All processes must call the methods that communicate, in the same order. A single process
    does not communicate: these methods then use its own values.

    Attributes:
      strategy: the `tf.distribute.Strategy`. Build the model in its scope.
      size: number of processes.
      is_chief: whether this process writes the run: the task `chief`, or worker 0 if there is none.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None):
        self.strategy = strategy or tf.distribute.get_strategy()
        resolver = self.strategy.cluster_resolver
        jobs = resolver.cluster_spec().as_dict() if resolver else {}
        self.size = max(1, sum(len(jobs.get(job, ())) for job in ("chief", "worker")))
        first = "chief" if "chief" in jobs else "worker"
        self.is_chief = not jobs or (resolver.task_type, resolver.task_id) == (first, 0)

    def on_each_replica(self, step: Callable[[tf.Tensor], Any]) -> Callable[[Any], Any]:
        """Decorate a training step: compile the step, and run it on the rows of each replica.

        Args:
          step: maps a batch to its mean metrics.

        Returns:
          A function from a batch [global_batch_size, ...] to mean metrics over all rows.
        """

        def replica_step(batch: tf.Tensor) -> Any:
            rows = shard(batch)
            return all_reduce_mean(step(rows), rows)

        @tf.function(autograph=False)
        def run_step(batch: tf.Tensor) -> Any:
            results = self.strategy.run(replica_step, (batch,))
            return tf.nest.map_structure(
                lambda result: self.strategy.experimental_local_results(result)[0], results
            )

        traced: list[Callable] = []

        def call(batch: Any) -> Any:
            batch = tf.convert_to_tensor(batch)
            if not traced:  # Trace once, for batches of any size.
                spec = tf.TensorSpec([None, *batch.shape[1:]], batch.dtype)
                traced.append(run_step.get_concrete_function(spec))
            return traced[0](batch)

        return call

    def all_reduce_sum(self, array: np.ndarray) -> np.ndarray:
        """Return the sum of the processes' arrays, which have the same shape and dtype."""
        if self.size == 1:
            return array
        # float64 needs a single trace for all dtypes, and is exact for int32 and float32.
        flat = tf.constant(array.ravel(), tf.float64)
        return self._all_reduce_sum(flat).numpy().astype(array.dtype).reshape(array.shape)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64)], autograph=False)
    def _all_reduce_sum(self, array: tf.Tensor) -> tf.Tensor:
        replicas_here = self.strategy.num_replicas_in_sync // self.size

        def add(array: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            first = context.replica_id_in_sync_group % replicas_here == 0
            return context.all_reduce("sum", tf.where(first, array, tf.zeros_like(array)))

        return self.strategy.experimental_local_results(self.strategy.run(add, (array,)))[0]

    def broadcast_array(self, array: np.ndarray) -> np.ndarray:
        """Return the chief's array. The arrays of the others must have its shape and dtype."""
        return self.all_reduce_sum(array if self.is_chief else np.zeros_like(array))

    def broadcast(self, value: Any) -> Any:
        """Return the chief's JSON value."""
        if self.size == 1:
            return value
        text = np.frombuffer(json.dumps(value).encode(), np.uint8).astype(np.int32)
        length = int(self.broadcast_array(np.array(len(text))))
        text = self.broadcast_array(np.resize(text, length))
        return json.loads(text.astype(np.uint8).tobytes())

    def barrier(self) -> None:
        """Wait for all processes, because a process that exits early is reported as lost."""
        self.all_reduce_sum(np.array(0))
        with suppress(tf.errors.OpError):  # Another process may have exited after the first sum.
            self.all_reduce_sum(np.array(0))

    def check_same_settings(self, settings: dict[str, Any], ignored: Collection[str]) -> None:
        """Check that all processes have the same settings.

        Args:
          ignored: settings that may differ between machines, such as paths.

        Raises:
          UserError: the settings of this or another process differ from the chief's.
        """
        chief = self.broadcast(settings)
        different = [n for n in settings if n not in ignored and settings[n] != chief.get(n)]
        if self.all_reduce_sum(np.array(len(different))):
            here = ", ".join(f"{n}={settings[n]} (the chief: {chief.get(n)})" for n in different)
            raise UserError(
                "the workers must be started with the same flags and the same data; "
                + (f"here {here}" if different else "the flags or data of another worker differ")
            )

    def on_chief(self, function: Callable[[], Any]) -> Any:
        """Call a function on the chief only. Return its result on the chief, None elsewhere.

        Raises:
          UserError: in all processes, if the function raises a UserError on the chief.
        """
        result, problem = None, ""
        if self.is_chief:
            try:
                result = function()
            except UserError as error:
                problem = str(error)
        if problem := self.broadcast(problem):
            raise UserError(problem)
        return result


def num_replicas() -> int:
    """Return the number of replicas in a training step; 1 outside of a step."""
    context = tf.distribute.get_replica_context()
    return context.num_replicas_in_sync if context else 1


def shard(batch: tf.Tensor) -> tf.Tensor:
    """Return this replica's rows of a batch. Replica i of n has the rows i, i + n, ..."""
    if num_replicas() == 1:
        return batch
    return batch[tf.distribute.get_replica_context().replica_id_in_sync_group :: num_replicas()]


def all_reduce_mean(values: Any, rows: tf.Tensor) -> Any:
    """Return the means over the global batch. Call this in a training step.

    Args:
      values: nested tensors, each a mean over this replica's rows.
      rows: this replica's rows, possibly none.
    """
    if num_replicas() == 1:
        return values
    count = tf.cast(tf.shape(rows)[0], tf.float32)
    # The mean over no rows is NaN; multiply_no_nan makes it 0.
    sums = [tf.math.multiply_no_nan(value, count) for value in tf.nest.flatten(values)]
    *sums, total = tf.distribute.get_replica_context().all_reduce("sum", [*sums, count])
    return tf.nest.pack_sequence_as(values, [value / total for value in sums])


@contextmanager
def join(distribution: str) -> Iterator[Workers]:
    """Join the other workers, and leave when the chief has written the run.

    Another worker prints one line to stdout, and discards the rest.

    Args:
      distribution: `none`, `mirrored` (all GPUs of this machine) or `multi_worker` (the workers in
        TF_CONFIG, with all of their GPUs).

    Raises:
      UserError: TF_CONFIG is missing or wrong.
      LostWorkerError: another worker has ended.
    """
    try:
        with _default_signal_handlers():  # because TensorFlow waits here for the other workers
            workers = Workers(_strategy(distribution))
        if workers.is_chief:
            yield workers
            with suppress(tf.errors.OpError):  # The run is complete, even if a worker is lost now.
                workers.barrier()
            return
        print(f"One of {workers.size} workers; the chief shows the progress and writes the run.")
        # Replace errors, because a corpus may have characters that the locale lacks.
        with Path(os.devnull).open("w", errors="replace") as nowhere, redirect_stdout(nowhere):
            yield workers
        workers.barrier()
    except tf.errors.OpError as error:
        if "gRPC server" in error.message:  # This process cannot start its server.
            raise UserError(f"cannot join the cluster of TF_CONFIG: {error.message}") from None
        # Collective ops: during training. CoordinationService: while workers join.
        signs = ("Collective ops", "CoordinationService")
        if distribution == "multi_worker" and any(sign in error.message for sign in signs):
            raise LostWorkerError(
                "a worker was lost; start all workers again, with the same flags and --resume"
            ) from None
        raise


def _strategy(distribution: str) -> tf.distribute.Strategy:
    if distribution == "none":
        return tf.distribute.get_strategy()
    if distribution == "mirrored":
        # Without a GPU, use the CPUs. TensorFlow has one CPU unless it is configured for more.
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    try:
        valid = is_valid_config(json.loads(os.environ.get("TF_CONFIG", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise UserError(
            f"--distribution=multi_worker needs TF_CONFIG in the environment, such as {_EXAMPLE}, "
            "with a different index for each worker"
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def is_valid_config(config: Any) -> bool:
    """Tell whether TF_CONFIG lists workers, and has an index for this worker.

    Raises:
      KeyError, TypeError, ValueError, AttributeError: a part is missing or has the wrong type.
    """
    jobs, task = config["cluster"], config["task"]
    addresses = [address for job in jobs.values() for address in job]
    return (
        jobs.keys() <= {"chief", "worker"}
        and all(jobs.values())
        and len(jobs.get("chief", ())) <= 1
        and int(task["index"]) in range(len(jobs[task["type"]]))
        and all(re.fullmatch(r".+:\d+", address) for address in addresses)
    )


@contextmanager
def _default_signal_handlers() -> Iterator[None]:
    """Let signals end the process during a C++ call in which Python's handlers cannot run.

    Then restore the handlers, which the C++ library may have replaced.
    """
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    for number, handler in before.items():
        signal.signal(number, signal.SIG_IGN if handler == signal.SIG_IGN else signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
