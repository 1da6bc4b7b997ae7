"""The map of the autoencoder's page in a browser."""

import json
import shutil

import numpy as np
import pytest

from fashion_mnist_vae import train
from fashion_mnist_vae.grid import Grid
from fashion_mnist_vae.pictures import decode_grid
from tests.support.commands import run_here
from tests.support.shapes import SMALL
from tests.support.shared_files import made_once
from tests.web.vae_model import SHAPE, assert_same, decode, default_limits, load_models


def test_limits_and_points_change_the_map(visit_vae, models):
    answer = visit_vae("limits")
    assert_same(answer["square"], decode_grid(models[1], Grid(5, -2, 2), SHAPE))
    for end, tiles in ((1, answer["other"]), (1.5, answer["dragged"]["tiles"])):
        z = np.array([[-3, 4], [end, 4], [-3, 0.5], [end, 0.5]], np.float32)
        images = np.asarray(models[1](z)).reshape(2, 2, *SHAPE)
        assert_same(tiles, images.swapaxes(1, 2).reshape(24, 20))
    assert answer["dragged"]["end"] == "1.5"
    assert answer["messages"] == [
        "Points per dimension must be a whole number from 1 to 100, but is 0.",
        "Points per dimension must be a whole number from 1 to 100, but is 2.5.",
        "Points per dimension must be a whole number from 1 to 100, but is 12abc.",
        "Start must be a number from -1000 to 1000. Write 0.5, with a point.",
        "End must be a number from -1000 to 1000. The field is empty.",
        "Start must be below end.",
    ]
    assert answer["left"] == 0 and answer["focused"] == "reset" and answer["same"] is True


def test_pointing_and_walking_show_decoded_images(visit_vae, models):
    """The map of 9 points reaches half a tile beyond -4 and 4, and a tile is 1 wide."""
    answer = visit_vae("walk")
    expected = {
        "hovered": [2.25, 2.25],
        "touched": [-2.25, -2.25],
        "from": [-2, 1],
        "to": [1, 0],
        "quarter": [-1.25, 0.75],
        "played": [1, 0],
    }
    for name, z in expected.items():
        assert answer[name]["z"] == pytest.approx(z, abs=0.03), name
        assert_same(answer[name]["large"], decode(models, answer[name]["z"]))
    assert answer["early"] == "true" and answer["reason"].startswith("Click two points of the map")


def test_legend_switches_classes(visit_vae, image_run):
    answer = visit_vae("classes")
    assert answer["names"] == ["0", "1", "2"]
    counts = answer["counts"]
    assert counts[0] > counts[1] > counts[2] > counts[3] == 0
    assert answer["pressed"] == "false" and answer["again"] > 100 and answer["off"] == 0
    ((start, end), _) = default_limits(image_run).round(2)
    half = (end - start) / 19 / 2
    reach = (2 - start + half) / (end - start + 2 * half)  # of the larger circle
    if reach < 1:
        assert answer["circles"]["last"] == pytest.approx(reach, abs=0.01)
    assert answer["blank"] is True


def test_eleventh_class_repeats_colour_with_another_mark(visitor, image_run, tmp_path):
    run = tmp_path / "classes"
    shutil.copytree(image_run, run)
    info = json.loads((run / "image_data.json").read_text())
    names = [f"class {number}" for number in range(12)]
    (run / "image_data.json").write_text(json.dumps(info | {"class_names": names}))
    marks = visitor({"classes": run}, "vae")("marks")
    colours = [mark["colour"] for mark in marks]
    assert len(set(colours[:10])) == 10 and colours[10:] == colours[:2]
    sizes = [mark["size"] for mark in marks]  # in pixels; a square is larger than a circle
    assert max(sizes[:10]) - min(sizes[:10]) < 5 < min(sizes[10:]) - max(sizes[:10])


def test_map_shows_two_of_three_dimensions(visitor, shapes_dir, tmp_path_factory):
    def make(directory):
        line = [*SMALL, f"--data_dir={shapes_dir}", "--epochs=8", "--latent_dim=3"]
        line += ["--learning_rate=0.01", f"--save_path={directory / 'run'}"]
        run_here(train, *line)

    run = made_once(tmp_path_factory, "three_dimensions", make) / "run"
    answer = visitor({"three": run}, "vae")("threeDimensions")
    models = load_models(run)

    def tiles(rest):
        z = np.array([[y, rest, x] for y in (2, 0, -2) for x in (-1, 0, 1)], np.float32)
        images = np.asarray(models[1](z)).reshape(3, 3, *SHAPE)
        return images.swapaxes(1, 2).reshape(36, 30)

    assert answer["sliders"] == 1 and answer["rest"] > 0
    assert_same(answer["before"], tiles(0))
    assert_same(answer["after"], tiles(answer["rest"]))
    assert answer["swapped"] == "2" and len(answer["z"]) == 3
    assert answer["through"] == pytest.approx(answer["z"][1], abs=0.011)


def test_backends_draw_the_same_map(visit_vae, models):
    answer = visit_vae("backends")
    for tiles in answer["found"].values():
        assert_same(tiles, decode_grid(models[1], Grid(4, -4, 4), SHAPE))
    assert_same(answer["after"], decode_grid(models[1], Grid(3, -4, 4), SHAPE))
    if "cannot run" in answer["webgpu"]:
        assert answer["chosen"] == "wasm"
