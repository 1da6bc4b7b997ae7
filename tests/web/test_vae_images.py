"""Test images, files and drawings on the autoencoder's page in a browser."""

import json
import shutil

import keras
import numpy as np
import pytest

from tests.web.vae_model import SHAPE, assert_picked, assert_same, decode, gray, png, scaled


@pytest.fixture(scope="module")
def picked(visit_vae):
    return visit_vae("picked")


def test_picked_image_shows_ellipse_and_samples(picked, models, test_data):
    answer = picked
    image = scaled(test_data.test_images[2])
    sd = assert_picked(answer, models, image)
    # The ellipse of two standard deviations on the map, which is 9 wide. Its line is 4 pixels wide.
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
        assert_same(draws["image"], decode(models, draws["zs"][1]))
    assert not set(map(tuple, answer["draws"]["zs"])) & set(map(tuple, answer["again"]["zs"]))
    name = test_data.class_names[test_data.test_labels[2]]
    assert answer["label"] == f"Test image 2: {name}"
    assert answer["next"].startswith("Test image 20: ")


def test_diagram_shows_active_units(picked, models, test_data):
    answer = picked
    assert (answer["dark"], answer["lit"]) == (3, 6)  # the decoder only, then all stages
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


def test_samples_follow_the_distribution(picked, models, test_data):
    """Over many samples, (z - z_mean) / sd has mean 0 and standard deviation 1."""
    z_mean, z_log_var, _ = models[0](scaled(test_data.test_images[2:3]))
    epsilon = (np.array(picked["many"]) - z_mean.numpy()) / np.exp(z_log_var / 2)
    assert len(epsilon) == 180
    assert np.abs(epsilon.mean(axis=0)).max() < 0.35  # more than four standard errors
    assert np.abs(epsilon.std(axis=0) - 1).max() < 0.25


def test_uploaded_and_dropped_pictures_are_encoded(visit_vae, models, test_data):
    """Upload a bright picture on black, and drop a dark one on white and a wide one."""
    uploaded, dropped = test_data.test_images[[7, 9]]
    wide = np.full((10, 40), 90, np.uint8)
    answer = visit_vae(
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
    assert (
        answer["message"] == "This browser cannot read bad.png as a picture. Choose another file."
    )


def test_drawing_is_encoded(visit_vae, models):
    answer = visit_vae("draw")
    for name in ("byMouse", "byFinger"):
        image = gray(answer[name]["original"]).reshape(-1)
        assert_picked(answer[name], models, scaled(image))
    by_mouse, by_finger = (gray(answer[name]["original"]) for name in ("byMouse", "byFinger"))
    assert by_mouse[5, 3] > 150 and by_mouse[8, 6] > 150  # a line down, then to the right
    assert by_mouse[2, 6] < 50 and by_finger[2, 6] > 150 and by_finger[5, 3] > 150
    assert answer["cleared"] == 0 and answer["focused"] == "clear"


def test_run_without_test_images_encodes_pictures(visitor, models, image_run, test_data, tmp_path):
    run = tmp_path / "untested"
    shutil.copytree(image_run, run)
    for file in run.glob("test_images.*"):
        file.unlink()
    info = json.loads((run / "image_data.json").read_text())
    info |= {"num_test_images": 0, "class_names": []}
    (run / "image_data.json").write_text(json.dumps(info))
    image = test_data.test_images[7]
    answer = visitor({"untested": run}, "vae")(
        "withoutTestImages", {"png": png(image.reshape(SHAPE))}
    )
    assert "without test images" in answer["words"]
    assert set(answer["missing"].values()) == {0}
    assert_picked(answer["dropped"], models, scaled(image))
    assert len(answer["experiments"]) == 3
