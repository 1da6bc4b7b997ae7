"""The text model's page, in a browser, on models that Python trained."""

import base64
import json
import re
import shutil

import numpy as np
import pytest

from keras_tfjs import layers_model
from lstm_text_generation import corpora, generate, load
from lstm_text_generation.generation import generate_text
from tests.conftest import TEXT
from tests.keras_tfjs.javascript import ROOT

SEED = TEXT[:30]


@pytest.fixture(scope="module")
def visit(visitor, text_run, image_run):
    return visitor({"bottles": text_run, "images": image_run}, "text")


@pytest.fixture(scope="module")
def trained(text_run):
    model, text_data = load.load_model(text_run)
    return model, text_data["char_set"]


def greedy(trained, seed: str, length: int, mode="stateful") -> str:
    model, char_set = trained
    indices = [char_set.index(char) for char in seed]
    return generate_text(model, char_set, indices, length, 0, mode=mode)


def next_probabilities(trained, text: str) -> np.ndarray:
    """Return what the LSTM's states after the whole text predict."""
    model, char_set = trained
    x = np.eye(len(char_set), dtype=np.float32)[[char_set.index(char) for char in text]]
    for layer in model.layers:
        x = layer(x[None] if layer is model.layers[0] else x)
    return np.asarray(x)[0]


def test_a_run_writes_what_it_writes_in_python(visit, trained, text_run):
    """At a temperature near 0 both ways are sure of every character."""
    options = {"run": "bottles", "seed": SEED, "length": 60, "temperature": 0.001}
    answer = visit("write", options)
    assert answer["step"] == greedy(trained, SEED, 60)
    assert answer["window"] == greedy(trained, SEED, 60, mode="windowed")
    size = len(trained[1])
    assert answer["model"] == f"bottles: LSTM 16, 8; {size} characters, windows of 12"
    info = json.loads((text_run / "text_data.json").read_text())
    assert answer["offered"] == info["seed_text"]
    assert re.fullmatch(r"60 written, \d+ characters/s", answer["speed"])


def test_the_bars_follow_the_temperature_and_write(visit, trained):
    """The book's figure 10.3, checked against p^(1/T) of Keras's p."""
    options = {"run": "bottles", "seed": SEED, "temperatures": [0.25, 1, 2], "click": 3}
    answer = visit("chart", options)
    p = next_probabilities(trained, SEED).astype(np.float64)
    for temperature in (0.25, 1, 2):
        expected = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
        assert answer["found"][str(temperature)] == pytest.approx(expected, abs=2e-6)
    assert float(answer["dragged"]["temperature"]) == 3
    expected = p ** (1 / 3) / (p ** (1 / 3)).sum()
    assert answer["dragged"]["bars"] == pytest.approx(expected, abs=2e-6)
    char = trained[1][3]
    assert answer["written"] == char
    after = next_probabilities(trained, SEED + char)
    assert answer["after"] == pytest.approx(after, abs=2e-6)
    assert answer["label"].endswith(f"{100 * after[0]:.2f}%")


def test_create_train_keep_and_delete(visit):
    answer = visit("everything", {"text": TEXT})
    assert re.fullmatch(r"my text \d+: LSTM 10, 6; \d+ characters, windows of 40", answer["model"])
    assert answer["trained"]["progress"].startswith("100.0%, ")
    assert answer["trained"]["charts"] >= 2
    assert len(answer["seed"]) == 40 and answer["seed"] in TEXT
    assert len(answer["written"]) == 30 and set(answer["written"]) <= set(TEXT)
    assert answer["rewritten"] == answer["written"] and answer["sizes"] == "10,6"
    assert answer["before"] == "nothing for this text"
    assert re.match(r"saved \d", answer["kept"]) and answer["again"] == answer["kept"]
    assert answer["deleted"] == ["nothing for this text", True]


def test_stop_in_the_middle_of_a_batch_and_resume(visit):
    answer = visit("stopAndResume", {"text": TEXT})
    assert answer["stopped"] == answer["still"] and not answer["stopped"].startswith("100.0%")
    assert answer["end"].startswith("100.0%, ")


def test_a_run_that_is_kept_reads_the_text_in_its_own_characters(visit):
    first, then = visit("keepARun", {"run": "bottles", "text": TEXT[50:] + TEXT})
    assert then < 1.7 * first  # on other batches; in wrong characters it is more than twice


