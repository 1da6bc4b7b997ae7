"""The autoencoder's page in a browser, with models trained in Python."""

import json

import numpy as np
import pytest
from PIL import Image

from fashion_mnist_vae.formation import GRID
from tests.web.vae_model import SHAPE, assert_same, decode, default_limits, gray, scaled


def test_map_is_drawn_before_the_encoder_loads(visit_vae, models, image_run, test_data):
    answer = visit_vae("firstView")
    z_mean = models[0](scaled(test_data.test_images))[0].numpy()
    limits = np.percentile(z_mean, [1, 99], axis=0).T
    np.testing.assert_allclose(default_limits(image_run), limits, atol=1e-5)
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


def test_map_fits_the_first_screen(visit_vae):
    layouts = visit_vae("layout")
    for found in layouts.values():
        assert found["bottom"] <= found["height"] and found["first"] == "tiles"
        assert found["size"] >= 350
    assert [found["scroll"] for found in layouts.values()] == [390, 1280]


def test_tabs_are_accessible_and_keep_the_focus(visit_vae):
    found = visit_vae("axe")
    assert len(found) == 12
    for state in found:
        assert state["violations"] == [], state
        assert state["focused"] == f"tab-{state['name']}"


def test_arithmetic_decodes_a_minus_b_plus_c(visit_vae, models):
    answer = visit_vae("arithmetic")
    assert answer["refused"] == [
        "Pick an image first, in the tab “Pick an image”.",
        "Set A, B and C first.",
    ]
    np.testing.assert_allclose(answer["set"], [[2.25, 2.25], [-0.9, 1.8], [0, -2.25]], atol=0.03)
    a, b, c = np.array(answer["set"])
    assert answer["sum"]["z"] == pytest.approx(a - b + c, abs=2e-3)
    assert_same(answer["sum"]["image"], decode(models, answer["sum"]["z"]))
    assert answer["shown"] == answer["sum"]["z"]
    assert answer["changed"] == pytest.approx(a - answer["mean"] + c, abs=2e-3)


def test_formation_shows_maps_and_losses(visit_vae, image_run):
    answer = visit_vae("formation")
    rows = json.loads((image_run / "epochs.json").read_text())["epochs"]
    pixels = np.asarray(Image.open(image_run / "formation.png")).reshape(3, -1, 90)
    assert pixels.shape[1] == GRID.points * SHAPE[0]
    for row, found, image in zip(rows, answer["maps"], pixels, strict=True):
        losses = [row["loss"], row["reconstruction"], row["kl"]]
        assert found["losses"] == pytest.approx(losses, abs=0.0051)
        np.testing.assert_array_equal(gray(found["map"]), image)
    last = ", ".join(f"{n} {rows[-1][n.lower()]:.3f}" for n in ("loss", "reconstruction", "KL"))
    assert answer["chart"] == f"loss per image against epoch; last values: {last}"


def test_experiments_show_their_views(visit_vae, models, test_data):
    answer = visit_vae("experiments")
    assert answer["titles"] == ["0 to 2", "An unsure encoder", "Far away"]
    assert all("?" in look for look in answer["looks"]) and len(set(answer["looks"])) == 3
    z_mean, z_log_var, _ = models[0](scaled(test_data.test_images))
    middle = z_mean.numpy()[test_data.test_labels == 2].mean(axis=0)
    assert answer["end"] == pytest.approx(middle, abs=1e-3)
    most = z_log_var.numpy()[z_log_var.numpy().sum(axis=1).argmax()]
    assert answer["unsure"] == pytest.approx(np.exp(most / 2), abs=6e-4)


def test_address_restores_the_view(visit_vae):
    answer = visit_vae("address")
    first, second = answer["first"], answer["second"]
    sums = [np.array(view.pop("sum").strip("()").split(", "), float) for view in (first, second)]
    np.testing.assert_allclose(*sums, atol=0.0021)  # the address rounds three z to 3 decimals
    assert first == second
    assert answer["first"]["tab"] == "Pick an image" and answer["first"]["pressed"] == "true"
    for part in ("run=good", "points=7", "x=-1.5%2C2.5", "y=-2%2C1", "path=", "slots=", "image=3"):
        assert part in answer["url"]
