"""Commands in processes of their own, what they print, and what they need."""

import io
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from unittest import mock

from absl.testing import flagsaver


def command(module: str, *arguments, timeout: float = 300, **kwargs) -> subprocess.CompletedProcess:
    """Run `python -m module arguments` as a user does."""
    line = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=timeout, **kwargs)


def start(module: str, *arguments) -> subprocess.Popen:
    """Start `python -m module arguments` and go on; stdout and stderr come in one pipe."""
    line = [sys.executable, "-u", "-m", module, *map(str, arguments)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for(process: subprocess.Popen, words: str) -> str:
    """Read the process's output until a line has the words."""
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def peak_memory(process: subprocess.Popen, field: str) -> int:
    """Wait for a process to end; return the most bytes of a field of Linux's /proc/PID/status.

    `os.wait4` is no substitute: it returns the peak of pytest if that is higher, because a child
    starts as a copy of its parent.
    """
    most, status = 0, Path(f"/proc/{process.pid}/status")
    while match := re.search(rf"{field}:\s+(\d+) kB", status.read_text()):
        most = max(most, 1024 * int(match[1]))
        time.sleep(0.01)
    return most


def run_here(module: ModuleType, *arguments) -> None:
    """Run a command in this process, which has imported TensorFlow already.

    Raises:
      AssertionError: the command failed.
    """
    with cli_of(module, *arguments) as cli, redirect_stdout(io.StringIO()):
        try:
            cli()
        except SystemExit as exit_:
            assert exit_.code == 0


@contextmanager
def cli_of(module: ModuleType, *arguments) -> Iterator[Callable[[], None]]:
    """Yield a command's `cli` with these arguments, then restore flags and signal handlers."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    line = [module.__name__, *map(str, arguments)]
    try:
        with mock.patch.object(sys, "argv", line), fresh_flags(module.FLAGS):
            yield module.cli
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def fresh_flags(flag_values) -> Iterator[None]:
    """Restore the flags' current values and defaults at the end."""
    saved = flagsaver.save_flag_values(flag_values)
    try:
        yield
    finally:
        flagsaver.restore_flag_values(saved, flag_values)


def assert_one_line(result: tuple[int, str, str], *words: str, status: int = 1) -> None:
    """Assert that a command failed with one line on stderr that has all the words."""
    code, _, err = result
    assert code == status, err
    assert err.startswith("error: ") and err.count("\n") == 1, err
    for word in words:
        assert word in err, (word, err)
