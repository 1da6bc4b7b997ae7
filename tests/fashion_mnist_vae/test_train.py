"""The train command, run as a user runs it."""

import csv
import json
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae import data, generate, train
from fashion_mnist_vae.flags import PRESETS
from fashion_mnist_vae.model import VaeOptions  # also registers ZLayer
from tests.support.commands import assert_one_line, start, wait_for
from tests.support.shapes import SMALL, write_dataset
from training_run.run import Run

MODULE = "fashion_mnist_vae.train"
FILES = ["checkpoints", "decoder", "decoder.keras", "encoder", "encoder.keras", "epochs.json",
         "formation.json", "formation.png", "graph_model", "graph_model_float16", "history.csv",
         "image_data.json", "latent_clusters.png", "latent_space.png", "loss.png",
         "reconstructions.png", "run.json", "saved_model", "test_images.bin", "test_images.json",
         "vae.keras"]  # fmt: skip


def test_run_writes_a_complete_directory(image_run):
    assert sorted(p.name for p in image_run.iterdir()) == FILES
    assert json.loads((image_run / "run.json").read_text())["files"] == FILES
    assert sorted(p.name for p in (image_run / "saved_model").iterdir()) == [
        "decoder", "encoder", "vae",
    ]  # fmt: skip
    rows = list(csv.DictReader((image_run / "history.csv").open()))
    assert list(rows[0]) == ["epoch", "loss", "reconstruction", "kl", "val_loss"]
    assert float(rows[2]["val_loss"]) < float(rows[0]["val_loss"])
    for name in FILES:
        if name.endswith(".png"):
            picture = tf.io.decode_png((image_run / name).read_bytes()).numpy()
            assert min(picture.shape[:2]) >= 90 and len(np.unique(picture)) > 10


def test_output_has_metrics_and_previews_of_every_epoch(image_run, shapes_dir):
    out = (image_run.parent / "output.txt").read_text()
    assert f"shapes: 500 + 100 images of 12 x 10, from {shapes_dir}" in out
    for number, row in enumerate(csv.DictReader((image_run / "history.csv").open()), start=1):
        names = ("loss", "reconstruction", "kl", "val_loss")
        line = ", ".join(f"{name} {float(row[name]):.4f}" for name in names)
        assert f"Epoch {number} of 3: {line}, " in out
        preview = out.split(line)[1].splitlines()[1:7]
        assert len(preview) == 6 and any(line.strip() for line in preview)
    assert out.count(" examples/s") == 3
    for name in FILES:
        assert name == "run.json" or str(image_run / name) in out


def test_preset_sets_defaults(call, shapes_dir, tmp_path):
    line = [f"--data_dir={shapes_dir}", "--dataset=shapes", "--preset=fast", "--epochs=2"]
    code, _, err = call(train, *line, f"--save_path={tmp_path / 'run'}")
    assert code == 0, err
    settings = json.loads((tmp_path / "run" / "run.json").read_text())
    wanted = PRESETS["fast"] | {"epochs": 2}  # given flags override the preset
    assert {name: settings[name] for name in wanted} == wanted


def test_learning_rate_warms_up_and_follows_cosine(shapes_dir):
    rates = []

    class RecordingRun(Run):
        def log_step(self, metrics):
            rates.append(float(self._optimizer.learning_rate.numpy()))
            super().log_step(metrics)

    images, opts = data.load_directory(shapes_dir, "shapes"), VaeOptions(120, 8, 2)
    options = {"learning_rate": 0.02, "schedule": "cosine", "warmup_steps": 3}
    train.train(images, opts, RecordingRun(), epochs=5, batch_size=64, **options)
    falling = 0.01 * (1 + np.cos(np.pi * np.arange(40) / 40))  # 5 epochs of 8 steps
    falling[:3] *= [0.25, 0.5, 0.75]
    assert rates == pytest.approx(falling.tolist(), rel=1e-5)


