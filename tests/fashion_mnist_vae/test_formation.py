"""Maps of the latent space after some epochs."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae import formation, train
from fashion_mnist_vae.model import VaeOptions
from fashion_mnist_vae.pictures import decode_grid
from tests.support.shapes import SMALL
from training_run.run import Run
from training_run.run_directory import RunDirectory


def read(path) -> tuple[np.ndarray, dict]:
    """Return the maps of a run, [maps, rows, columns], and their description."""
    description = json.loads((path / "formation.json").read_text())
    pixels = tf.io.decode_png((path / "formation.png").read_bytes()).numpy()[..., 0]
    return pixels.reshape(len(description["epochs"]), -1, pixels.shape[1]), description


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_map_is_the_decoded_grid_of_its_epoch(shapes, tmp_path, latent_dim):
    drawn = []

    class RecordingRun(Run):
        def log_epoch(self, metrics):
            super().log_epoch(metrics)
            decoder = self._model.get_layer("decoder")
            with np.load(tmp_path / f"checkpoints/map-{self.progress.epoch:06d}.npz") as arrays:
                grid = formation.GRID._replace(dimensions=tuple(arrays["dimensions"]))
            drawn.append(decode_grid(decoder, grid, shapes.image_shape))

    run = RecordingRun(RunDirectory(tmp_path, tmp_path, {}))
    train.train(shapes, VaeOptions(120, 16, latent_dim), run, epochs=3, learning_rate=1e-2)
    assert list(formation.save(run)) == ["formation.png", "formation.json"]
    maps, description = read(tmp_path)
    assert description["epochs"] == [1, 2, 3] and description["points"] == 9
    assert description["limits"] == [-3.0, 3.0]
    assert len(set(description["dimensions"][0])) == min(latent_dim, 2)
    np.testing.assert_allclose(maps, 255 * np.array(drawn), atol=0.51)
    assert np.abs(maps[0].astype(int) - maps[2]).max() > 5


@pytest.mark.parametrize("last", [5, 16, 17, 100, 1000])
def test_select_epochs_spaces_sixteen_epochs_logarithmically(last):
    kept = []
    for epoch in range(1, last + 1):
        kept = formation.select_epochs([*kept, epoch])
    assert len(kept) == min(last, 16) and kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (1, last)
    ratios = np.array(kept[1:]) / kept[:-1]
    assert ratios.max() <= max(2, last ** (2 / 15))  # twice the ratio of an exact spacing


def test_resumed_run_has_the_same_maps(call, shapes_dir, tmp_path):
    line = [*SMALL, f"--data_dir={shapes_dir}", "--batch_size=500"]
    runs = [tmp_path / "alone", tmp_path / "resumed"]
    assert call(train, *line, "--epochs=20", f"--save_path={runs[0]}")[0] == 0
    for epochs in (3, 18, 20):
        flags = ["--resume", f"--epochs={epochs}", f"--save_path={runs[1]}"]
        assert call(train, *line, *flags)[0] == 0
        assert read(runs[1])[1]["epochs"][-1] == epochs
    for name in ("formation.png", "formation.json"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()
    assert len(read(runs[1])[1]["epochs"]) == 16


def test_save_leaves_out_damaged_and_missing_maps(call, image_run, shapes_dir, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(image_run, path)
    damaged = path / "checkpoints/map-000002.npz"
    damaged.write_bytes(damaged.read_bytes()[:100])
    line = [f"--data_dir={shapes_dir}", "--resume", f"--save_path={path}"]
    code, out, _ = call(train, *line)
    assert code == 0 and "map-000002.npz is damaged, so formation.png lacks this epoch" in out
    assert read(path)[1]["epochs"] == [1, 3]
    for file in (path / "checkpoints").glob("map-*"):
        file.unlink()
    code, out, _ = call(train, *line)
    assert code == 0 and "formation" not in out
    assert not list(path.glob("formation*"))


def test_run_without_directory_writes_no_maps(shapes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train.train(shapes, VaeOptions(120, 16, 2), epochs=1)
    assert not list(tmp_path.iterdir())
