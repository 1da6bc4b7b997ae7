"""The train command, run as a user runs it."""

import csv
import json
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from harness import ROOT
from lstm_text_generation import train
from lstm_text_generation.data import TextData
from lstm_text_generation.flags import PRESETS
from lstm_text_generation.generation import generate_text
from tests.support.bottles import SMALL, TEXT, TWO_LAYERS
from tests.support.commands import assert_one_line, command, start, wait_for
from training_run.run import Run

MODULE = "lstm_text_generation.train"
FILES = ["checkpoints", "epochs.json", "graph_model", "graph_model_float16", "history.csv",
         "loss.png", "model.json", "model.keras", "run.json", "samples.txt",
         "saved_model", "text_data.json", "weights.bin"]  # fmt: skip


def test_run_writes_a_complete_directory(text_run):
    assert sorted(p.name for p in text_run.iterdir()) == FILES
    assert json.loads((text_run / "run.json").read_text())["files"] == FILES
    rows = list(csv.DictReader((text_run / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[2]["val_loss"]) < float(rows[0]["val_loss"])
    data = json.loads((text_run / "text_data.json").read_text())
    assert data["char_set"] == TextData("x", TEXT, 12, 3).char_set()
    assert (data["sample_len"], data["text_len"]) == (12, len(TEXT))
    picture = tf.io.decode_png((text_run / "loss.png").read_bytes()).numpy()
    assert picture.shape[0] > 300 and len(np.unique(picture.reshape(-1, picture.shape[2]))) > 10


def test_output_has_metrics_and_samples_of_every_epoch(text_run):
    out = (text_run.parent / "output.txt").read_text()
    samples = (text_run / "samples.txt").read_text()
    rows = list(csv.DictReader((text_run / "history.csv").open()))
    for number, row in enumerate(rows, start=1):
        figures = f"loss {float(row['loss']):.4f}, val_loss {float(row['val_loss']):.4f}"
        assert f"Epoch {number} of 3: {figures}" in out
        assert f"Epoch {number}: {figures}" in samples
        assert float(row["bits_per_char"]) == pytest.approx(float(row["val_loss"]) / np.log(2))
        assert f"bits_per_char {float(row['bits_per_char']):.4f}" in out
    assert out.count(" examples/s") == 3
    for temperature in ("0", "0.25", "0.5", "0.75"):
        line = f"Generated text (temperature={temperature}):"
        assert out.count(line) == samples.count(line) == 3
    for name in set(FILES) - {"run.json"}:
        assert str(text_run / name) in out
    assert f"python -m lstm_text_generation.generate {text_run}" in out


def test_epochs_json_has_metrics_and_samples_of_every_epoch(text_run):
    epochs = json.loads((text_run / "epochs.json").read_text())["epochs"]
    samples = (text_run / "samples.txt").read_text()
    rows = list(csv.DictReader((text_run / "history.csv").open()))
    for epoch, row in zip(epochs, rows, strict=True):
        assert {name: str(epoch[name]) for name in row} == row
        assert list(epoch["samples"]) == ["0", "0.25", "0.5", "0.75"]
        for temperature, text in epoch["samples"].items():
            assert f'Generated text (temperature={temperature}):\n"{text}"\n' in samples


def test_saved_weights_are_of_the_best_epoch(text_run):
    model = keras.models.load_model(text_run / "model.keras")
    data = TextData("x", TEXT, 12, 3)
    windows = data.validation_windows(0.0625)
    eye = np.eye(data.char_set_size(), dtype=np.float32)
    loss = model.evaluate(eye[windows[:, :-1]], eye[windows[:, -1]], verbose=0)
    rows = list(csv.DictReader((text_run / "history.csv").open()))
    assert loss == pytest.approx(min(float(row["val_loss"]) for row in rows), rel=1e-4)


LOAD_WITH_TENSORFLOW = """
import json, sys
import numpy as np, tensorflow as tf
run = sys.argv[1]
model = tf.saved_model.load(run + "/saved_model")
chars = json.load(open(run + "/text_data.json"))["char_set"]
windows = np.eye(len(chars), dtype=np.float32)[np.arange(24).reshape(2, 12)]
serve, generate = (model.signatures[name] for name in ("serving_default", "generate"))
probabilities = serve(windows=tf.constant(windows))["probabilities"].numpy().tolist()
def write(seed_text, temperature=0.0, seed=0):
    arguments = {"seed_text": tf.constant(seed_text), "length": tf.constant(25),
                 "temperature": tf.constant(temperature), "seed": tf.constant(seed, tf.int64)}
    return generate(**arguments)["text"].numpy().decode()
try:
    write("caf\\u00e9 \\U0001f600")
except tf.errors.InvalidArgumentError as error:
    problem = str(error)
texts = [write("5 green bott"), write("5", 0.8, 1), write("5", 0.8, 1), write("5", 0.8, 2)]
assert not {m for m in sys.modules if m.startswith(("lstm_text", "training_run"))}
print(json.dumps([probabilities, texts, problem]))
"""


def test_saved_model_needs_only_tensorflow(text_run):
    result = subprocess.run(
        [sys.executable, "-I", "-c", LOAD_WITH_TENSORFLOW, text_run], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    probabilities, texts, problem = json.loads(result.stdout)
    model = keras.models.load_model(text_run / "model.keras")
    data = TextData("x", TEXT, 12, 3)
    windows = np.eye(data.char_set_size(), dtype=np.float32)[np.arange(24).reshape(2, 12)]
    np.testing.assert_allclose(probabilities, model.predict(windows, verbose=0), atol=1e-6)
    indices = data.text_to_indices("5 green bott")
    assert texts[0] == generate_text(model, data.char_set(), indices, 25, 0)
    assert texts[1] == texts[2] != texts[3]
    assert "characters that the model does not know" in problem and "é😀" in problem


# ---- stopping and resuming


def weights(path) -> list[np.ndarray]:
    return keras.models.load_model(path / "model.keras", compile=False).get_weights()


def assert_same_run(path, other):
    for ours, theirs in zip(weights(path), weights(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name in ("history.csv", "epochs.json", "samples.txt", "text_data.json"):
        assert (path / name).read_bytes() == (other / name).read_bytes()


def test_signal_stops_run_with_checkpoint(text_run, corpus, tmp_path, call):
    path = tmp_path / "bottles"
    line = [corpus, *TWO_LAYERS, "--epochs=3", f"--save_path={path}"]
    process = start(MODULE, *line)
    wait_for(process, "Epoch 1 of 3")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "--resume goes on" in out and "Traceback" not in out
    assert list((tmp_path / "bottles.training" / "checkpoints").iterdir())
    # Without --resume, an error keeps the run.
    assert_one_line(call(train, *line), "--resume", "--overwrite")
    # The resumed run has its corpus and flags.
    code, _, err = call(train, "--resume", f"--save_path={path}")
    assert code == 0, err
    assert_same_run(path, text_run)


def test_resume_trains_finished_run_further(text_run, corpus, tmp_path, call):
    short, path = tmp_path / "short", tmp_path / "short"
    assert call(train, corpus, *TWO_LAYERS, "--epochs=2", f"--save_path={short}")[0] == 0
    assert call(train, corpus, "--resume", "--epochs=3", f"--save_path={path}")[0] == 0
    assert_same_run(path, text_run)


def test_train_on_tfds_corpus_in_its_own_process(shared_datasets, tmp_path):
    """Reading the corpus uses TensorFlow, so the threads must be set before."""
    flags = [f"--data_dir={shared_datasets / 'tensorflow_datasets'}", "--epochs=1"]
    flags += ["--validation_split=0.001"]
    result = command(MODULE, "tiny_shakespeare", *SMALL, *flags, f"--save_path={tmp_path / 'run'}")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "model.json").exists()


def test_corpus_name_may_have_special_characters(call, tmp_path):
    """matplotlib and the shell treat some characters of the name specially."""
    file = tmp_path / "x$b_{$ & 'co'.txt"
    file.write_text(TEXT)
    path = tmp_path / "a run"
    code, out, err = call(train, file, *SMALL, "--epochs=1", f"--save_path={path}")
    assert code == 0, err
    assert f"-m lstm_text_generation.generate '{path}' --temperature" in out
    assert json.loads((path / "text_data.json").read_text())["data_identifier"] == file.stem


def test_corpus_name_may_be_undecodable_in_the_locale(tmp_path, call, monkeypatch):
    file = tmp_path / "mein täxt.txt"
    file.write_text(TEXT)
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment = os.environ | locale | {"PYTHONPATH": str(ROOT)}
    line = [file.name, *SMALL, "--epochs=1", "--log_dir=täglich"]
    result = command(MODULE, *line, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stderr
    run = tmp_path / "saved_models/lstm_text_generation/mein täxt"
    assert json.loads((run / "text_data.json").read_text())["data_identifier"] == "mein täxt"
    assert list((tmp_path / "täglich").glob("events*"))
    # Resume the run in UTF-8, then in the C locale.
    resume = ["--resume", "--save_path=saved_models/lstm_text_generation/mein täxt"]
    monkeypatch.chdir(tmp_path)
    code, _, err = call(train, *resume, "--epochs=2")
    assert code == 0, err
    result = command(MODULE, *resume, "--epochs=3", env=environment)
    assert result.returncode == 0, result.stderr


def test_checkpoint_is_written_before_epoch_is_printed(corpus, tmp_path):
    """The reader of the output closes the pipe after the first epoch."""
    line = [corpus, *SMALL, "--epochs=100000", f"--save_path={tmp_path / 'run'}"]
    process = start(MODULE, *line)
    wait_for(process, "Epoch 1 of")
    process.stdout.close()
    assert process.wait(60) == 141
    newest = max(file.name for file in (tmp_path / "run.training" / "checkpoints").iterdir())
    assert int(newest.split("-")[1]) >= 1


def test_early_stopping_stops_run_with_tensorboard_logs(corpus, tmp_path, call):
    code, out, _ = call(
        train, corpus, *SMALL, "--epochs=9", "--early_stopping=1", "--learning_rate=1",
        f"--log_dir={tmp_path / 'logs'}", f"--save_path={tmp_path / 'run'}",
    )  # fmt: skip
    assert code == 0 and "Stopping early: no lower loss for 1 epochs" in out
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    losses = [float(row["val_loss"]) for row in rows]
    assert len(losses) < 9 and losses[-1] >= min(losses[:-1])
    assert list((tmp_path / "logs").glob("events*"))


def test_diverged_run_keeps_the_best_weights(call, corpus, tmp_path):
    path = tmp_path / "run"
    line = [corpus, *SMALL, "--display_length=5", f"--save_path={path}"]
    assert call(train, *line, "--epochs=1")[0] == 0
    resume = ["--resume", "--epochs=3", "--learning_rate=1e38"]
    result = call(train, *line, *resume)
    assert_one_line(
        result, "the loss became", "the last checkpoint is kept", "--resume", "--learning_rate"
    )
    assert (path / "model.keras").exists()
    assert call(train, *line, "--resume", "--epochs=2", "--learning_rate=1e-4")[0] == 0
    assert len((path / "history.csv").read_text().splitlines()) == 3


def test_help_lists_corpora_and_imports_no_tensorflow():
    code = (
        "import sys, runpy; sys.argv = ['train', '--help']\n"
        "try: runpy.run_module('lstm_text_generation.train', run_name='__main__')\n"
        "except SystemExit as exit: assert exit.code == 0\n"
        "assert 'numpy' not in sys.modules and 'tensorflow' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for words in ("tiny_shakespeare  1.1 MB", "--lstm_layer_size=128,128  (--lstmLayerSize)",
                  "--epochs=150", "--validation_split=0.0625", "--learning_rate=0.01"):  # fmt: skip
        assert words in result.stdout


def test_divergence_in_last_step_is_one_error_line(call, corpus, tmp_path):
    line = [corpus, *SMALL, "--examples_per_epoch=30", "--learning_rate=1e38", "--clip_norm=0"]
    result = call(train, *line, "--epochs=3", f"--save_path={tmp_path / 'run'}")
    assert_one_line(
        result, "became", "in epoch 1, step 1; start again with a smaller learning rate"
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_sets_defaults(call, corpus, tmp_path, preset):
    line = [corpus, "--sample_len=12", "--lstm_layer_size=8", "--examples_per_epoch=64"]
    given = {"lstm_layer_size": ["8"], "examples_per_epoch": 64, "epochs": 2}
    path = f"--save_path={tmp_path / 'run'}"
    arguments = [*line, f"--preset={preset}", "--display_length=5", "--epochs=2", path]
    code, _, err = call(train, *arguments)
    assert code == 0, err
    settings = json.loads((tmp_path / "run" / "run.json").read_text())
    wanted = PRESETS[preset] | given  # given flags override the preset
    assert {name: settings[name] for name in wanted} == wanted
    code, out, err = call(
        train, corpus, "--resume", "--epochs=3", f"--save_path={tmp_path / 'run'}"
    )
    assert code == 0, err  # without --preset
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == settings | {"epochs": 3}


def test_learning_rate_warms_up_and_follows_cosine(call, corpus, tmp_path, monkeypatch):
    rates = []

    class RecordingRun(Run):
        def log_step(self, *arguments):
            rates.append(float(self._optimizer.learning_rate.numpy()))
            super().log_step(*arguments)

    monkeypatch.setattr("training_run.open_run.Run", RecordingRun)
    line = [corpus, *SMALL, "--schedule=cosine", "--warmup_steps=3", "--learning_rate=0.02"]
    code, _, err = call(train, *line, "--epochs=4", f"--save_path={tmp_path / 'run'}")
    assert code == 0, err
    falling = 0.01 * (1 + np.cos(np.pi * np.arange(40) / 40))  # 4 epochs of 10 steps
    falling[:3] *= [0.25, 0.5, 0.75]
    assert rates == pytest.approx(falling.tolist(), rel=1e-5)
