"""The project's wheel works in an empty environment, keras_tfjs's wheel with Keras."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import ROOT
from tests.support.bottles import SMALL
from tests.support.readmes import PACKAGES
from tests.support.shapes import SMALL as SMALL_IMAGES

pytestmark = pytest.mark.long


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
    wheel = build(source, directory)
    run(sys.executable, "-m", "venv", directory / "empty")
    run(directory / "empty/bin/python", "-m", "pip", "install", "--quiet", wheel)
    return directory / "empty/bin"


def build(source: Path, directory: Path) -> Path:
    """Build the wheel of a copy of the sources, and delete the copy."""
    index = ["-m", "pip", "download", "--quiet", "--no-deps", "-d", directory, "setuptools>=77"]
    if subprocess.run([sys.executable, *index], capture_output=True).returncode:
        pytest.skip("pip reaches no package index: connect to one to build and install the wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", directory, source)
    shutil.rmtree(source)
    (wheel,) = (file for file in directory.glob("*.whl") if not file.name.startswith("setuptools"))
    return wheel


def run(*line, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(list(map(str, line)), cwd=cwd, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_installs_every_command(scripts, tmp_path):
    (packages,) = scripts.parent.glob("lib/python*/site-packages")
    (wheel,) = importlib.metadata.distributions(
        name="tfjs-generative-examples-keras", path=[str(packages)]
    )
    names = [entry.name for entry in wheel.entry_points.select(group="console_scripts")]
    assert len(names) == 8
    for name in names:
        assert "Flags:" in run(scripts / name, "--help", cwd=tmp_path)


def test_installed_commands_run(scripts, tmp_path, corpus, shapes_dir):
    run(scripts / "lstm-text-generation-train", corpus, *SMALL, "--epochs=1", "--save_path=text",
        cwd=tmp_path)  # fmt: skip
    written = run(scripts / "lstm-text-generation-generate", "text", cwd=tmp_path)
    assert "Generated text:" in written
    assert "bits per character" in run(scripts / "lstm-text-generation-evaluate", "text",
                                       cwd=tmp_path)  # fmt: skip
    run(scripts / "fashion-mnist-vae-train", *SMALL_IMAGES, f"--data_dir={shapes_dir}",
        "--epochs=1", "--save_path=vae", cwd=tmp_path)  # fmt: skip
    run(scripts / "fashion-mnist-vae-generate", "vae", "--output=grid.png", cwd=tmp_path)
    assert "test images" in run(scripts / "fashion-mnist-vae-evaluate", "vae", cwd=tmp_path)
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    run(scripts / "keras-tfjs-convert", "text/model.keras", "converted", cwd=tmp_path)
    assert (tmp_path / "converted/model.json").exists()


@pytest.fixture(scope="module")
def keras_tfjs_wheel(tmp_path_factory) -> Path:
    """A directory with the wheel of keras_tfjs, installed beside the Keras of the tests."""
    directory = tmp_path_factory.mktemp("keras_tfjs_wheel")
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(ROOT / "keras_tfjs", directory / "source", ignore=ignored)
    wheel = build(directory / "source", directory)
    assert wheel.name.startswith("keras_tfjs-")
    installed = directory / "installed"
    line = ["install", "--quiet", "--no-deps", "--no-index", "--target", installed, wheel]
    run(sys.executable, "-m", "pip", *line)
    return installed


def test_keras_tfjs_wheel_has_data_and_four_requirements(keras_tfjs_wheel):
    (found,) = importlib.metadata.distributions(path=[str(keras_tfjs_wheel)])
    assert {line.split(">")[0] for line in found.requires} == {"absl-py", "h5py", "keras", "numpy"}
    names = {Path(file).name for file in found.files}
    assert {"operations.csv", "check.mjs", "LICENSE", "NOTICE"} <= names
    sources = {path.name for path in (ROOT / "keras_tfjs").glob("*.py")}
    assert sources == {path.name for path in (keras_tfjs_wheel / "keras_tfjs").glob("*.py")}


@pytest.mark.parametrize("flags", [[], ["--format=graph_model"]])
def test_keras_tfjs_wheel_converts(keras_tfjs_wheel, tmp_path, image_run, flags):
    environment = {**os.environ, "PYTHONPATH": str(keras_tfjs_wheel)}
    line = [keras_tfjs_wheel / "bin/keras-tfjs-convert", image_run / "decoder.keras", "js", *flags]
    out = run(*line, cwd=tmp_path, env=environment)
    assert out.startswith("Wrote js: a ") and (tmp_path / "js/model.json").exists()
    code = "import keras_tfjs; print(keras_tfjs.__file__)"
    where = run(sys.executable, "-c", code, cwd=tmp_path, env=environment)
    assert Path(where.strip()).is_relative_to(keras_tfjs_wheel)
