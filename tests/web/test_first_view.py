"""The index page, and the bytes that each page downloads before it shows its model's output."""

import gzip
import json

import keras
import numpy as np
import pytest

import fashion_mnist_vae.train
import lstm_text_generation.train
from fashion_mnist_vae import data
from lstm_text_generation import load
from tests.support.commands import run_here
from tests.support.shapes import draw_shapes, write_idx
from tests.support.shared_files import made_once
from tests.web.text_model import surprise


@pytest.fixture(scope="module")
def visit(visitor, text_run, image_run):
    return visitor({"bottles": text_run, "shapes": image_run}, "index")


def test_index_page_shows_text_and_map(visit, text_run, image_run):
    answer = visit("live")
    model, text_data = load.load_model(text_run)
    seed = text_data["seed_text"]
    bits = surprise((model, text_data["char_set"]), seed + answer["line"])[len(seed) :]
    assert bits.mean() < 0.8 * np.log2(len(text_data["char_set"]))  # the model wrote this line
    decoder = keras.models.load_model(image_run / "decoder.keras", compile=False)
    info = json.loads((image_run / "image_data.json").read_text())
    expected = decode_map(decoder, info)
    shown = np.array(answer["map"]["gray"]).reshape(answer["map"]["height"], -1)
    assert np.abs(shown - 255 * expected).max() <= 2
    assert "./lstm_text_generation/web/index.html" in answer["links"]
    assert any("manning.com" in link for link in answer["links"])
    assert sum("tfjs-examples" in link for link in answer["links"]) == 2
    assert answer["found"] == [] and answer["width"] == 390


def decode_map(decoder, info) -> np.ndarray:
    """Return the map of 8 x 8 points that Keras decodes between a run's limits."""
    (x_start, x_end), (y_start, y_end) = (info["limits"][d] for d in info["grid_dimensions"])
    z = [[x, y] for y in np.linspace(y_end, y_start, 8) for x in np.linspace(x_start, x_end, 8)]
    height, width = info["image_shape"]
    images = np.asarray(decoder(np.array(z, np.float32))).reshape(8, 8, height, width)
    return images.swapaxes(1, 2).reshape(8 * height, 8 * width)


def test_index_page_without_runs_says_how_to_train(visit):
    paragraphs = visit("noRuns")
    assert sum("Train both models with make demo" in text for text in paragraphs) == 2


@pytest.fixture(scope="module")
def demo_runs(tmp_path_factory):
    """Runs as large as those of `make demo`, trained for a few steps."""

    def make(directory):
        line = ["python-docs", "--preset=fast", "--epochs=1", "--examples_per_epoch=64"]
        line += ["--validation_split=0.01", f"--save_path={directory / 'text'}"]
        run_here(lstm_text_generation.train, *line)
        write_images(directory / "images")
        line = ["--dataset=images", f"--data_dir={directory / 'images'}", "--epochs=1"]
        run_here(fashion_mnist_vae.train, *line, f"--save_path={directory / 'vae'}")

    return made_once(tmp_path_factory, "demo_runs", make)


def write_images(directory) -> None:
    """Write images of 28 x 28 pixels, like those of Fashion-MNIST."""
    directory.mkdir()
    arrays = [*draw_shapes(500, 0), *draw_shapes(100, 1)]
    for name, array in zip(data.IDX_FILES, arrays, strict=True):
        margins = [(0, 0), (8, 8), (9, 9)] if array.ndim == 3 else 0
        write_idx(directory / name, np.pad(array, margins))


def test_first_views_download_few_bytes(visitor, demo_runs):
    """Count the bytes that a host sends with gzip."""
    visit = visitor({"python-docs": demo_runs / "text", "vae": demo_runs / "vae"}, "index")
    views, site = visit("firstViews"), visit.site
    sizes = {}
    for page, view in views.items():
        files = {name: len(gzip.compress((site / name[1:]).read_bytes())) for name in view["asked"]}
        graphs = {name for name in files if name.endswith("weights.bin")}
        assert graphs and all("/graph_model_float16/" in name for name in graphs)
        code = sum(size for name, size in files.items() if "/saved_models/" not in name)
        sizes[page] = (code, sum(files.values()))
    print({page: (*sizes[page], round(views[page]["seconds"], 2)) for page in sizes})
    text, vae = (
        sizes["lstm_text_generation/web/index.html"],
        sizes["fashion_mnist_vae/web/index.html"],
    )
    for code, total in (text, vae):
        assert code <= 450_000 and total <= 1_200_000
    assert sizes["index.html"][1] <= 1_500_000
    assert text[0] > 100_000 and vae[1] > 700_000  # the files were counted
