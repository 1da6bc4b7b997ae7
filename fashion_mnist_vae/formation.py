"""Small maps of the latent space after some epochs, which the page shows beside the loss.

Each map is a file beside the checkpoints, so a resumed run keeps its maps. The export joins the
maps to one picture.
"""

import json
import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from fashion_mnist_vae import pictures
from fashion_mnist_vae.data import ImageData
from fashion_mnist_vae.grid import Grid
from keras_tfjs.atomic_files import write_atomically, write_text
from training_run.run import Run
from training_run.run_directory import CHECKPOINTS

PICTURE_FILE, DESCRIPTION_FILE = "formation.png", "formation.json"
MAX_MAPS = 16
GRID = Grid(9, -3.0, 3.0)


def add_map(run: Run, vae_model: keras.Model, image_data: ImageData) -> None:
    """Write a map of the epoch that ends, and delete a map if there are more than `MAX_MAPS`.

    Call this function before `run.log_epoch`: an epoch that is repeated after a kill overwrites its
    map. A run that writes no files has no maps.
    """
    if not run.keeps_files:
        return
    encoder_model, decoder_model = (vae_model.get_layer(name) for name in ("encoder", "decoder"))
    latent_dim = decoder_model.input_shape[1]
    dimensions = (0, latent_dim - 1)
    if latent_dim > 2:
        dimensions, _ = pictures.largest_kl_dimensions(encoder_model, image_data)
    grid = GRID._replace(dimensions=dimensions)
    image = pictures.decode_grid(decoder_model, grid, image_data.image_shape)
    pixels = np.round(255 * image).astype(np.uint8)
    maps = run.directory / CHECKPOINTS
    maps.mkdir(exist_ok=True)
    epoch = run.progress.epoch + 1

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez_compressed(file, pixels=pixels, dimensions=dimensions)

    write_atomically(_file(maps, epoch), write)
    epochs = [number for number in _epochs(maps) if number <= epoch]
    keep = select_epochs(epochs)
    for number in _epochs(maps):
        if number not in keep:
            _file(maps, number).unlink()


def select_epochs(epochs: Sequence[int]) -> list[int]:
    """Return at most `MAX_MAPS` of the ascending epochs, evenly spaced in their logarithm.

    The first and the last epoch stay. Epochs are removed one at a time, always the epoch whose
    neighbours are closest to each other, so the result does not depend on when a run was resumed.
    """
    kept = list(epochs)
    while len(kept) > MAX_MAPS:
        gaps = [math.log(after / before) for before, after in zip(kept, kept[2:], strict=False)]
        del kept[1 + gaps.index(min(gaps))]
    return kept


def save(run: Run) -> dict[str, str]:
    """Write one picture of all maps, the first epoch on top, and its description.

    Returns:
      A description of each file, by its name; empty if the run has no maps, because an older
      version trained it.
    """
    maps = run.directory / CHECKPOINTS
    epochs = [epoch for epoch in _epochs(maps) if epoch <= run.progress.epoch]
    found = {epoch: content for epoch in epochs if (content := _read(_file(maps, epoch)))}
    if not found:
        return {}
    pictures.save_image(
        run.directory / PICTURE_FILE, np.vstack([pixels for pixels, _ in found.values()]) / 255
    )
    description = {
        "epochs": list(found),
        "points": GRID.points,
        "limits": [GRID.start, GRID.end],
        "dimensions": [dimensions for _, dimensions in found.values()],
    }
    write_text(run.directory / DESCRIPTION_FILE, json.dumps(description) + "\n")
    return {
        PICTURE_FILE: f"maps of the latent space after {len(found)} epochs, for the page",
        DESCRIPTION_FILE: f"the epochs of {PICTURE_FILE}",
    }


def _file(maps: Path, epoch: int) -> Path:
    return maps / f"map-{epoch:06d}.npz"


def _epochs(maps: Path) -> list[int]:
    """Return the epochs that have a map, in ascending order."""
    return sorted(int(file.stem.removeprefix("map-")) for file in maps.glob("map-*.npz"))


def _read(file: Path) -> tuple[np.ndarray, list[int]] | None:
    """Return the pixels and the latent dimensions of a map, or None if the file is damaged."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return arrays["pixels"], arrays["dimensions"].tolist()
    except (EOFError, KeyError, OSError, ValueError, zipfile.BadZipFile, zlib.error):
        print(f"warning: {file} is damaged, so {PICTURE_FILE} lacks this epoch")
        return None
