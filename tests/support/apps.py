"""Small runs of both apps' commands, which the tests of faults start, stop and compare."""

import csv
import io
import json
import zipfile
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

import fashion_mnist_vae.generate
import fashion_mnist_vae.train
import lstm_text_generation.generate
import lstm_text_generation.train
from tests.support import shapes
from tests.support.bottles import TEXT
from tests.support.forks import Fork


class App(NamedTuple):
    """An app's commands, its training flags, and its files that are the same in each run."""

    train: ModuleType
    generate_module: ModuleType
    flags: list[str]
    result_files: list[str]

    def start(self, path: Path, *flags, output: Path | None = None, **kwargs) -> Fork:
        """Start or resume a run of three epochs, with an output file next to its directory.

        Args:
          kwargs: see `Fork`.
        """
        line = [*self.flags, "--epochs=3", f"--save_path={path}", *flags]
        return Fork(self.train, line, output or path.with_name(f"{path.name}.output"), **kwargs)

    def generate(self, path: Path, output: Path) -> Fork:
        """Generate a text or image with a finished run."""
        return Fork(self.generate_module, [str(path)], output)

    def result(self, path: Path, exclude: str = "") -> dict[str, bytes]:
        """Return the result files of a finished run, except for one file."""
        return {name: (path / name).read_bytes() for name in self.result_files if name != exclude}


def text_app(directory: Path) -> App:
    corpus = directory / "bottles.txt"
    corpus.write_text(TEXT)
    small = ["--sample_len=5", "--lstm_layer_size=6", "--examples_per_epoch=320",
             "--batch_size=32", "--display_length=9"]  # fmt: skip
    result_files = ["weights.bin", "model.json", "history.csv", "samples.txt", "epochs.json",
                    "text_data.json", "loss.png", "run.json",
                    "graph_model/weights.bin"]  # fmt: skip
    return App(
        lstm_text_generation.train,
        lstm_text_generation.generate,
        [str(corpus), *small],
        result_files,
    )


def image_app(directory: Path) -> App:
    data = shapes.write_dataset(directory / "data", ".gz")
    result_files = ["encoder/weights.bin", "decoder/weights.bin", "decoder/model.json",
                    "history.csv", "epochs.json", "image_data.json", "latent_space.png", "loss.png",
                    "run.json", "graph_model/decoder/weights.bin", "formation.png",
                    "formation.json"]  # fmt: skip
    return App(
        fashion_mnist_vae.train,
        fashion_mnist_vae.generate,
        [*shapes.SMALL, f"--data_dir={data}"],
        result_files,
    )


APPS = {"text": text_app, "images": image_app}


def assert_no_partial_files(directory: Path) -> None:
    """Assert that no file in a directory is half written, except for hidden files."""
    for file in directory.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(directory).parts)
        if hidden or not file.is_file():
            continue
        data = file.read_bytes()
        if file.suffix == ".json":
            json.loads(data)
        elif file.suffix in (".npz", ".keras"):
            assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
        elif file.suffix == ".png":
            assert data.endswith(b"IEND\xaeB`\x82")
        elif file.suffix == ".csv":
            header, *rows = csv.reader(io.StringIO(data.decode()))
            assert data.endswith(b"\n") and all(len(row) == len(header) for row in rows)
        else:
            assert data, file


def assert_has_checkpoint(path: Path) -> None:
    """Assert that an unfinished run has a checkpoint, and that numpy can read the checkpoint."""
    (*_, newest) = sorted((path.with_name(f"{path.name}.training") / "checkpoints").glob("epoch-*"))
    with np.load(newest) as arrays:
        assert all(np.all(np.isfinite(arrays[name])) for name in arrays if "model" in name)
