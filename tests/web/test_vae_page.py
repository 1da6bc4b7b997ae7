"""The autoencoder's page, in a browser, on models that Python trained."""

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
from fashion_mnist_vae.formation import GRID
from fashion_mnist_vae.grid import Grid
from fashion_mnist_vae.model import kl_divergence
from fashion_mnist_vae.pictures import decode_grid
from tests.support.commands import command
from tests.support.shapes import SMALL
from tests.support.shared_files import made_once

SHAPE = (12, 10)


@pytest.fixture(scope="module")
def visit(visitor, image_run, text_run):
    return visitor({"good": image_run, "text": text_run}, "vae")


def models_of(run):
    names = ("encoder", "decoder")
    return [keras.models.load_model(run / f"{name}.keras", compile=False) for name in names]


@pytest.fixture(scope="module")
def models(image_run):
    return models_of(image_run)


@pytest.fixture(scope="module")
def test_data(shapes_dir):
    return data.load_directory(shapes_dir, "shapes")


def scaled(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 255


def gray(picture: dict) -> np.ndarray:
    return np.array(picture["gray"]).reshape(picture["height"], picture["width"])


def assert_same(picture: dict, image: np.ndarray) -> None:
    """Assert that a canvas shows an image of 0 to 1 within one gray level, and its rounding."""
    assert np.abs(gray(picture) - 255 * image).max() <= 1.5


def decoded(models, z) -> np.ndarray:
    return np.asarray(models[1](np.array([z], np.float32))).reshape(SHAPE)


def usual_limits(run) -> np.ndarray:
    return np.array(json.loads((run / "image_data.json").read_text())["limits"])


# ---- the first view


def test_the_map_is_drawn_before_the_encoder_is_here(visit, models, image_run, test_data):
    answer = visit("firstView")
    z_mean = models[0](scaled(test_data.test_images))[0].numpy()
    limits = np.percentile(z_mean, [1, 99], axis=0).T
    np.testing.assert_allclose(usual_limits(image_run), limits, atol=1e-5)
    fields = {name: float(value) for name, value in answer["fields"].items()}
    found = [[fields["start-x"], fields["end-x"]], [fields["start-y"], fields["end-y"]]]
    np.testing.assert_allclose(found, limits, atol=0.0051)
    assert fields["points"] == 20
    x, y = (np.linspace(start, end, 20) for start, end in found)
    z = np.array([[a, b] for b in y[::-1] for a in x], np.float32)
    tiles = models[1](z).numpy().reshape(20, 20, *SHAPE).swapaxes(1, 2).reshape(240, 200)
    assert_same(answer["tiles"], tiles)
    assert "The encoder is still loading." in answer["waiting"]
    run_files = [path.split("/good/")[1] for path in answer["asked"] if "/good/" in path]
    assert "graph_model_float16/decoder/weights.bin" in run_files
    assert not any(name.startswith(("decoder/", "graph_model/", "formation")) for name in run_files)


def test_the_map_comes_first_and_is_on_the_first_screen(visit):
    layouts = visit("layout")
    for found in layouts.values():
        assert found["bottom"] <= found["height"] and found["first"] == "tiles"
        assert found["size"] >= 350
    assert [found["scroll"] for found in layouts.values()] == [390, 1280]


def test_axe_finds_nothing_and_tabs_keep_the_focus(visit):
    found = visit("axe")
    assert len(found) == 12
    for state in found:
        assert state["violations"] == [], state
        assert state["focused"] == f"tab-{state['name']}"


# ---- the map


def test_limits_and_points_can_be_changed(visit, models):
    answer = visit("limits")
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


def test_pointing_and_walking(visit, models):
    """The map of 9 points reaches half a tile beyond -4 and 4, and a tile is 1 wide."""
    answer = visit("walk")
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
        assert_same(answer[name]["large"], decoded(models, answer[name]["z"]))
    assert answer["early"] == "true" and answer["reason"].startswith("Click two points of the map")


def test_the_legend_switches_classes(visit, image_run):
    answer = visit("classes")
    assert answer["names"] == ["0", "1", "2"]
    counts = answer["counts"]
    assert counts[0] > counts[1] > counts[2] > counts[3] == 0
    assert answer["pressed"] == "false" and answer["again"] > 100 and answer["off"] == 0
    ((start, end), _) = usual_limits(image_run).round(2)
    half = (end - start) / 19 / 2
    reach = (2 - start + half) / (end - start + 2 * half)  # of the circle of two deviations
    if reach < 1:
        assert answer["circles"]["last"] == pytest.approx(reach, abs=0.01)
    assert answer["blank"] is True


def test_classes_after_the_tenth_have_the_colours_again_with_another_mark(
    visitor, image_run, tmp_path
):
    run = tmp_path / "classes"
    shutil.copytree(image_run, run)
    info = json.loads((run / "image_data.json").read_text())
    names = [f"class {number}" for number in range(12)]
    (run / "image_data.json").write_text(json.dumps(info | {"class_names": names}))
    marks = visitor({"classes": run}, "vae")("marks")
    colours = [mark["colour"] for mark in marks]
    assert len(set(colours[:10])) == 10 and colours[10:] == colours[:2]
    sizes = [mark["size"] for mark in marks]  # in pixels of the colour; a square has more of them
    assert max(sizes[:10]) - min(sizes[:10]) < 5 < min(sizes[10:]) - max(sizes[:10])


def test_three_latent_dimensions(visitor, shapes_dir, tmp_path_factory):
    def make(directory):
        line = [*SMALL, f"--data_dir={shapes_dir}", "--epochs=8", "--latent_dim=3"]
        line += ["--learning_rate=0.01", f"--save_path={directory / 'run'}"]
        assert command("fashion_mnist_vae.train", *line).returncode == 0

    run = made_once(tmp_path_factory, "three_dimensions", make) / "run"
    answer = visitor({"three": run}, "vae")("threeDimensions")
    models = models_of(run)

    def tiles(rest):
        z = np.array([[y, rest, x] for y in (2, 0, -2) for x in (-1, 0, 1)], np.float32)
        images = np.asarray(models[1](z)).reshape(3, 3, *SHAPE)
        return images.swapaxes(1, 2).reshape(36, 30)

    assert answer["sliders"] == 1 and answer["rest"] > 0
    assert_same(answer["before"], tiles(0))
    assert_same(answer["after"], tiles(answer["rest"]))
    assert answer["swapped"] == "2" and len(answer["z"]) == 3
    assert answer["through"] == pytest.approx(answer["z"][1], abs=0.011)


def test_every_backend_draws_the_same(visit, models):
    answer = visit("backends")
    for tiles in answer["found"].values():
        assert_same(tiles, decode_grid(models[1], Grid(4, -4, 4), SHAPE))
    assert_same(answer["after"], decode_grid(models[1], Grid(3, -4, 4), SHAPE))
    if "cannot run" in answer["webgpu"]:
        assert answer["chosen"] == "wasm"


# ---- images


def assert_picked(answer: dict, models, image: np.ndarray) -> np.ndarray:
    """Assert that the page says what Keras computes of an image, 0 to 1; return its deviations."""
    z_mean, z_log_var, _ = models[0](image[None])
    sd = np.exp(z_log_var[0] / 2)
    reconstruction = models[1](z_mean).numpy()[0]
    assert answer["mean"] == pytest.approx(z_mean[0].numpy(), abs=6e-4)
    assert answer["sd"] == pytest.approx(sd, abs=6e-4)
    error = np.square(image - reconstruction).sum()
    assert answer["error"] == pytest.approx(error, abs=0.006, rel=2e-3)
    kl = kl_divergence(z_mean, z_log_var).numpy().sum()
    assert answer["kl"] == pytest.approx(kl, abs=6e-4, rel=1e-4)
    assert_same(answer["original"], image.reshape(SHAPE))
    assert_same(answer["reconstruction"], reconstruction.reshape(SHAPE))
    return sd


@pytest.fixture(scope="module")
def picked(visit):
    return visit("picked")


def test_a_picked_image_is_an_ellipse(picked, models, test_data):
    answer = picked
    image = scaled(test_data.test_images[2])
    sd = assert_picked(answer, models, image)
    # The ellipse of two deviations on the map, which is 9 wide, with half of its line of 4 pixels.
    for name, mean, deviation in zip(("across", "down"), answer["mean"], sd, strict=True):
        middle = 0.5 + (mean if name == "across" else -mean) / 9
        start, end = answer["ellipse"][name]
        assert (start + end) / 2 == pytest.approx(middle, abs=0.004)
        assert (end - start) / 2 == pytest.approx(2 * deviation / 9, abs=0.006)
    for draws in (answer["draws"], answer["again"]):
        assert len(draws["zs"]) == 6
        assert np.abs((np.array(draws["zs"]) - answer["mean"]) / sd).max() < 6
        errors = np.square(image - models[1](np.array(draws["zs"], np.float32)).numpy()).sum(axis=1)
        assert draws["errors"] == pytest.approx(errors, abs=0.06, rel=5e-3)
        assert_same(draws["image"], decoded(models, draws["zs"][1]))
    assert not set(map(tuple, answer["draws"]["zs"])) & set(map(tuple, answer["again"]["zs"]))
    name = test_data.class_names[test_data.test_labels[2]]
    assert answer["label"] == f"Test image 2: {name}"
    assert answer["next"].startswith("Test image 20: ")


def test_the_diagram_shows_what_is_computed(picked, models, test_data):
    answer = picked
    assert (answer["dark"], answer["lit"]) == (3, 6)  # the decoder alone, then all
    words = answer["diagram"]
    image = scaled(test_data.test_images[2:3])
    encoder, decoder = models
    z_mean = encoder(image)[0]
    hidden = [
        keras.Model(encoder.input, encoder.get_layer("dense_Dense1").output)(image),
        keras.Model(decoder.input, decoder.get_layer("dense_Dense2").output)(z_mean),
    ]
    for units in hidden:
        assert f"{int((units.numpy() > 0).sum())} of 24 units active" in words
    for layer in ("dense_Dense1", "dense_Dense2", "dense_Dense3", "z_mean, z_log_var"):
        assert layer in words
    for size in ("120 x 24", "2 x 24 x 2", "2 x 24", "24 x 120"):
        assert size in words.replace("\u00d7", "x")


def test_the_draws_are_those_of_the_ellipse(picked, models, test_data):
    """Over many draws, (z - z_mean) / sd has the mean 0 and the deviation 1."""
    z_mean, z_log_var, _ = models[0](scaled(test_data.test_images[2:3]))
    epsilon = (np.array(picked["many"]) - z_mean.numpy()) / np.exp(z_log_var / 2)
    assert len(epsilon) == 180
    assert np.abs(epsilon.mean(axis=0)).max() < 0.35  # four and more of its deviations
    assert np.abs(epsilon.std(axis=0) - 1).max() < 0.25


def png(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_pictures_of_ones_own(visit, models, test_data):
    """An upload, bright on dark; a drop, dark on bright; and one that is four times as wide."""
    uploaded, dropped = test_data.test_images[[7, 9]]
    wide = np.full((10, 40), 90, np.uint8)
    answer = visit(
        "files",
        {
            "uploaded": png(uploaded.reshape(SHAPE)),
            "dropped": png(255 - dropped.reshape(SHAPE)),
            "wide": png(wide),
        },
    )
    assert_picked(answer["uploaded"], models, scaled(uploaded))
    assert_picked(answer["dropped"], models, scaled(dropped))
    letterbox = np.zeros(SHAPE, np.uint8)
    letterbox[4:7] = 90  # a quarter of the width, 2.5 rows, rounded
    assert_picked(answer["wide"], models, scaled(letterbox.reshape(-1)))
    assert answer["message"] == "bad.png is not a picture that this browser can read."


def test_drawing_is_answered(visit, models):
    answer = visit("draw")
    for name in ("byMouse", "byFinger"):
        image = gray(answer[name]["original"]).reshape(-1)
        assert_picked(answer[name], models, scaled(image))
    by_mouse, by_finger = (gray(answer[name]["original"]) for name in ("byMouse", "byFinger"))
    assert by_mouse[5, 3] > 150 and by_mouse[8, 6] > 150  # down, then to the right
    assert by_mouse[2, 6] < 50 and by_finger[2, 6] > 150 and by_finger[5, 3] > 150
    assert answer["cleared"] == 0 and answer["focused"] == "clear"


def test_a_run_without_test_images(visitor, models, image_run, test_data, tmp_path):
    run = tmp_path / "untested"
    shutil.copytree(image_run, run)
    for file in run.glob("test_images.*"):
        file.unlink()
    info = json.loads((run / "image_data.json").read_text())
    info |= {"num_test_images": 0, "class_names": []}
    (run / "image_data.json").write_text(json.dumps(info))
    image = test_data.test_images[7]
    answer = visitor({"untested": run}, "vae")("untested", {"png": png(image.reshape(SHAPE))})
    assert "without test images" in answer["words"]
    assert set(answer["missing"].values()) == {0}
    assert_picked(answer["dropped"], models, scaled(image))
    assert len(answer["experiments"]) == 3


# ---- arithmetic, epochs, experiments, addresses


def test_arithmetic(visit, models):
    answer = visit("arithmetic")
    assert answer["refused"] == [
        "Pick an image first, in the tab “Pick an image”.",
        "Set A, B and C first.",
    ]
    np.testing.assert_allclose(answer["set"], [[2.25, 2.25], [-0.9, 1.8], [0, -2.25]], atol=0.03)
    a, b, c = np.array(answer["set"])
    assert answer["sum"]["z"] == pytest.approx(a - b + c, abs=2e-3)
    assert_same(answer["sum"]["image"], decoded(models, answer["sum"]["z"]))
    assert answer["shown"] == answer["sum"]["z"]
    assert answer["changed"] == pytest.approx(a - answer["mean"] + c, abs=2e-3)


def test_how_it_formed(visit, image_run):
    answer = visit("formed")
    rows = json.loads((image_run / "epochs.json").read_text())["epochs"]
    pixels = np.asarray(Image.open(image_run / "formation.png")).reshape(3, -1, 90)
    assert pixels.shape[1] == GRID.points * SHAPE[0]
    for row, found, image in zip(rows, answer["maps"], pixels, strict=True):
        losses = [row["loss"], row["reconstruction"], row["kl"]]
        assert found["losses"] == pytest.approx(losses, abs=0.0051)
        np.testing.assert_array_equal(gray(found["map"]), image)
    last = ", ".join(f"{n} {rows[-1][n.lower()]:.3f}" for n in ("loss", "reconstruction", "KL"))
    assert answer["chart"] == f"loss per image against epoch; at the end {last}"


def test_three_experiments(visit, models, test_data):
    answer = visit("experiments")
    assert answer["titles"] == ["0 to 2", "An unsure encoder", "Far away"]
    assert all("?" in look for look in answer["looks"]) and len(set(answer["looks"])) == 3
    z_mean, z_log_var, _ = models[0](scaled(test_data.test_images))
    middle = z_mean.numpy()[test_data.test_labels == 2].mean(axis=0)
    assert answer["end"] == pytest.approx(middle, abs=1e-3)
    most = z_log_var.numpy()[z_log_var.numpy().sum(axis=1).argmax()]
    assert answer["unsure"] == pytest.approx(np.exp(most / 2), abs=6e-4)


def test_an_address_shows_the_same_view(visit):
    answer = visit("address")
    first, second = answer["first"], answer["second"]
    sums = [np.array(view.pop("sum").strip("()").split(", "), float) for view in (first, second)]
    np.testing.assert_allclose(*sums, atol=0.0021)  # of three z with three decimals
    assert first == second
    assert answer["first"]["tab"] == "Pick an image" and answer["first"]["pressed"] == "true"
    for part in ("run=good", "points=7", "x=-1.5%2C2.5", "y=-2%2C1", "path=", "slots=", "image=3"):
        assert part in answer["url"]


# ---- faults


def broken_runs(image_run, directory):
    """Copy a run for each fault, and return the runs with what the page must say of each."""

    def cut(file):
        file.write_bytes(file.read_bytes()[:-401])

    def not_a_number(file, dtype=np.float16):
        values = np.frombuffer(file.read_bytes(), dtype).copy()
        values[100] = np.nan
        file.write_bytes(values.tobytes())

    def nan_encoder(file):
        not_a_number(file, np.float32)

    def resized(file):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"image_shape": [28, 28]}))

    decoder = "graph_model_float16/decoder"
    faults = {
        "no-info": ("image_data.json", lambda file: file.unlink(), "is missing. Train a model"),
        "null": ("image_data.json", lambda file: file.write_text("null"), "is damaged. Train"),
        "empty": ("image_data.json", lambda file: file.write_text("{}"), "is damaged. Train"),
        "no-graph": (f"{decoder}/model.json", lambda file: file.unlink(), "is missing. Train"),
        "cut": (f"{decoder}/weights.bin", cut, "is damaged: it has "),
        "nan": (f"{decoder}/weights.bin", not_a_number, "has weights that are NaN or infinite"),
        "size": ("image_data.json", resized, "is not made for images of 28 x 28"),
        "cut-encoder": ("encoder/weights.bin", cut, "is damaged: it has "),
        "nan-encoder": ("encoder/weights.bin", nan_encoder, "NaN or infinite"),
        "labels": ("test_images.json", lambda file: file.write_text('{"labels":'), "is damaged."),
        "cut-tests": ("test_images.bin", cut, "is damaged: it has "),
    }
    runs, words = {}, {}
    for name, (file, spoil, message) in faults.items():
        runs[name] = directory / name
        shutil.copytree(image_run, runs[name])
        spoil(runs[name] / file)
        place = file.rsplit("/", 1)[0] if "nan" in name else file
        words[name] = [f"{name}/{decoder if name == 'size' else place}", message]
    return runs, words


