"""The wheel works in an environment that has nothing else, its commands included."""

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SMALL
from tests.docs.readmes import PACKAGES
from tests.shapes import SMALL as SMALL_IMAGES


@pytest.fixture(scope="module")
def scripts(tmp_path_factory) -> Path:
    """The directory of the commands that the wheel installs into an empty environment."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "web")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    index = ["-m", "pip", "download", "--quiet", "--no-deps", "-d", directory, "setuptools>=77"]
    if subprocess.run([sys.executable, *index], capture_output=True).returncode:
        pytest.skip("pip reaches no package index: connect to one to build and install the wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", directory, source)
    (wheel,) = directory.glob("tfjs_*.whl")
    shutil.rmtree(source)
    run(sys.executable, "-m", "venv", directory / "empty")
    run(directory / "empty/bin/python", "-m", "pip", "install", "--quiet", wheel)
    return directory / "empty/bin"


def run(*line, cwd: Path | None = None) -> str:
    done = subprocess.run(list(map(str, line)), cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_is_there(scripts, tmp_path):
    here = importlib.metadata.distribution("tfjs-generative-examples-keras")
    names = [entry.name for entry in here.entry_points.select(group="console_scripts")]
    assert len(names) == 6
    for name in names:
        assert "Flags:" in run(scripts / name, "--help", cwd=tmp_path)


def test_they_train_write_draw_and_convert(scripts, tmp_path, corpus, shapes_dir):
    run(scripts / "lstm-text-generation-train", corpus, *SMALL, "--epochs=1", "--save_path=text",
        cwd=tmp_path)  # fmt: skip
    written = run(scripts / "lstm-text-generation-generate", "text", cwd=tmp_path)
    assert "Generated text:" in written
    run(scripts / "fashion-mnist-vae-train", *SMALL_IMAGES, f"--data_dir={shapes_dir}",
        "--epochs=1", "--save_path=vae", cwd=tmp_path)  # fmt: skip
    run(scripts / "fashion-mnist-vae-generate", "vae", "--output=grid.png", cwd=tmp_path)
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    run(scripts / "keras-tfjs-convert", "text/model.keras", "converted", cwd=tmp_path)
    assert (tmp_path / "converted/model.json").exists()
