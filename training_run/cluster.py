"""The processes that train together: one, or the workers that TF_CONFIG names."""

import json
import os
import re
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import tensorflow as tf

from training_run import replicas
from training_run.command_line import UserError

_EXAMPLE = (
    '\'{"cluster": {"worker": ["host0:12345", "host1:12345"]}, '
    '"task": {"type": "worker", "index": 0}}\''
)


class Cluster:
    """The processes that train together, as the present one sees them.

    All have to call the methods that communicate, in the same order; with one process these do
    nothing.

    Attributes:
      strategy: what to build the model and train under.
      size: number of processes.
      is_chief: this is the one that writes: the task `chief`, or else worker 0.
      resumable: the run has been opened: to begin anew is to resume it.
    """

    resumable = False

    def __init__(self, strategy: tf.distribute.Strategy | None = None):
        self.strategy = strategy or tf.distribute.get_strategy()
        resolver = self.strategy.cluster_resolver
        jobs = resolver.cluster_spec().as_dict() if resolver else {}
        self.size = max(1, sum(len(jobs.get(job, ())) for job in ("chief", "worker")))
        first = "chief" if "chief" in jobs else "worker"
        self.is_chief = not jobs or (resolver.task_type, resolver.task_id) == (first, 0)

    def total(self, array: np.ndarray) -> np.ndarray:
        """Return the sum of the processes' arrays, which are alike in shape and type."""
        if self.size == 1:
            return array
        flat = tf.constant(array.ravel(), tf.float64)  # one type, one trace; and exact
        return self._total(flat).numpy().astype(array.dtype).reshape(array.shape)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64)])
    def _total(self, value: tf.Tensor) -> tf.Tensor:
        here = self.strategy.num_replicas_in_sync // self.size  # replicas of this process

        def add(value: tf.Tensor) -> tf.Tensor:
            first = tf.distribute.get_replica_context().replica_id_in_sync_group % here == 0
            return replicas.total([value if first else tf.zeros_like(value)])[0]

        with self.strategy.scope():
            return replicas.run(add, value)

    def from_chief(self, array: np.ndarray) -> np.ndarray:
        """Return the chief's array; elsewhere only its shape and type matter."""
        return self.total(array if self.is_chief else np.zeros_like(array))

    def json_from_chief(self, value: Any) -> Any:
        """Return the chief's JSON value."""
        text = np.frombuffer(json.dumps(value).encode(), np.uint8).astype(np.int32)
        length = int(self.from_chief(np.array(len(text))))
        text = self.from_chief(np.resize(text, length))
        return json.loads(text.astype(np.uint8).tobytes())

    def agree(self, settings: dict[str, Any], places: Collection[str]) -> None:
        """Check that all processes train alike.

        Args:
          places: settings that say where something is, which differs from machine to machine.

        Raises:
          UserError: this or another one has other settings than the chief.
        """
        chiefs = self.json_from_chief(settings)
        other = [n for n in settings if n not in places and settings[n] != chiefs.get(n)]
        if self.total(np.array(len(other))):
            here = ", ".join(f"{n}={settings[n]} (the chief: {chiefs.get(n)})" for n in other)
            raise UserError(
                "the workers must be started with the same flags and the same data; "
                + (f"here {here}" if other else "another one has others")
            )

    @contextmanager
    def by_chief(self, opening: AbstractContextManager[Any]) -> Iterator[Any]:
        """Enter a context on the chief only; elsewhere it is None.

        Raises:
          UserError: that of the chief, everywhere.
        """
        entered, problem = None, ""
        with ExitStack() as stack:
            if self.is_chief:
                try:
                    entered = stack.enter_context(opening)
                except UserError as error:
                    problem = str(error)
            if problem := self.json_from_chief(problem):
                raise UserError(problem)
            self.resumable = True
            yield entered

    def leave(self) -> None:
        """Wait until every process is ready to leave: who is gone before would look lost."""
        self.total(np.array(0))
        with suppress(tf.errors.OpError):  # of one that is through already
            self.total(np.array(0))


@contextmanager
def join(distribution: str) -> Iterator[Cluster]:
    """Train together with the other processes, until the chief has written the run.

    Where a process is lost, the others begin anew, from the last checkpoint, as soon as it is back:
    TensorFlow can take no one in later.

    Args:
      distribution: `none`, `mirrored` (all GPUs of this machine) or `multi_worker` (the workers of
        TF_CONFIG, with all of their GPUs).

    Raises:
      UserError: TF_CONFIG is missing or wrong.
    """
    cluster = _connect(distribution)
    if not cluster.is_chief:
        print(f"One of {cluster.size} workers; the chief shows the progress and writes the run.")
    try:
        yield cluster
        cluster.leave()
    except tf.errors.OpError as error:  # of many kinds, depending on what was going on
        if cluster.size == 1 or "Collective ops" not in error.message:
            raise
        _begin_anew(cluster.resumable)


def _connect(distribution: str) -> Cluster:
    """Return the cluster, once all processes are there."""
    try:
        return Cluster(_strategy(distribution))
    except tf.errors.OpError as error:
        if "gRPC server" in error.message:  # which this process is to be
            raise UserError(f"cannot join the cluster of TF_CONFIG: {error.message}") from None
        time.sleep(1)
        _begin_anew(resume=False)  # another one was lost while it waited, or has waited for hours


def _strategy(distribution: str) -> tf.distribute.Strategy:
    if distribution == "none":
        return tf.distribute.get_strategy()
    if distribution == "mirrored":
        # Processors only where there are no GPUs; there is one unless TensorFlow is told otherwise.
        kinds = (tf.config.list_logical_devices(kind) for kind in ("GPU", "CPU"))
        return tf.distribute.MirroredStrategy([device.name for device in next(filter(None, kinds))])
    try:
        valid = _is_valid(json.loads(os.environ.get("TF_CONFIG", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise UserError(
            f"--distribution=multi_worker needs TF_CONFIG in the environment, such as {_EXAMPLE}, "
            "with another index for each worker"
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def _is_valid(config: Any) -> bool:
    """Tell whether TF_CONFIG names workers, and one of them as this one.

    Raises:
      KeyError, TypeError, ValueError, AttributeError: it does not.
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


def _begin_anew(resume: bool) -> NoReturn:
    """Replace this process by a new one, which resumes the run if this one has opened it."""
    print(
        "A worker was lost. Waiting for it to come back, then going on from the last checkpoint.",
        file=sys.stderr,
    )
    arguments = sys.argv[1:]
    options = len(sys.orig_argv) - len(arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    arguments[end:end] = ["--resume", "--nooverwrite"] if resume else []
    sys.stdout.flush()
    for file in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the listing's own is closed
            os.set_inheritable(int(file.name), int(file.name) <= 2)  # not the port, taken anew
    os.execv(sys.executable, [*sys.orig_argv[:options], *arguments])
