"""Training in the text model's page in a browser, its texts, and its kept models."""

import base64
import re

import numpy as np
import pytest

from harness import ROOT
from keras_tfjs import layers_model
from lstm_text_generation import corpora, generate
from tests.support.bottles import TEXT
from tests.web.text_model import SEED, greedy

pytestmark = pytest.mark.long


def test_model_is_created_trained_kept_and_deleted(visit_text):
    answer = visit_text("createTrainKeepDelete", {"own": TEXT})
    assert re.fullmatch(r"my text \d+: LSTM 10, 6; \d+ characters, windows of 40", answer["model"])
    assert answer["progress"].startswith("100.0%, ") and "loss, nats" in answer["chart"]
    assert answer["said"] == ["Training.", "The training is done. Let the model write."]
    assert answer["focus"] == "train"
    assert re.match(r"After epoch 2: loss \d\.\d+, val_loss \d\.\d+", answer["epochs"])
    assert len(answer["samples"]) == 4 and all(len(text) == 40 + 80 for text in answer["samples"])
    assert all(text[:40] in TEXT for text in answer["samples"])  # the seed text
    assert len(answer["seed"]) == 40 and answer["seed"] in TEXT
    assert len(answer["first"]) == 30 and set(answer["first"]) <= set(TEXT)
    assert answer["window"][0] == answer["first"][0]  # from the same 40 characters
    assert answer["again"] == answer["first"] and answer["sizes"] == "10,6"
    assert re.match(r"my text \d+, kept \d", answer["kept"])
    assert answer["left"] == 0


def test_training_stops_within_a_batch_and_resumes(visit_text):
    answer = visit_text("stopAndResume", {"own": TEXT})
    assert answer["stopped"] == answer["still"] and not answer["stopped"].startswith("100.0%")
    assert re.search(r"about \d+ s left", answer["stopped"])
    assert answer["end"].startswith("100.0%, ")
    assert answer["before"] == answer["after"] and len(answer["wrote"]) == 5


def test_every_char_learns_more_than_last_char(visit_text):
    """After the same batches, `every_char` has the lower val_loss."""
    answer = visit_text("objectives", {"own": TEXT})
    losses = {name: float(text.split("val_loss ")[1]) for name, text in answer.items()}
    assert losses["every_char"] < losses["last_char"] - 0.1


def test_python_loads_a_run_trained_in_the_page(visit_text, call, trained, tmp_path):
    options = {"own": TEXT, "directory": str(tmp_path), "seed": SEED[:8]}
    answer = visit_text("trainFurther", options)
    assert answer["model"].startswith("bottles: LSTM 16, 8;")
    name = answer["files"][0].removesuffix(".json")
    assert answer["files"] == [f"{name}.json", f"{name}.weights.bin"]
    downloaded = tmp_path / f"{name}.json"
    model = layers_model.load(downloaded)
    assert model.output_shape == (None, len(trained[1]))  # one character, as before
    assert not np.allclose(model.get_weights()[0], trained[0].get_weights()[0], atol=1e-4)
    char_set = layers_model.load_metadata(downloaded)["char_set"]
    assert char_set == trained[1]
    assert answer["wrote"] == greedy((model, char_set), SEED[:8], 20)
    code, out, err = call(generate, downloaded, "--gen_length=20", f"--seed_text={TEXT[:30]}")
    assert (code, err) == (0, "") and "Generated text:" in out


def test_bad_numbers_are_reported(visit_text):
    cases = {
        "epochs": ["0", "12abc", "2.5", ""],
        "examples-per-epoch": ["1e9"],
        "learning-rate": ["0", "0,5"],
        "validation-split": ["1"],
    }
    listed = [(name, value, "train") for name, values in cases.items() for value in values]
    listed += [("length", "1e9", None), ("length", "12abc", None), ("temperature", "-1", None)]
    listed += [("temperature", "0,5", None), ("temperature", "abc", None)]
    answers = visit_text("badFields", {"own": TEXT, "cases": listed})
    epochs = "Epochs must be a whole number from 1 to 100000"
    assert [answer["below"] for answer in answers] == [
        f"{epochs}, but is 0.",
        f"{epochs}, but is 12abc.",
        f"{epochs}, but is 2.5.",
        f"{epochs}. The field is empty.",
        "Examples per epoch must be a whole number from 1 to 10000000, but is 1e9.",
        "Learning rate must be a number above 0, but is 0.",
        "Learning rate must be a number above 0. Write 0.5, with a point.",
        "Validation split must be a number from 0 to 0.9, but is 1.",
        "Length must be a whole number from 1 to 20000, but is 1e9.",
        "Length must be a whole number from 1 to 20000, but is 12abc.",
        "Temperature must be a number from 0 to 10, but is -1.",
        "Temperature must be a number from 0 to 10. Write 0.5, with a point.",
        "Temperature must be a number from 0 to 10, but is abc.",
    ]
    for (_, _, button), answer in zip(listed, answers, strict=True):
        assert answer["said"] == (answer["below"] if button else None) and answer["after"] == 0