def test_runs_that_cannot_be_used(visitor, image_run, tmp_path):
    runs, words = broken_runs(image_run, tmp_path)
    visit = visitor({"good": image_run, **runs}, "vae", may_complain=True)
    answer = visit("broken", {"runs": list(runs)})
    messages = answer["messages"]
    assert messages["absent"] == "There is no run absent, so this is another one."
    assert answer["focused"] == "run"
    for name, parts in words.items():
        for part in parts:
            assert part in messages[name], name


def test_runs_without_their_epochs(visitor, image_run, tmp_path):
    runs = {name: tmp_path / name for name in ("older", "damaged")}
    for run in runs.values():
        shutil.copytree(image_run, run)
    (runs["older"] / "formation.json").unlink()
    (runs["damaged"] / "formation.png").write_bytes(b"no picture")
    visit = visitor({"good": image_run, **runs}, "vae", may_complain=True)
    messages = visit("unformed", {"runs": list(runs)})
    assert "older/formation.json is missing. " in messages["older"]
    assert "damaged/formation.png is damaged. " in messages["damaged"]


def test_a_run_without_float16_and_limits(visitor, models, image_run, tmp_path):
    """Such as one of an older version."""
    run = tmp_path / "older"
    shutil.copytree(image_run, run)
    shutil.rmtree(run / "graph_model_float16")
    info = json.loads((run / "image_data.json").read_text())
    del info["limits"]
    (run / "image_data.json").write_text(json.dumps(info))
    answer = visitor({"good": run}, "vae")("firstView")
    assert_same(answer["tiles"], decode_grid(models[1], Grid(20, -3, 3), SHAPE))


def test_a_site_without_runs(visit):
    answer = visit("noRuns")
    assert "python -m fashion_mnist_vae.train" in answer["words"]
    assert answer["controls"] == 0
