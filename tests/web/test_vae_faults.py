"""The autoencoder's page with damaged, older or missing runs, in a browser."""

import json
import shutil

import numpy as np

from fashion_mnist_vae.grid import Grid
from fashion_mnist_vae.pictures import decode_grid
from tests.web.vae_model import SHAPE, assert_same


def broken_runs(image_run, directory):
    """Damage copies of a run. Return the copies, and the words that each message must contain."""

    def cut(file):
        file.write_bytes(file.read_bytes()[:-401])

    def write_nan(file, dtype=np.float16):
        values = np.frombuffer(file.read_bytes(), dtype).copy()
        values[100] = np.nan
        file.write_bytes(values.tobytes())

    def write_nan_encoder(file):
        write_nan(file, np.float32)

    def resized(file):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"image_shape": [28, 28]}))

    decoder = "graph_model_float16/decoder"
    faults = {
        "no-info": ("image_data.json", lambda file: file.unlink(), "is missing. Train a model"),
        "null": ("image_data.json", lambda file: file.write_text("null"), "is damaged. Train"),
        "empty": ("image_data.json", lambda file: file.write_text("{}"), "is damaged. Train"),
        "no-graph": (f"{decoder}/model.json", lambda file: file.unlink(), "is missing. Train"),
        "cut": (f"{decoder}/weights.bin", cut, "is damaged: it has "),
        "nan": (f"{decoder}/weights.bin", write_nan, "has weights that are NaN or infinite"),
        "size": ("image_data.json", resized, "does not fit the images of 28 x 28 pixels"),
        "cut-encoder": ("encoder/weights.bin", cut, "is damaged: it has "),
        "nan-encoder": ("encoder/weights.bin", write_nan_encoder, "NaN or infinite"),
        "labels": ("test_images.json", lambda file: file.write_text('{"labels":'), "is damaged."),
        "cut-tests": ("test_images.bin", cut, "is damaged: it has "),
    }
    runs, words = {}, {}
    for name, (file, damage, message) in faults.items():
        runs[name] = directory / name
        shutil.copytree(image_run, runs[name])
        damage(runs[name] / file)
        place = file.rsplit("/", 1)[0] if "nan" in name else file
        words[name] = [f"{name}/{decoder if name == 'size' else place}", message]
    return runs, words


def test_damaged_runs_are_reported(visitor, image_run, tmp_path):
    runs, words = broken_runs(image_run, tmp_path)
    visit = visitor({"good": image_run, **runs}, "vae", allow_errors=True)
    answer = visit("broken", {"runs": list(runs)})
    messages = answer["messages"]
    assert messages["absent"] == "There is no run absent. The page shows good instead."
    assert answer["focused"] == "run"
    for name, parts in words.items():
        for part in parts:
            assert part in messages[name], name


def test_missing_maps_are_reported(visitor, image_run, tmp_path):
    runs = {name: tmp_path / name for name in ("older", "damaged")}
    for run in runs.values():
        shutil.copytree(image_run, run)
    (runs["older"] / "formation.json").unlink()
    (runs["damaged"] / "formation.png").write_bytes(b"no picture")
    visit = visitor({"good": image_run, **runs}, "vae", allow_errors=True)
    messages = visit("missingFormation", {"runs": list(runs)})
    assert "older/formation.json is missing. " in messages["older"]
    assert "damaged/formation.png is damaged. " in messages["damaged"]


def test_older_run_without_float16_and_limits_loads(visitor, models, image_run, tmp_path):
    """Older versions wrote such runs."""
    run = tmp_path / "older"
    shutil.copytree(image_run, run)
    shutil.rmtree(run / "graph_model_float16")
    info = json.loads((run / "image_data.json").read_text())
    del info["limits"]
    (run / "image_data.json").write_text(json.dumps(info))
    answer = visitor({"good": run}, "vae")("firstView")
    assert_same(answer["tiles"], decode_grid(models[1], Grid(20, -3, 3), SHAPE))


def test_site_without_runs_says_how_to_train(visit_vae):
    answer = visit_vae("noRuns")
    assert "python -m fashion_mnist_vae.train" in answer["words"]
    assert answer["controls"] == 0
