"""The autoencoder's page, in a browser, on a model that Python trained."""

import base64
import io
import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import fashion_mnist_vae.model  # noqa: F401  (registers ZLayer)
from fashion_mnist_vae import data
from fashion_mnist_vae.grid import Grid
from fashion_mnist_vae.pictures import decode_grid

SHAPE = (12, 10)


@pytest.fixture(scope="module")
def visit(visitor, image_run, text_run):
    return visitor({"good": image_run, "text": text_run}, "vae")


@pytest.fixture(scope="module")
def models(image_run):
    names = ("encoder", "decoder")
    return [keras.models.load_model(image_run / f"{name}.keras", compile=False) for name in names]


def gray(picture: dict) -> np.ndarray:
    return np.array(picture["gray"]).reshape(picture["height"], picture["width"])


def assert_same(picture: dict, image: np.ndarray) -> None:
    """Assert that a canvas shows an image of 0 to 1, up to rounding."""
    assert np.abs(gray(picture) - 255 * image).max() <= 1


def test_the_map_is_what_keras_decodes(visit, models):
    answer = visit("update", {"points": 5, "x": [-2, 2], "y": [-2, 2]})
    assert "drew 900 images" in answer["first"]
    assert_same(answer["tiles"], decode_grid(models[1], Grid(5, -2, 2), SHAPE))


def test_each_dimension_has_limits_of_its_own(visit, models):
    tiles = visit("update", {"points": 2, "x": [-3, 1], "y": [0.5, 4]})["tiles"]
    z = np.array([[-3, 4], [1, 4], [-3, 0.5], [1, 0.5]], np.float32)
    images = np.asarray(models[1](z)).reshape(2, 2, *SHAPE)
    assert_same(tiles, images.swapaxes(1, 2).reshape(24, 20))


def test_dragging_a_limit_draws_anew(visit):
    answer = visit("drag")
    assert float(answer["end"]) == pytest.approx(1.0)
    assert np.abs(gray(answer["before"]) - gray(answer["after"])).max() > 5


def test_bad_fields(visit):
    messages = visit("badFields")
    assert [message.split(",")[0] for message in messages] == [
        "Points per dimension must be a whole number from 1 to 100",
        "Points per dimension must be a whole number from 1 to 100",
        "Points per dimension: type a number.",
        "Start must be below end",
        "End: type a number.",
    ]


def test_pointing_at_the_map(visit, models):
    answer = visit("hover", {"across": 0.75, "down": 0.25})
    side = 8 * 30 / 29  # the map reaches half a tile beyond -4 and 4
    assert answer["z"] == pytest.approx([side / 4, side / 4], abs=0.03)
    image = np.asarray(models[1](np.array([answer["z"]], np.float32))).reshape(SHAPE)
    assert_same(answer["large"], image)


def test_a_walk_by_keyboard(visit, models):
    answer = visit("walk")
    tile = 8 / 29
    assert answer["from"] == pytest.approx([-2 * tile, tile], abs=1e-3)
    assert answer["to"] == pytest.approx([tile, 0], abs=1e-3)
    assert answer["early"] is True
    quarter = [-2 * tile + 3 * tile / 4, tile - tile / 4]
    assert answer["quarter"]["z"] == pytest.approx(quarter, abs=1e-3)
    image = np.asarray(models[1](np.array([quarter], np.float32))).reshape(SHAPE)
    assert_same(answer["quarter"]["large"], image)


def test_a_walk_by_mouse(visit):
    assert visit("clicks") is True


def test_clusters(visit):
    answer = visit("clusters")
    assert answer["shown"] > answer["before"] + 500 and answer["after"] == answer["before"]
    assert all(name in answer["legend"] for name in ["0", "1", "2"])


def png(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image.reshape(SHAPE)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_images_of_ones_own(visit, models, shapes_dir):
    """A test image; an upload, bright on dark; and a dropped one, dark on bright."""
    shapes = data.load_directory(shapes_dir, "shapes")
    picked, uploaded, dropped = shapes.test_images[[2, 7, 9]]
    answer = visit("images", {"png": png(uploaded), "other": png(255 - dropped)})
    encoder, decoder = models
    wanted = {"picked": picked, "uploaded": uploaded, "dropped": dropped}
    for name, image in wanted.items():
        z_mean = encoder(image[None].astype(np.float32) / 255)[0]
        assert answer[name]["z"] == pytest.approx(z_mean[0].numpy(), abs=6e-4)
        assert_same(answer[name]["original"], image.reshape(SHAPE) / 255)
        assert_same(answer[name]["reconstruction"], decoder(z_mean).numpy().reshape(SHAPE))
    assert answer["label"] == f"Test image 2: {shapes.class_names[shapes.test_labels[2]]}"
    assert answer["next"].startswith("Test image 20: ")
    assert answer["message"] == "bad.png is not a picture that this browser can read."


def test_a_run_without_test_images(visitor, models, image_run, shapes_dir, tmp_path):
    run = tmp_path / "untested"
    shutil.copytree(image_run, run)
    for file in run.glob("test_images.*"):
        file.unlink()
    info = json.loads((run / "image_data.json").read_text())
    info |= {"num_test_images": 0, "class_names": []}
    (run / "image_data.json").write_text(json.dumps(info))
    image = data.load_directory(shapes_dir, "shapes").test_images[7]
    answer = visitor({"untested": run}, "vae")("untested", {"png": png(image)})
    assert answer["controls"] == {"clusters": True, "others": True}
    assert answer["thumbnails"] == 0 and "without test images" in answer["words"]
    z_mean = models[0](image[None].astype(np.float32) / 255)[0]
    assert answer["z"] == pytest.approx(z_mean[0].numpy(), abs=6e-4)


def test_every_backend_draws_the_same(visit, models):
    answer = visit("backends")
    for tiles in answer["found"].values():
        assert_same(tiles, decode_grid(models[1], Grid(4, -4, 4), SHAPE))
    assert "no webgpu" in answer["webgpu"] or "drew 16 images" in answer["webgpu"]
    assert "drew 4 images" in answer["after"]


def test_runs_that_cannot_be_used(visitor, image_run, tmp_path):
    for name in ("missing", "damaged", "cut-off", "other"):
        shutil.copytree(image_run, tmp_path / name)
    (tmp_path / "missing/image_data.json").unlink()
    (tmp_path / "damaged/test_images.json").write_text('{"labels":')
    weights = tmp_path / "cut-off/decoder/weights.bin"
    weights.write_bytes(weights.read_bytes()[:-400])
    info = json.loads((tmp_path / "other/image_data.json").read_text())
    (tmp_path / "other/image_data.json").write_text(json.dumps(info | {"image_shape": [28, 28]}))
    runs = {path.name: path for path in tmp_path.iterdir()}
    visit = visitor({"good": image_run, **runs}, "vae", may_complain=True)
    messages = visit("broken", {"runs": list(runs)})
    assert "image_data.json is missing. Train a model with" in messages["missing"]
    assert "test_images.json is damaged. Train a model with" in messages["damaged"]
    assert "The run cut-off cannot be used: " in messages["cut-off"]
    assert "its models are not made for images of 28 x 28" in messages["other"]


def test_a_site_without_runs(visit):
    assert "run python -m fashion_mnist_vae.train, then reload" in visit("noRuns")


def test_the_layers_of_the_decoder(visit):
    text = visit("layers")
    assert "dense_Dense2" in text and "dense_Dense3" in text


def test_it_is_usable_on_a_phone_and_with_a_screen_reader(visit):
    assert visit("looks") == {"width": 400, "nameless": []}