def test_texts_and_trainings_that_go_wrong(visit):
    answer = visit("trouble", {"run": "bottles", "own": "où est le chat? " * 40})
    assert "The model does not know these characters of the text:" in answer["putAside"]
    assert "so the model is put aside" in answer["putAside"]
    assert "lower the learning rate" in answer["diverged"] and answer["resumable"] is False
    assert len(answer["written"]) == len(answer["again"]) == 5
    assert answer["short"].startswith("The text is too short for windows of 40")


def test_stop_in_the_middle_of_a_text(visit):
    answer = visit("stopWriting", {"run": "bottles", "seed": SEED})
    assert answer["written"] == answer["still"] and len(answer["again"]) == 5


def test_a_run_is_trained_further_and_goes_on_in_python(visit, call, trained, tmp_path):
    answer = visit("trainFurther", {"run": "bottles", "text": TEXT, "directory": str(tmp_path)})
    assert answer["model"].startswith("bottles: LSTM 16, 8;")
    assert answer["noSteps"] == [True, "window"]
    name = answer["files"][0].removesuffix(".json")
    assert answer["files"] == [f"{name}.json", f"{name}.weights.bin"]
    downloaded = tmp_path / f"{name}.json"
    model = layers_model.load(downloaded)
    assert not np.allclose(model.get_weights()[0], trained[0].get_weights()[0], atol=1e-4)
    char_set = layers_model.load_metadata(downloaded)["char_set"]
    assert char_set == trained[1]
    assert answer["written"] == greedy((model, char_set), TEXT[:30], 20, mode="windowed")
    code, out, err = call(generate, downloaded, "--gen_length=20", f"--seed_text={TEXT[:30]}")
    assert (code, err) == (0, "") and "Generated text:" in out


TRAINING = {
    "epochs": "ERROR: Invalid number of epochs: 0",
    "examples-per-epoch": "ERROR: Invalid examples per epoch: 0",
    "batch-size": "ERROR: Invalid batch size: 0",
    "learning-rate": "ERROR: Invalid learning rate: 0",
}
SIZES = "ERROR: lstmLayerSizes must be a positive integer, but got"


def test_bad_fields_of_creating_and_training(visit):
    cases = [(name, "0", "train") for name in TRAINING]
    cases += [("validation-split", "1", "train"), ("epochs", "many", "train")]
    cases += [("lstm-layer-sizes", value, "create") for value in ("", "-3", "8,x", "2.5")]
    messages = visit("badFields", {"own": TEXT, "cases": cases})
    assert messages == [
        *TRAINING.values(),
        "ERROR: Invalid validation split: 1",
        "ERROR: Invalid number of epochs: NaN",
        f"{SIZES} NaN for layer 1 of 1.",
        f"{SIZES} -3 for layer 1 of 1.",
        f"{SIZES} NaN for layer 2 of 2.",
        f"{SIZES} 2.5 for layer 1 of 1.",
    ]


def test_bad_fields_of_writing(visit):
    fields = [("length", "0"), ("length", ""), ("temperature", "0"), ("temperature", "-1")]
    fields += [("temperature", "hot"), ("seed-text", ""), ("seed-text", "Ça va?")]
    cases = [(name, value, "generate") for name, value in fields]
    messages = visit("badFields", {"run": "bottles", "cases": cases})
    length = "Generation length must be a positive number."
    temperature = "Temperature must be a positive number."
    assert messages == [
        f"ERROR: Invalid generation length: 0. {length}",
        f"ERROR: Invalid generation length: NaN. {length}",
        f"ERROR: Invalid temperature: 0. {temperature}",
        f"ERROR: Invalid temperature: -1. {temperature}",
        f"ERROR: Invalid temperature: NaN. {temperature}",
        "ERROR: Seed text must have a length of at least 1, but has a length of 0.",
        'ERROR: The model does not know these characters of the seed text: "Ç" "v" "?"',
    ]


def test_a_seed_text_shorter_than_a_window(visit):
    messages = visit("badFields", {"own": TEXT, "cases": [("seed-text", "7 green", "generate")]})
    assert messages == [
        "ERROR: Seed text must have a length of at least 40, but has a length of 7."
    ]


WEB = ["https://storage.googleapis.com/", "https://cdn.jsdelivr.net/"]


