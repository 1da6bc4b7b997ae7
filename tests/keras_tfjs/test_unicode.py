"""The text app and TensorFlow.js handle any Unicode text."""

import json
import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from harness.javascript import difference, layers_job
from keras_tfjs import layers_model
from lstm_text_generation import generate, train
from tests.support.commands import assert_one_line

VERSE = "海上生明月，天涯共此時。\n"  # noqa: RUF001  (Zhang Jiuling)
FAMILY = "👩\u200d👩\u200d👧🏽 😀🇯🇵 𝄞𐍈\n"  # joiners, skin tones, flags: above U+FFFF
ACCENTS = unicodedata.normalize("NFD", "Tiếng Việt, déjà vu, Å\n")
RIGHT_TO_LEFT = "שָׁלוֹם العَرَبِيَّة\n"
LINES = "one\r\ntwo\rthree\n\u2028four\t\x07\ufeff\n"
MANY = "".join(map(chr, [*range(0x4E00, 0x9FFF), *range(0x20000, 0x2A6DF)]))[:60_000]
TEXTS = {
    "Chinese": VERSE,
    "emoji": FAMILY,
    "combining marks": ACCENTS,
    "right to left": RIGHT_TO_LEFT,
    "line ends": LINES,
    "60,000 characters": MANY,
}
SMALL = ["--sample_len=4", "--lstm_layer_size=4", "--batch_size=8", "--examples_per_epoch=16",
         "--epochs=1", "--display_length=8"]  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_text_in_any_characters_trains_and_generates(call, run_in_node, tmp_path, name):
    repeats, validation_split = (1, 0.001) if name.startswith("60") else (20, 0.1)
    text = TEXTS[name] * repeats
    (tmp_path / "text.txt").write_bytes(text.encode())
    run, char_set = tmp_path / "run", list(dict.fromkeys(text))
    line = [tmp_path / "text.txt", *SMALL, f"--validation_split={validation_split}"]
    code, _, err = call(train, *line, f"--save_path={run}")
    assert code == 0, err
    assert json.loads((run / "text_data.json").read_text())["char_set"] == char_set

    seed_text = text[:6]
    code, out, err = call(generate, run, f"--seed_text={seed_text}", "--gen_length=9", "--seed=1")
    assert code == 0, err
    assert f'Seed text:\n"{seed_text}"\n' in out
    written = out.split('Generated text:\n"')[1].removesuffix('"\n\n')
    assert len(written) == 9 and set(written) <= set(char_set)

    write = tf.saved_model.load(str(run / "saved_model")).signatures["generate"]
    answer = write(
        seed_text=tf.constant(seed_text), length=tf.constant(9), temperature=tf.constant(0.5),
        seed=tf.constant(1, tf.int64),
    )  # fmt: skip
    assert len(answer["text"].numpy().decode()) == 9

    windows = np.zeros((1, 4, len(char_set)), np.float32)
    windows[0, range(4), [char_set.index(char) for char in seed_text[:4]]] = 1
    (found,) = run_in_node("cpu", [layers_job(run, windows)])
    assert found["metadata"]["char_set"] == char_set
    assert difference(found, layers_model.load(run)(windows)) < 1e-6


@pytest.mark.parametrize(
    ("data", "flags", "words"),
    [
        (b"a\0b" * 99, [], "it has a NUL at character 1"),
        ("ab\ud800".encode("utf-8", "surrogatepass") * 99, [], "is not utf-8 text: byte 2"),
        (b"+2AA-ab" * 99, ["--encoding=utf-7"], "half of a surrogate pair at character 0"),
        (MANY.encode(), ["--sample_len=1000", "--batch_size=100000"],
         "60,000 distinct characters need about 1,440 MB for each example of a batch"),
    ],
)  # fmt: skip
def test_unusable_text_is_refused_before_training(call, tmp_path, data, flags, words):
    (tmp_path / "text.txt").write_bytes(data)
    line = [tmp_path / "text.txt", *SMALL, f"--save_path={tmp_path / 'run'}", *flags]
    assert_one_line(call(train, *line), words)
    assert not list(tmp_path.glob("run*"))
