"""Models of TensorFlow.js: generating text and training further."""

import csv
import json
import shutil

import keras
import numpy as np
import pytest

from keras_tfjs import layers_model
from keras_tfjs.values import hard_sigmoid
from lstm_text_generation import generate, load, train
from lstm_text_generation.data import TextData
from tests.support.bottles import TEXT
from tests.support.commands import assert_one_line

L = keras.layers


def make_original_model(*layers, size=None) -> keras.Model:
    """Return a model with the gates that TensorFlow.js has by default."""
    size = size or len(set(TEXT))
    lstm_layer = L.LSTM(8, recurrent_activation=hard_sigmoid, name="lstm_LSTM1")
    layers = layers or [lstm_layer, L.Dense(size, "softmax", name="dense_Dense1")]
    return keras.Sequential([keras.Input((12, size)), *layers])


@pytest.fixture
def original(tmp_path):
    """The directory of a model without a character set, as the original saves it."""
    layers_model.save(make_original_model(), tmp_path / "original")
    return tmp_path / "original"


def test_generate_needs_only_model_json_and_weights(call, text_run, tmp_path):
    """Without the other files of the run, the text is the same."""
    line = ["--seed=4", "--gen_length=40"]
    for name in ("model.json", "weights.bin"):
        shutil.copy(text_run / name, tmp_path)
    code, out, err = call(generate, tmp_path / "model.json", *line)
    assert (code, err) == (0, "")
    assert out == call(generate, text_run, *line)[1]


def test_generate_needs_the_corpus_of_an_original_model(call, original, corpus):
    code, out, err = call(generate, corpus, original / "model.json", "--gen_length=30", "--seed=1")
    assert (code, err) == (0, "") and "Generated text:" in out
    assert_one_line(
        call(generate, original / "model.json"),
        "does not hold its character set: name its corpus too",
    )


def test_generate_rejects_corpus_of_another_model(call, original, tmp_path):
    (tmp_path / "other.txt").write_text("abcdefghijklmnop" * 9)
    assert_one_line(
        call(generate, tmp_path / "other.txt", original / "model.json"),
        f"is a model of {len(set(TEXT))} characters, but its corpus has 16",
    )


def test_generate_rejects_model_of_utf16_units(call, tmp_path):
    """The original counts an emoji as two units. The two emoji here share a unit."""
    text = "abc😀😁 " * 30
    units = len(set(text)) + 1
    layers_model.save(make_original_model(size=units), tmp_path / "original")
    (tmp_path / "emoji.txt").write_text(text)
    result = call(generate, tmp_path / "emoji.txt", tmp_path / "original/model.json")
    assert_one_line(result, "was trained on UTF-16 units, as JavaScript counts them", "emoji")


def test_init_from_trains_a_tensorflow_js_model_further(call, original, corpus, tmp_path):
    """The run takes sizes, gates and weights from the model."""
    line = [corpus, f"--init_from={original}/model.json", "--examples_per_epoch=320"]
    path = tmp_path / "run"
    code, out, err = call(train, *line, "--epochs=2", f"--save_path={path}", "--batch_size=32")
    assert (code, err) == (0, ""), err
    settings = json.loads((path / "run.json").read_text())
    assert settings["init_from"] == str(original / "model.json")
    assert (settings["sample_len"], settings["lstm_layer_size"]) == (12, ["8"])
    model, text_data = load.load_model(path)
    assert model.layers[0].recurrent_activation is hard_sigmoid
    assert text_data["char_set"] == list(dict.fromkeys(TEXT))
    again = layers_model.load(path)
    assert [layer.name for layer in again.layers] == ["lstm_LSTM1", "dense_Dense1"]

    # A run from the first run begins near the last loss of the first run.
    code, _, err = call(train, corpus, f"--init_from={path}", "--epochs=1", "--batch_size=32",
                        "--examples_per_epoch=320", f"--save_path={tmp_path}/next")  # fmt: skip
    assert code == 0, err
    first = [float(row["loss"]) for row in csv.DictReader((path / "history.csv").open())]
    (then,) = [float(row["loss"]) for row in csv.DictReader((tmp_path / "next/history.csv").open())]
    assert then < first[0] - 0.5 * (first[0] - first[1])


