"""The scores and the command that prints them, compared with plain numpy and plain Keras."""

import itertools
import json
import re
import shutil

import keras
import numpy as np
import pytest

from lstm_text_generation import evaluate, scores
from lstm_text_generation.load import load_model
from tests.lstm_text_generation.conftest import one_hot
from tests.support.bottles import TEXT
from tests.support.commands import assert_one_line, command


def numpy_losses(model, indices) -> np.ndarray:
    """Return the loss of each character after the first, in float64, computed with NumPy."""
    *recurrent, (kernel, bias) = [layer.get_weights() for layer in model.layers]
    states = [np.zeros((2, weights[1].shape[0])) for weights in recurrent]
    losses = []
    for index, target in itertools.pairwise(indices):
        x = np.eye(model.input_shape[2])[index]
        for state, (input_kernel, recurrent_kernel, gate_bias) in zip(
            states, recurrent, strict=True
        ):
            z = x @ input_kernel + state[0] @ recurrent_kernel + gate_bias
            i, f, g, o = np.split(z, 4)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            state[1] = f * state[1] + i * np.tanh(g)
            state[0] = x = o * np.tanh(state[1])
        logits = x @ kernel + bias
        losses.append(np.log(np.exp(logits).sum()) - logits[target])
    return np.array(losses)


@pytest.fixture(scope="module")
def text(text_data) -> np.ndarray:
    return text_data.indices()[:1100]


def test_whole_text_loss_equals_numpy(trained, text, monkeypatch):
    model, _ = trained
    expected = numpy_losses(model, text).mean()
    assert scores.whole_text_loss(model, text) == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(scores, "CHARACTERS_AT_ONCE", 100)  # the state stays between parts
    assert scores.whole_text_loss(model, text) == pytest.approx(expected, rel=1e-6)


def test_block_loss_equals_numpy(trained, text, monkeypatch):
    model, _ = trained
    blocks = [text[start : start + 257] for start in range(0, 1024, 256)]  # 4 whole blocks
    expected = np.mean([numpy_losses(model, block) for block in blocks])
    assert scores.block_loss(model, text) == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(scores, "BLOCKS_AT_ONCE", 3)
    assert scores.block_loss(model, text) == pytest.approx(expected, rel=1e-6)
    short = numpy_losses(model, text[:100]).mean()
    assert scores.block_loss(model, text[:100]) == pytest.approx(short, rel=1e-6)


def test_whole_text_loss_equals_keras(trained, text_data, text):
    model, _ = trained
    text = text[:300]  # Keras's loop takes 3 ms a character
    lstm_layers = [keras.layers.LSTM.from_config(layer.get_config()) for layer in model.layers[:-1]]
    for layer in lstm_layers:
        layer.return_sequences = True
    dense = keras.layers.Dense(text_data.char_set_size(), "softmax")
    whole = keras.Sequential([keras.Input((None, text_data.char_set_size())), *lstm_layers, dense])
    whole.set_weights(model.get_weights())
    x, _ = one_hot(text_data, text[None])
    losses = keras.losses.sparse_categorical_crossentropy(text[1:], whole(x)[0])
    assert scores.whole_text_loss(model, text) == pytest.approx(np.mean(losses), rel=1e-5)


def test_score_of_two_characters_equals_numpy(trained, text):
    model, _ = trained
    expected = numpy_losses(model, text[:2])[0]
    assert scores.score(model, text[:2]) == pytest.approx((expected, expected), rel=1e-5)


def test_describe_prints_nats_and_bits():
    lines = scores.describe(scores.Scores(1.5, np.log(2))).splitlines()
    assert lines[0].startswith("  1.5000 nats, 2.1640 bits per character: each character")
    assert lines[1].startswith("  0.6931 nats, 1.0000 bits per character: mean over blocks of 256")


def printed_nats(out: str) -> list[float]:
    """Return the scores in an output, in nats: of the whole text, and of blocks."""
    return [float(nats) for nats in re.findall(r"([\d.]+) nats, ", out)]


def test_evaluate_scores_the_held_out_text(call, text_run):
    code, out, err = call(evaluate, text_run)
    assert code == 0 and err == ""
    model, text_data = load_model(text_run)
    held_out = TEXT[len(TEXT) - int(len(TEXT) * 0.0625) :]
    assert f"{len(held_out)} characters, the end of bottles, which training did not see" in out
    indices = np.array([text_data["char_set"].index(char) for char in held_out])
    losses = numpy_losses(model, indices)
    assert printed_nats(out)[0] == pytest.approx(losses.mean(), abs=6e-5)
    assert printed_nats(out)[1] == pytest.approx(scores.block_loss(model, indices), abs=6e-5)


def test_run_prints_scores_of_its_best_epoch(call, text_run):
    run_output = (text_run.parent / "output.txt").read_text()
    assert printed_nats(run_output) == printed_nats(call(evaluate, text_run)[1]) != []


def test_evaluate_scores_another_text(text_run, corpus, tmp_path):
    """The command gets a corpus and a model.json, and runs in its own process."""
    (tmp_path / "mine.txt").write_text("13 green bottles should hang.\n")
    result = command(evaluate.__name__, text_run / "model.json", tmp_path / "mine.txt")
    assert result.returncode == 0, result.stderr
    assert "30 characters, all of mine:" in result.stdout
    whole, blocks = printed_nats(result.stdout)
    assert whole == blocks  # shorter than a block


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["name the directory of a finished run"]),
        (["{run}", "a", "b"], ["name the directory of a finished run"]),
        (["{run}/nothing"], ["nothing is not a finished run"]),
        (["{run}/model.json"], ["does not say which corpus", "name a corpus after it"]),
        (["{run}", "nietzshe"], ["did you mean nietzsche?"]),
        (["{run}", "{tmp}/other.txt"], ["does not know these characters", "'?' 'v' 'Ç'"]),
        (["{run}", "{tmp}/short.txt"], ["The text has 2 characters, too few"]),
    ],
)
def test_evaluate_rejects_bad_input(call, text_run, tmp_path, arguments, words):
    (tmp_path / "other.txt").write_text("Ça va?", encoding="utf-8")
    (tmp_path / "short.txt").write_text("13")
    given = [argument.format(run=text_run, tmp=tmp_path) for argument in arguments]
    assert_one_line(call(evaluate, *given), *words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"validation_split": 0}, ["held out no text (validation_split=0)"]),
        ({"text": "0123456789abcdef"}, ["has changed since"]),
        ({"corpus": "/no/such/file.txt"}, ["neither a corpus nor a file"]),
        ({"validation_split": "x"}, ["run.json is damaged"]),
        ({"encoding": None}, ["--encoding=None is not an encoding"]),
    ],
)
def test_evaluate_rejects_changed_corpus_or_settings(call, text_run, tmp_path, change, words):
    run = tmp_path / "run"
    shutil.copytree(text_run, run)
    settings = json.loads((run / "run.json").read_text()) | change
    (run / "run.json").write_text(json.dumps(settings))
    assert_one_line(call(evaluate, run), *words)