LOAD_WITH_TENSORFLOW = """
import json, sys
import numpy as np, tensorflow as tf
images = tf.constant(np.linspace(0, 1, 240, dtype=np.float32).reshape(2, 120))
z = tf.constant([[0.5, -1.0]])
result = {}
for name, inputs in (("encoder", images), ("decoder", z), ("vae", images)):
    serve = tf.saved_model.load(f"{sys.argv[1]}/saved_model/{name}").signatures["serving_default"]
    result[name] = {key: value.numpy().tolist() for key, value in serve(inputs=inputs).items()}
assert not {m for m in sys.modules if m.startswith(("fashion_mnist", "training_run"))}
print(json.dumps(result))
"""


def test_saved_models_need_only_tensorflow(image_run):
    line = [sys.executable, "-I", "-c", LOAD_WITH_TENSORFLOW, image_run]
    result = subprocess.run(line, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    saved = json.loads(result.stdout)
    images = np.linspace(0, 1, 240, dtype=np.float32).reshape(2, 120)
    encoder, decoder = (
        keras.models.load_model(image_run / f"{name}.keras") for name in ("encoder", "decoder")
    )
    z_mean, z_log_var, _ = encoder(images)
    for name in ("encoder", "vae"):
        np.testing.assert_allclose(saved[name]["z_mean"], z_mean, atol=1e-5)
        np.testing.assert_allclose(saved[name]["z_log_var"], z_log_var, atol=1e-5)
    z = np.array([[0.5, -1.0]], np.float32)
    np.testing.assert_allclose(saved["decoder"]["decoded"], decoder(z), atol=1e-6)
    z = np.array(saved["vae"]["z"], np.float32)
    np.testing.assert_allclose(saved["vae"]["decoded"], decoder(z), atol=1e-5)


# ---- stopping and resuming


def test_ctrl_c_stops_run_with_checkpoint(call, shapes_dir, tmp_path):
    path = tmp_path / "shapes"
    line = [*SMALL, f"--data_dir={shapes_dir}", f"--save_path={path}"]
    process = start(MODULE, *line, "--epochs=100000")
    wait_for(process, "Epoch 2 of")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on" in out and "Traceback" not in out
    (checkpoint, *_) = sorted((tmp_path / "shapes.training" / "checkpoints").iterdir())
    epochs = int(checkpoint.name.split("-")[1])
    resume = ["--resume", f"--epochs={epochs + 1}", f"--save_path={path}"]
    code, out, err = call(train, f"--data_dir={shapes_dir}", *resume)
    assert code == 0, err
    assert "Epoch 1 of" not in out
    assert len((path / "history.csv").read_text().splitlines()) >= epochs + 1


# ---- other data, other models


def test_three_latent_dimensions_with_tensorboard_logs_and_resume(call, shapes_dir, tmp_path):
    path = tmp_path / "run"
    line = [f"--data_dir={shapes_dir}", f"--save_path={path}"]
    code, out, _ = call(
        train, *SMALL, *line, "--epochs=1", "--latent_dim=3", "--reconstruction_loss=bce",
        "--beta=0.5", f"--logDir={tmp_path / 'logs'}",
    )  # fmt: skip
    assert code == 0 and "The pictures show the latent dimensions" in out
    tags = set()
    (events,) = (tmp_path / "logs").glob("events*")
    for record in tf.data.TFRecordDataset(str(events)):
        tags |= {v.tag for v in tf.compat.v1.Event.FromString(record.numpy()).summary.value}
    assert tags >= {"loss", "kl", "epoch/val_loss", "epoch/kl", "latent_space"}
    assert call(train, *line, "--resume", "--epochs=2", "--dataset=shapes")[0] == 0
    assert len((path / "history.csv").read_text().splitlines()) == 3
    code, out, _ = call(generate, path, "--grid_points=2")
    assert code == 0 and out.startswith("The grid shows the latent dimensions")
    assert_one_line(call(generate, path, "--z=1,2"), "--z has 2 numbers", "has 3")


def test_train_on_training_images_only(call, shapes_dir, image_run, tmp_path):
    """Without test images, the run has no pictures of test images, and says so."""
    path = tmp_path / "run"
    (tmp_path / "dataset").mkdir()
    shutil.copy(shapes_dir / "train-images-idx3-ubyte.gz", tmp_path / "dataset")
    line = [*SMALL, f"--data_dir={tmp_path / 'dataset'}", f"--save_path={path}"]
    code, out, err = call(train, *line, "--epochs=3")
    assert code == 0, err
    assert "there are no pictures of test images" in out and "val_loss" not in out
    absent = {"latent_clusters.png", "reconstructions.png", "test_images.bin", "test_images.json"}
    assert {p.name for p in path.iterdir()} == set(FILES) - absent
    assert set(json.loads((path / "run.json").read_text())["files"]) == set(FILES) - absent
    assert not any(name in out for name in absent)
    rows = list(csv.DictReader((path / "history.csv").open()))
    assert list(rows[0]) == ["epoch", "loss", "reconstruction", "kl"]
    with_tests = list(csv.DictReader((image_run / "history.csv").open()))
    assert [row["loss"] for row in rows] == [row["loss"] for row in with_tests]
    assert json.loads((path / "image_data.json").read_text())["num_test_images"] == 0
    assert call(generate, path, "--grid_points=2")[0] == 0
    assert call(train, *line, "--resume", "--epochs=4")[0] == 0


# ---- bad input: one error line, and no file changes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["something"], ["takes flags only, not something"]),
        (["--data_dir={empty}"], ["has no IDX files", "no shapes of TensorFlow Datasets"]),
        (["--data_dir={damaged}"], ["train-images-idx3-ubyte is damaged"]),
        (["--dataset=fashion_mnist"], ["is not Fashion-MNIST's"]),
        (["--save_path=/proc/run"], ["cannot write the run to /proc/run"]),
        (["--save_path={run}"], ["holds a finished run", "--resume", "--overwrite"]),
        (["--save_path={run}", "--resume", "--latent_dim=5"], ["has latent_dim=2, not 5"]),
        (["--save_path={run}", "--resume", "--data_dir={other}"], ["images="]),
        (["--grid_start=1", "--grid_end=1"], ["--grid_end=1.0 must be above --grid_start=1.0"]),
        (["--learning_rate=1e20"], ["the loss became", "--learning_rate"]),
    ],
)
def test_train_rejects_bad_input(call, image_run, shapes_dir, tmp_path, arguments, words):
    places = {name: tmp_path / name for name in ("empty", "damaged", "other")}
    places["empty"].mkdir()
    write_dataset(places["other"], train=40)
    write_dataset(places["damaged"])
    file = places["damaged"] / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-1])
    before = sorted(image_run.parent.rglob("*"))
    flags = ["--dataset=shapes", f"--data_dir={shapes_dir}", f"--save_path={tmp_path / 'run'}"]
    flags += [argument.format(run=image_run, **places) for argument in arguments]
    assert_one_line(call(train, *flags), *words)
    assert sorted(image_run.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "flag",
    ["--batchSize=0", "--epochs=0", "--latent_dim=0", "--intermediate_dim=x", "--beta=-1",
     "--beta=nan", "--reconstruction_loss=mae", "--grid_points=0", "--grid_start=nan",
     "--grid_end=1e308"],
)  # fmt: skip
def test_train_rejects_bad_flags(call, flag):
    assert_one_line(call(train, flag), flag.split("=")[0].lstrip("-").split("S")[0], status=2)


def test_help_imports_no_tensorflow():
    for module in ("train", "generate", "download"):
        code = (
            f"import sys, runpy; sys.argv = ['{module}', '--help']\n"
            f"try: runpy.run_module('fashion_mnist_vae.{module}', run_name='__main__')\n"
            "except SystemExit as exit: assert exit.code == 0\n"
            "assert 'numpy' not in sys.modules and 'tensorflow' not in sys.modules"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert "Flags:" in result.stdout
