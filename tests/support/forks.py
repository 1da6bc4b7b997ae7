"""Commands in processes forked from one that has imported TensorFlow.

A forked process starts in milliseconds, so a test can afford to kill fifty of them.
"""

import ctypes
import gc
import importlib
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import training_run.run

# Import here what the commands import, because a fork inherits it. TensorFlow must compute nothing
# before the fork, because its threads would not exist in the new process.
for _name in ("matplotlib.figure", "tensorflow_datasets", "training_run.run"):
    importlib.import_module(_name)
for _app in ("fashion_mnist_vae", "lstm_text_generation"):
    for _name in ("train", "generate", "export", "load"):
        importlib.import_module(f"{_app}.{_name}")

# The forks' garbage collector ignores the objects that exist now.
gc.collect()
gc.freeze()

_WRITING = os.O_WRONLY | os.O_RDWR
_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"}

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


class Fork:
    """A running command. Its output, both streams, is appended to a file."""

    def __init__(
        self,
        module: ModuleType,
        arguments: list,
        output: Path,
        die_at: int = 0,
        drop_capabilities: bool = False,
        checkpoint_seconds: float | None = None,
        environment: dict[str, str] | None = None,
    ):
        """Start the command, and wait until the new process runs it.

        Args:
          module: has the command's `cli`.
          die_at: kill the process before this change of the file system, counted from 1; 0 never
            kills.
          drop_capabilities: apply file permissions to the process, even if it is root's.
          checkpoint_seconds: seconds between checkpoints within an epoch; by default minutes.
          environment: variables to set.
        """
        self._output = output
        line = [str(argument) for argument in arguments]
        started = _context.Event()
        settings = (die_at, drop_capabilities, checkpoint_seconds, environment or {})
        self.process = _context.Process(
            target=_run, args=(module.__name__, line, str(output), *settings, started)
        )
        self.process.start()
        assert started.wait(60)
        self.pid = self.process.pid

    def send(self, number: int) -> None:
        """Send a signal to the process if it is alive."""
        if self.process.is_alive():
            os.kill(self.pid, number)

    def wait_for(self, words: str) -> None:
        """Wait until the process has printed the words."""
        deadline = time.monotonic() + 120
        while words not in self.output():
            assert self.process.is_alive() and time.monotonic() < deadline, self.output()
            time.sleep(0.01)

    def memory(self) -> int:
        """Return the resident memory of the process in bytes."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def output(self) -> str:
        """Return the output so far."""
        return self._output.read_text() if self._output.exists() else ""

    def changes(self) -> int:
        """Return the number of changes of the file system, after the process has exited."""
        return int(self._output.with_suffix(".changes").read_text())

    def wait(self, timeout: float = 120) -> int:
        """Wait for the process; return its exit status, negative for a signal."""
        self.process.join(timeout)
        assert self.process.exitcode is not None, f"no end after {timeout} s:\n{self.output()}"
        return self.process.exitcode


def _run(
    module: str,
    arguments: list[str],
    output: str,
    die_at: int,
    drop_capabilities: bool,
    checkpoint_seconds: float | None,
    environment: dict[str, str],
    started: Any,
) -> None:
    os.environ.update(environment)
    if checkpoint_seconds is not None:
        training_run.run.CHECKPOINT_SECONDS = checkpoint_seconds
    for stream in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    tally = os.open(Path(output).with_suffix(".changes"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    if drop_capabilities:
        # Linux's capset: the header is (version, this process); the data drop all capabilities.
        header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None).capset(header, none) == 0
    os.setsid()  # so that Ctrl-C in the terminal does not reach the process
    sys.stdin = None
    count = 0

    def audit(event: str, details: tuple) -> None:
        nonlocal count
        if event in _CHANGES or (event == "open" and details[2] & _WRITING):
            count += 1
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.argv = [module, *arguments]
    sys.addaudithook(audit)
    started.set()
    try:
        importlib.import_module(module).cli()
    finally:
        sys.stdout.flush()
        os.write(tally, str(count).encode())
