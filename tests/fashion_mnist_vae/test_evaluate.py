"""The scores and the command that prints them, compared with plain numpy."""

import json
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae import evaluate, load, scores
from fashion_mnist_vae.model import VaeOptions, decoder, encoder, vae
from tests.support.commands import assert_one_line, command


def numpy_terms(model, images, reconstruction_loss="mse") -> tuple[float, float]:
    """Compute reconstruction and KL of at most 2000 images from the weights, in float64."""
    hidden, mean, log_var = (
        [weight.astype(float) for weight in layer.get_weights()]
        for layer in model.get_layer("encoder").layers
        if layer.get_weights() and layer.name != "z"
    )
    x = images / 255
    h = np.maximum(0, x @ hidden[0] + hidden[1])
    z_mean, z_log_var = h @ mean[0] + mean[1], h @ log_var[0] + log_var[1]
    epsilon = tf.random.stateless_normal(z_mean.shape, [1, 0]).numpy()
    z = z_mean + np.exp(z_log_var / 2) * epsilon
    first, last = (layer.get_weights() for layer in model.get_layer("decoder").layers[1:])
    logits = np.maximum(0, z @ first[0] + first[1]) @ last[0] + last[1]
    p = 1 / (1 + np.exp(-logits))
    error = (
        (x - p) ** 2 if reconstruction_loss == "mse" else -x * np.log(p) - (1 - x) * np.log1p(-p)
    )
    kl = (z_mean**2 + np.exp(z_log_var) - 1 - z_log_var) / 2
    return error.sum(axis=1).mean(), kl.sum(axis=1).mean()


def printed_scores(out: str) -> list[float]:
    """Return reconstruction, KL, loss, active dimensions and all dimensions in an output."""
    found = re.findall(r"^ +([\d.]+) (?:reconstruction|KL|loss)", out, re.MULTILINE)
    return [float(n) for n in [*found, *re.findall(r"(\d+) of (\d+) latent", out)[0]]]


@pytest.mark.parametrize("reconstruction_loss", ["mse", "bce"])
def test_loss_terms_equal_numpy(shapes, reconstruction_loss):
    opts = VaeOptions(120, 16, 2)
    model = vae(encoder(opts), decoder(opts))
    text = scores.describe(model, shapes.test_images, reconstruction_loss, beta=3.0)
    reconstruction, kl, loss, *_ = printed_scores(text)
    expected = numpy_terms(model, shapes.test_images, reconstruction_loss)
    assert (reconstruction, kl) == pytest.approx(expected, abs=1e-3)
    assert loss == pytest.approx(expected[0] + 3 * expected[1], abs=1e-3)
    assert "loss: reconstruction + 3 * KL" in text


def test_ignored_dimension_is_not_active(shapes):
    encoder_model = encoder(VaeOptions(120, 16, 3))
    kernel, bias = encoder_model.get_layer("z_mean").get_weights()
    kernel[:, 1] = 0  # z_mean of this dimension is the bias for all images
    encoder_model.get_layer("z_mean").set_weights([10 * kernel, bias])
    assert scores.active_dimensions(encoder_model, shapes.test_images).tolist() == [
        True,
        False,
        True,
    ]


def test_evaluate_scores_the_test_images(call, image_run, shapes):
    code, out, err = call(evaluate, image_run)
    assert code == 0 and err == ""
    assert f"{len(shapes.test_images)} test images of shapes:" in out
    reconstruction, kl, loss, active, dimensions = printed_scores(out)
    expected = numpy_terms(load.load_vae(image_run), shapes.test_images)
    assert (reconstruction, kl) == pytest.approx(expected, abs=1e-3)
    epochs = json.loads((image_run / "epochs.json").read_text())["epochs"]
    assert loss == pytest.approx(min(row["val_loss"] for row in epochs), abs=1e-3)
    assert 0 <= active <= dimensions == 2


def test_run_prints_scores_of_its_best_epoch(call, image_run):
    run_output = (image_run.parent / "output.txt").read_text()
    assert printed_scores(run_output) == printed_scores(call(evaluate, image_run)[1])


def test_evaluate_prints_the_same_in_its_own_process(image_run, call):
    result = command(evaluate.__name__, image_run)
    assert result.returncode == 0, result.stderr
    assert printed_scores(result.stdout) == printed_scores(call(evaluate, image_run)[1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["name the directory of a finished run"]),
        (["{run}", "{run}"], ["name the directory of a finished run"]),
        (["{run}/nothing"], ["nothing is not a finished run"]),
        (["{run}", "--data_dir=/no/such/directory"], ["/no/such/directory"]),
    ],
)
def test_evaluate_rejects_bad_input(call, image_run, arguments, words):
    given = [argument.format(run=image_run) for argument in arguments]
    assert_one_line(call(evaluate, *given), *words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": "0123456789abcdef"}, ["has changed since"]),
        ({"beta": "x"}, ["run.json is damaged"]),
        ({"reconstruction_loss": "l1"}, ["run.json is damaged"]),
    ],
)
def test_evaluate_rejects_changed_images_or_settings(call, image_run, tmp_path, change, words):
    run = tmp_path / "run"
    shutil.copytree(image_run, run)
    settings = json.loads((run / "run.json").read_text()) | change
    (run / "run.json").write_text(json.dumps(settings))
    assert_one_line(call(evaluate, run), *words)


def test_evaluate_rejects_damaged_encoder(call, image_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(image_run, run)
    shutil.copy(run / "decoder/model.json", run / "encoder/model.json")
    shutil.copy(run / "decoder/weights.bin", run / "encoder/weights.bin")
    assert_one_line(call(evaluate, run), "encoder/model.json is not an encoder of images")
    (run / "run.json").unlink()
    shutil.rmtree(run / "encoder")
    assert_one_line(call(evaluate, run), "there is no", "encoder/model.json")
