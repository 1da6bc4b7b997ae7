"""What the tests share: a small trained run, commands in and out of this process, real data."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest
from absl.testing import flagsaver

# TensorFlow's start-up messages would bury pytest's own.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from tests import shapes
from training_run import tensorflow_setup

# As the commands with two layers do: threads can be set only once in a process.
tensorflow_setup.set_up(parallel_ops=2)

# A shell that starts the tests in the background makes them ignore Ctrl-C, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
_SHARED = ROOT.parent / "shared" / "datasets"

TEXT = "".join(
    f"{n} green bottles hanging on the wall, and if {n % 7} should fall, {n * n} are left.\n"
    for n in range(130)
)
SMALL = [
    "--sample_len=12",
    "--lstm_layer_size=16,8",
    "--examples_per_epoch=320",
    "--batch_size=32",
    "--display_length=30",
]


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """The directory of real data that developers and CI have beside the repository."""
    if not _SHARED.is_dir():
        pytest.skip(f"real data is not at hand: put it in {_SHARED} to run this test")
    return _SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """With NO_SKIPS set, as in CI, a test that cannot run has failed."""
    report = yield
    if report.skipped and os.environ.get("NO_SKIPS"):
        report.outcome = "failed"
    return report


def pytest_collection_modifyitems(items) -> None:
    """Let each of two processes, which get a half each, begin with some of the longest tests.

    What is left at the end are short ones, of which the first to be idle takes some.
    """
    rooms: dict[str, list] = {"reliability": [], "distribution": [], "docs": [], "other": []}
    for item in items:
        rooms[next((room for room in rooms if room in item.path.parts), "other")].append(item)
    first, second = rooms["reliability"], rooms["distribution"] + rooms["docs"]
    middle = max(0, len(items) // 2 - len(first))
    items[:] = first + rooms["other"][:middle] + second + rooms["other"][middle:]


@pytest.fixture(autouse=True)
def seed() -> None:
    """Let each test begin with the same random state, which deterministic operations demand."""
    import keras

    keras.utils.set_random_seed(0)


def made_once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Path:
    """Let the first of pytest's processes fill a directory, and the others wait for it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all processes
    directory, done = root / name, root / f"{name}.done"
    with filelock.FileLock(root / f"{name}.lock"):
        if not done.exists():
            directory.mkdir(exist_ok=True)
            make(directory)
            done.touch()
    return directory


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    def make(directory: Path) -> None:
        (directory / "bottles.txt").write_text(TEXT)

    return made_once(tmp_path_factory, "corpus", make) / "bottles.txt"


@pytest.fixture(scope="session")
def text_run(tmp_path_factory, corpus) -> Path:
    """A finished run of three epochs, made by the command itself."""

    def make(directory: Path) -> None:
        line = [corpus, *SMALL, "--epochs=3", f"--save_path={directory / 'bottles'}"]
        result = command("lstm_text_generation.train", *line)
        assert result.returncode == 0, result.stderr
        (directory / "output.txt").write_text(result.stdout)

    return made_once(tmp_path_factory, "text_run", make) / "bottles"


@pytest.fixture(scope="session")
def shapes_dir(tmp_path_factory) -> Path:
    """Bars and boxes in the files of Fashion-MNIST."""
    return made_once(tmp_path_factory, "shapes", lambda path: shapes.write_dataset(path, ".gz"))


@pytest.fixture(scope="session")
def image_run(tmp_path_factory, shapes_dir) -> Path:
    """A finished run of three epochs, made by the command itself."""

    def make(directory: Path) -> None:
        line = [*shapes.SMALL, f"--data_dir={shapes_dir}", "--epochs=3"]
        result = command("fashion_mnist_vae.train", *line, f"--save_path={directory / 'shapes'}")
        assert result.returncode == 0, result.stderr
        (directory / "output.txt").write_text(result.stdout)

    return made_once(tmp_path_factory, "image_run", make) / "shapes"


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


@contextmanager
def fresh_flags(flag_values) -> Iterator[None]:
    """Give flags back the values and defaults that they have now, as in a new process."""
    saved = flagsaver.save_flag_values(flag_values)
    try:
        yield
    finally:
        flagsaver.restore_flag_values(saved, flag_values)


@pytest.fixture
def call(monkeypatch, capfd):
    """Call a command's `cli` in this process: faster than a new one, which imports TensorFlow.

    Returns a function of the command's module and its arguments that returns the exit status,
    stdout and stderr.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(module, *arguments) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
        capfd.readouterr()
        with fresh_flags(module.FLAGS), pytest.raises(SystemExit) as exit_:
            module.cli()
        out, err = capfd.readouterr()
        return exit_.value.code, out, err

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def assert_one_line(result: tuple[int, str, str], *words: str, status: int = 1) -> None:
    """Assert that a command failed with one line on stderr that has all the words."""
    code, _, err = result
    assert code == status, err
    assert err.startswith("error: ") and err.count("\n") == 1, err
    for word in words:
        assert word in err, (word, err)
