"""Workers on this machine: forked processes, each with its own TF_CONFIG."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from harness.tf_config import tf_configs
from tests.support.forks import Fork

TIMEOUT = 120  # seconds, for all that a test's workers do


class Workers:
    """Processes that train together. Worker 0 writes its output to `worker-0.txt`, and so on.

    Args:
      jobs: the kind of each task, such as ["chief", "worker"].
    """

    def __init__(self, directory: Path, jobs: Sequence[str]):
        self.directory = directory
        self.configs = tf_configs(jobs)
        self.processes: list[Fork] = []

    def start(self, number: int, module: ModuleType, line: Sequence[object]) -> None:
        """Start a worker, for the first time or again."""
        output = self.directory / f"worker-{number}.txt"
        environment = {"TF_CONFIG": self.configs[number]}
        process = Fork(module, list(line), output, environment=environment)
        self.processes[number : number + 1] = [process]

    def output(self, number: int) -> str:
        return (self.directory / f"worker-{number}.txt").read_text()

    def wait(self) -> list[int]:
        """Return the exit status of each."""
        return [process.wait(TIMEOUT) for process in self.processes]


@contextlib.contextmanager
def started(
    directory: Path, jobs: Sequence[str], module: ModuleType, lines: Sequence[Sequence]
) -> Iterator[Workers]:
    """Start a command as a worker for each job, with the arguments of one line each."""
    directory.mkdir(exist_ok=True)
    workers = Workers(directory, jobs)
    try:
        for number, line in enumerate(lines):
            workers.start(number, module, line)
        yield workers
    finally:
        for worker in workers.processes:
            worker.process.kill()