@pytest.mark.parametrize("name", corpora.TEXT_DATA_URLS)
def test_corpora_of_the_web_are_asked_for_once(visitor, text_run, tmp_path, name):
    (tmp_path / "text").write_text(TEXT)
    visit = visitor({"bottles": text_run}, "text", may_complain=True)
    options = {"name": name, "answers": ["text", "text"], "file": str(tmp_path / "text")}
    answer = visit("web", options, allowed=WEB)
    assert answer["asked"] == 1 and len(set(answer["said"])) == 1
    size = f"{len(TEXT) / 1024:.1f}k characters"
    assert answer["said"][0].startswith(f"Done loading text data: {name} ({size})")


def test_corpora_that_cannot_be_had(visitor, text_run, tmp_path):
    """A 404 and a cut-off are said, and not kept: the next attempt asks again."""
    (tmp_path / "text").write_text(TEXT)
    visit = visitor({"bottles": text_run}, "text", may_complain=True)
    options = {"name": "nietzsche", "answers": [404, "cut", "text"], "file": str(tmp_path / "text")}
    answer = visit("web", options, allowed=WEB)
    assert answer["asked"] == 3
    assert answer["said"][0].startswith("Failed to load text data: the server answered 404.")
    assert answer["said"][1].startswith("Failed to load text data: ")
    assert answer["said"][2].startswith("Done loading")
    answer = visit("web", options | {"name": "python-docs", "answers": [404]})
    assert answer == {
        "said": ["There is no python-docs on this site: start it with make web."],
        "asked": 0,
    }


def test_a_corpus_of_the_sites_own(visitor, text_run, tmp_path):
    (tmp_path / "text").write_text("")
    visit = visitor({"bottles": text_run}, "text", corpora={"python-docs": TEXT * 2})
    answer = visit("web", {"name": "python-docs", "answers": [404], "file": "none"})
    assert answer["asked"] == 0
    assert f"python-docs ({len(TEXT) / 512:.1f}k characters)" in answer["said"][0]


def test_the_addresses_are_those_of_python():
    text = (ROOT / "lstm_text_generation/web/corpora.js").read_text()
    bucket = re.search(r"BUCKET = '(.*)'", text).group(1)
    found = re.findall(r"^  '?([\w-]+)'?: [`'](.*)[`'],$", text, re.M)
    urls = {name: url.replace("${BUCKET}", bucket) for name, url in found}
    assert urls == {name: download.url for name, download in corpora.TEXT_DATA_URLS.items()}


def test_a_dropped_file(visit):
    text = "déjà vu 😀 " * 20
    answer = visit("dropText", {"base64": base64.b64encode(text.encode()).decode()})
    assert answer["text"] == text
    assert f"{len(set(text))} characters" in answer["model"]


def test_runs_that_cannot_be_used(visitor, text_run, tmp_path):
    for name in ("missing", "half", "damaged", "cut-off"):
        shutil.copytree(text_run, tmp_path / name)
    (tmp_path / "missing/text_data.json").unlink()
    (tmp_path / "half/graph_model/model.json").unlink()
    text = (tmp_path / "damaged/model.json").read_text()
    (tmp_path / "damaged/model.json").write_text(text[:500])
    weights = tmp_path / "cut-off/weights.bin"
    weights.write_bytes(weights.read_bytes()[:-400])
    runs = {path.name: path for path in tmp_path.iterdir()}
    messages = visitor(runs, "text", may_complain=True)("broken", {"runs": list(runs)})
    assert "missing/text_data.json is missing. Train a model with python -m" in messages["missing"]
    assert "half/graph_model/model.json is missing. Train a model" in messages["half"]
    assert "damaged/model.json is damaged. Train a model with python" in messages["damaged"]
    assert "The run cut-off cannot be used: " in messages["cut-off"]


def test_texts_and_names_are_never_html(visitor, text_run):
    name = "<img src=x onerror=window.hacked=1>"
    visit = visitor({name: text_run}, "text")
    own = "<b>bold</b><img src=x onerror=window.hacked=1>" * 5
    assert visit("markup", {"run": name, "own": own}) == [0, None]


def test_every_backend_writes_the_same(visit, trained):
    answer = visit("backends", {"run": "bottles", "seed": SEED})
    expected = greedy(trained, SEED, 15)
    assert answer["written"] == dict.fromkeys(["cpu", "webgl", "wasm"], expected)
    assert answer["after"] == expected
    works = "Computing" in answer["webgpu"]
    assert answer["backend"] == ("webgpu" if works else "wasm")
    assert works or "This browser has no webgpu" in answer["webgpu"]


def test_it_is_usable_on_a_phone_and_with_a_screen_reader(visit):
    assert visit("looks", {"run": "bottles", "seed": SEED}) == {"width": 400, "nameless": []}
