"""Workers on this machine: processes, each with its own TF_CONFIG."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

TIMEOUT = 120  # seconds, for each worker of a test


class Workers:
    """Processes that train together. Their output goes to `worker-0.txt` and so on.

    Args:
      jobs: the kind of each task, such as ["chief", "worker"].
    """

    def __init__(self, directory: Path, jobs: Sequence[str]):
        self.directory = directory
        cluster: dict[str, list[str]] = {}
        for job, port in zip(jobs, _free_ports(len(jobs)), strict=True):
            cluster.setdefault(job, []).append(f"127.0.0.1:{port}")
        tasks = [{"type": job, "index": i} for job in cluster for i in range(len(cluster[job]))]
        self.configs = [json.dumps({"cluster": cluster, "task": task}) for task in tasks]
        self.processes: list[subprocess.Popen] = []

    def start(self, number: int, line: Sequence[object]) -> None:
        """Start or restart a worker."""
        with (self.directory / f"worker-{number}.txt").open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "-u", *map(str, line)],
                stdout=output,
                stderr=output,
                env=os.environ | {"TF_CONFIG": self.configs[number]},
            )
        self.processes[number : number + 1] = [process]

    def output(self, number: int) -> str:
        return (self.directory / f"worker-{number}.txt").read_text()

    def wait(self) -> list[int]:
        """Wait for all workers, and return their exit statuses."""
        return [process.wait(TIMEOUT) for process in self.processes]


@contextlib.contextmanager
def started(directory: Path, jobs: Sequence[str], lines: Sequence[Sequence]) -> Iterator[Workers]:
    """Start a worker for each command line, and kill all workers at the end."""
    directory.mkdir(exist_ok=True)
    workers = Workers(directory, jobs)
    try:
        for number, line in enumerate(lines):
            workers.start(number, line)
        yield workers
    finally:
        for process in workers.processes:
            process.kill()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]