def test_resume_needs_the_model_of_init_from(call, original, corpus, tmp_path):
    line = ["--examples_per_epoch=320", "--batch_size=32"]
    start = [corpus, f"--init_from={original}/model.json", *line]
    call(train, *start, "--epochs=2", f"--save_path={tmp_path}/whole")
    call(train, *start, "--epochs=1", f"--save_path={tmp_path}/parts")
    code, _, err = call(train, corpus, "--resume", "--epochs=2", f"--save_path={tmp_path}/parts")
    assert (code, err) == (0, "")
    histories = [(tmp_path / name / "history.csv").read_text() for name in ("whole", "parts")]
    assert histories[0] == histories[1]

    shutil.rmtree(original)
    result = call(train, corpus, "--resume", "--epochs=3", f"--save_path={tmp_path}/parts")
    assert_one_line(result, f"the run began with the model {original}/model.json")


def test_init_from_rejects_frozen_model(call, corpus, tmp_path):
    model = make_original_model()
    model.trainable = False
    layers_model.save(model, tmp_path / "frozen")
    line = [corpus, f"--init_from={tmp_path}/frozen/model.json", f"--save_path={tmp_path}/run"]
    assert_one_line(call(train, *line), "is frozen: none of its layers is trainable")


def test_generate_loads_a_tensorflow_js_directory(call, text_run, tmp_path):
    for name in ("model.json", "weights.bin"):
        shutil.copy(text_run / name, tmp_path)
    line = ["--seed=4", "--gen_length=40"]
    assert call(generate, tmp_path, *line) == call(generate, text_run, *line)


def test_text_data_keeps_the_given_char_set():
    known = ["z", *dict.fromkeys(TEXT[::-1])]
    text_data = TextData("bottles", TEXT, 12, 3, known)
    assert text_data.char_set() == known
    assert text_data.text_to_indices("z" + TEXT[-1]) == [0, 1]
    _, indices = text_data.get_random_slice(np.random.default_rng(0))
    assert "".join(known[i] for i in indices) in TEXT
    with pytest.raises(ValueError, match="the model does not know these characters of the text: "):
        TextData("bottles", TEXT + "é", 12, 3, known)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sample_len=20"], ["--sample_len is set by --init_from; leave it out"]),
        (["--lstmLayerSize=4,4"], ["--lstm_layer_size is set by --init_from"]),
        (["--dropout=0.5"], ["--dropout is set by --init_from"]),
        (["--init_from=nowhere/model.json"], ["there is no", "nowhere/model.json"]),
        (["--init_from=nowhere"], ["nowhere is not a finished run"]),
    ],
)
def test_init_from_rejects_conflicting_flags(call, original, corpus, tmp_path, flags, words):
    line = [corpus, f"--init_from={original}/model.json", f"--save_path={tmp_path}/run"]
    assert_one_line(call(train, *line, *flags), *words)
    assert not list(tmp_path.glob("run*"))


@pytest.mark.parametrize(
    ("layers", "pattern"),
    [
        ([L.Flatten(), L.Dense(5, "softmax")], "must be a Sequential of LSTM layers"),
        ([L.Dense(5, "softmax")], "must be a Sequential of LSTM layers"),
        ([L.LSTM(4, go_backwards=True), L.Dense(5, "softmax")], "must read forwards"),
        ([L.LSTM(4, return_sequences=True), L.Dense(5, "softmax")], "all its LSTM layers but the"),
        ([L.LSTM(4), L.Dense(5)], "its last layer must be Dense, with softmax and a bias"),
        ([L.LSTM(4), L.Dense(6, "softmax")], r"maps \(None, 12, 5\) to \(None, 6\)"),
    ],
)
def test_check_model_rejects_other_layers(layers, pattern):
    with pytest.raises(ValueError, match=pattern):
        load.check_model(make_original_model(*layers, size=5))


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"char_set": "abcde"}, ["is damaged", "not a list of characters"]),
        ({"char_set": ["a", "b", "c", "d", "dd"]}, ["is damaged", "not a list of characters"]),
        ({"char_set": ["a", "b", "c", "d", "d"]}, ["is damaged", "not a list of characters"]),
        ({"char_set": list("abcd")}, ["is a model of 5 characters, but its corpus has 4"]),
        (
            {"char_set": list("abcde"), "seed_text": 7},
            ["is damaged: its seed text is not a string"],
        ),
        ([], ["does not hold its character set"]),
        (7, ["userDefinedMetadata: must be an object"]),
    ],
)
def test_generate_rejects_damaged_metadata(call, tmp_path, metadata, words):
    layers_model.save(make_original_model(size=5), tmp_path, metadata)
    assert_one_line(call(generate, tmp_path / "model.json"), *words)
