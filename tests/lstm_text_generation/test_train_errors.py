"""Bad input to the train command: one error line, and no file changes."""

import json

import pytest
import tensorflow as tf

from lstm_text_generation import train
from tests.support.bottles import TEXT
from tests.support.commands import assert_one_line


def contents(directory) -> dict:
    """Return the content of every file below a directory."""
    return {p: p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shakespear"], ["did you mean shakespeare?"]),
        (["a", "b"], ["this command takes one corpus"]),
        (["{short}"], ["has 60 characters, too few for examples of 60: it needs at least 62"]),
        (["{corpus}", "--validation_split=0.0001"], ["leaves no window", "validate"]),
        (["{corpus}", "--validation_split=0.9999"], ["leaves no window", "train"]),
        (["{same}"], ["only one distinct character, 'a'"]),
        (["{corpus}", "--save_path=/proc/run"], ["cannot write the run to /proc/run"]),
        (["{corpus}", "--save_path={corpus}"], ["is not a run of lstm_text_generation"]),
        (["{corpus}", "--save_path={run}"], ["holds a finished run", "--resume", "--overwrite"]),
        (["{other}", "--save_path={run}", "--resume"], ["text=", "--overwrite"]),
        (["{corpus}", "--save_path={run}", "--resume", "--overwrite"], ["give one of them"]),
        ([""], ["the name of the corpus is empty"]),
        (["x" * 300], ["File name too long"]),
        (["{corpus}", "--log_dir={corpus}"], ["File exists"]),
        (["{corpus}", "--save_path={run}", "--resume", "--sample_len=13"],
         ["has sample_len=12, not 13"]),
        (["{corpus}", "--save_path={run}", "--resume", "--lstmLayerSize=8"],
         ["has lstm_layer_size=16,8, not 8"]),
        (["{corpus}", "--gpu"], ["TensorFlow sees no GPU"]),
    ],
)  # fmt: skip
def test_train_rejects_bad_input(call, text_run, corpus, tmp_path, arguments, words):
    (tmp_path / "same.txt").write_text("a" * 500)
    (tmp_path / "short.txt").write_text("ab" * 30)
    (tmp_path / "other.txt").write_text(TEXT[::-1])
    names = ("same", "short", "other")
    places = {"corpus": corpus, "run": text_run, **{n: tmp_path / f"{n}.txt" for n in names}}
    before = contents(text_run.parent)
    if "--gpu" in arguments and tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    small = [] if "{run}" in str(arguments) else [f"--save_path={tmp_path / 'run'}"]
    result = call(train, *small, *(a.format(**places) for a in arguments))
    assert_one_line(result, *words)
    assert contents(text_run.parent) == before


@pytest.mark.parametrize(
    "flag",
    ["--sample_len=0", "--sampleStep=-1", "--lstm_layer_size=128,x", "--lstm_layer_size=",
     "--lstmLayerSize=0", "--learningRate=nan", "--validationSplit=1", "--examplesPerEpoch=0",
     "--displayLength=0", "--dropout=1", "--clip_norm=-1", "--objective=all", "--optimizer=sgd"],
)  # fmt: skip
def test_train_rejects_bad_flags(call, flag):
    assert_one_line(call(train, flag), status=2)


def test_resume_rejects_damaged_layer_sizes(call, text_run, corpus, tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    settings = json.loads((text_run / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(settings | {"lstm_layer_size": [None, "8"]}))
    assert_one_line(
        call(train, corpus, "--resume", f"--save_path={path}"),
        "the settings of the run to resume are damaged", "lstm_layer_size",
    )  # fmt: skip