def test_bad_layer_sizes_are_reported(visit_text):
    sizes = ["3000,3000", "1e9", "", "-3", "8,x", "2.5"]
    answers = visit_text(
        "badFields", {"own": TEXT, "cases": [("lstm-layer-sizes", s, "create") for s in sizes]}
    )
    size = "Each LSTM layer size must be a whole number from 1 to 4096"
    assert re.match(r"These layers have \d+ million weights, .* Choose smaller", answers[0]["said"])
    assert [answer["said"] for answer in answers[1:]] == [
        f"{size}, but is 1e9.",
        f"{size}. The field is empty.",
        f"{size}, but is -3.",
        f"{size}, but is x.",
        f"{size}, but is 2.5.",
    ]


def test_disabled_buttons_give_reasons(visit_text):
    assert visit_text("reasons") == {
        "random-seed": "Load a text in the tab Train first, because the seed text is a part of it.",
        "train": "Load a text first.",
        "create": "Load a text first, because the model has one output for each character of the "
        "text.",
        "resume": "Load a text first.",
        "stop": "Nothing is running.",
        "sizes": "16,8",  # of the run
        "visible": True,
    }


def test_training_errors_are_reported(visit_text):
    options = {"own": TEXT, "unknown": "où est le chat? " * 40, "short": TEXT[:30]}
    answer = visit_text("trainingErrors", options)
    assert "does not know these characters of the text:" in answer["unknownText"]
    assert "Create a new model for this text." in answer["unknownText"]
    assert "Choose a lower learning rate." in answer["diverged"] and len(answer["wrote"]) == 5
    assert answer["red"] == ""  # the page has cleared the old error
    assert answer["short"].startswith("The text is too short for windows of 12 characters")


WEB = ["https://storage.googleapis.com/", "https://cdn.jsdelivr.net/"]


def test_corpora_are_downloaded_once(visitor, exact_run, tmp_path):
    (tmp_path / "text").write_text(TEXT)
    names = list(corpora.TEXT_DATA_URLS)
    visit = visitor({"bottles": exact_run}, "text", allow_errors=True)
    options = {"names": names, "answers": ["text", "text"], "file": str(tmp_path / "text")}
    answer = visit("downloads", options, allowed=WEB)
    assert answer["asked"] == len(names)
    size = f"{len(TEXT):,} characters"
    for said, name in zip(answer["said"], names * 2, strict=True):
        assert said.startswith(f"Loaded {name} ({size}")


def test_failed_downloads_are_reported_and_repeated(visitor, exact_run, tmp_path):
    """The page does not cache a 404 or an incomplete download."""
    (tmp_path / "text").write_text(TEXT)
    visit = visitor({"bottles": exact_run}, "text", allow_errors=True)
    options = {
        "names": ["nietzsche"],
        "answers": [404, "cut", "text"],
        "file": str(tmp_path / "text"),
    }
    answer = visit("downloads", options, allowed=WEB)
    assert answer["asked"] == 3
    assert "download of nietzsche failed: the server answered 404. Try again" in answer["said"][0]
    assert "download of nietzsche failed: " in answer["said"][1]
    assert answer["said"][2].startswith("Loaded nietzsche")
    answer = visit("downloads", options | {"names": ["python-docs"], "answers": [404]})
    assert answer["asked"] == 0
    assert answer["said"][0].startswith("This site does not have the text python-docs.")


def test_site_corpus_is_used_before_the_web(visitor, exact_run):
    visit = visitor({"bottles": exact_run}, "text", corpora={"python-docs": TEXT * 2})
    answer = visit("downloads", {"names": ["python-docs"], "answers": [404], "file": "none"})
    assert answer["asked"] == 0
    assert f"python-docs ({2 * len(TEXT):,} characters" in answer["said"][0]


def test_corpora_addresses_equal_those_of_python():
    text = (ROOT / "lstm_text_generation/web/corpora.js").read_text()
    bucket = re.search(r"BUCKET = '(.*)'", text).group(1)
    found = re.findall(r"^  '?([\w-]+)'?: [`'](.*)[`'],$", text, re.M)
    urls = {name: url.replace("${BUCKET}", bucket) for name, url in found}
    assert urls == {name: download.url for name, download in corpora.TEXT_DATA_URLS.items()}


def test_dropped_file_becomes_the_text(visit_text):
    text = "déjà vu 😀 " * 20
    answer = visit_text("dropText", {"base64": base64.b64encode(text.encode()).decode()})
    assert answer["text"] == text
    assert f"{len(set(text))} different ones" in answer["said"]
