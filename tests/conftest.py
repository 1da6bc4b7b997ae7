"""What the tests share: a small trained run, commands in and out of this process, real data."""

import os
import signal
from pathlib import Path

import pytest

# TensorFlow's start-up messages would bury pytest's own.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from harness import ROOT
from tests.support import shapes
from tests.support.bottles import TEXT, TWO_LAYERS
from tests.support.commands import cli_of, command
from tests.support.shared_files import made_once
from training_run import tensorflow_setup

# Set the threads as for two layers, because a process can set them only once.
tensorflow_setup.set_up(parallel_ops=2)

# A shell that starts the tests in the background makes them ignore Ctrl-C, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)

_SHARED = ROOT.parent / "shared" / "datasets"


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """The directory of real data that developers and CI have beside the repository."""
    if not _SHARED.is_dir():
        pytest.skip(f"real data is missing: put it in {_SHARED} to run this test")
    return _SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """With NO_SKIPS set, as in CI, a skipped test fails."""
    report = yield
    if report.skipped and os.environ.get("NO_SKIPS"):
        report.outcome = "failed"
    return report


@pytest.fixture(autouse=True)
def seed() -> None:
    """Let each test begin with the same random state, which deterministic operations demand."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    def make(directory: Path) -> None:
        (directory / "bottles.txt").write_text(TEXT)

    return made_once(tmp_path_factory, "corpus", make) / "bottles.txt"


@pytest.fixture(scope="session")
def text_run(tmp_path_factory, corpus) -> Path:
    """A finished run of three epochs, made by the command itself."""

    def make(directory: Path) -> None:
        line = [corpus, *TWO_LAYERS, "--epochs=3", f"--save_path={directory / 'bottles'}"]
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


@pytest.fixture
def call(capfd):
    """Call a command's `cli` in this process: faster than a new one, which imports TensorFlow.

    Returns a function of the command's module and its arguments that returns the exit status,
    stdout and stderr.
    """

    def run(module, *arguments) -> tuple[int, str, str]:
        capfd.readouterr()
        with cli_of(module, *arguments) as cli, pytest.raises(SystemExit) as exit_:
            cli()
        out, err = capfd.readouterr()
        return exit_.value.code, out, err

    return run
