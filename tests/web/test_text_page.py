"""The text model's page, in a browser, on models that Python trained."""

import base64
import json
import random
import re
import shutil

import numpy as np
import pytest

from keras_tfjs import graph_model, layers_model
from lstm_text_generation import corpora, generate, load
from lstm_text_generation.cells import lstm_layers
from lstm_text_generation.exported_functions import one_step
from lstm_text_generation.generation import generate_text
from tests.conftest import SMALL, TEXT, command, made_once
from tests.keras_tfjs.javascript import ROOT

SEED = TEXT[:30]


@pytest.fixture(scope="module")
def exact_run(text_run, tmp_path_factory):
    """The run without its copy of 16 bits, so that the page computes what Keras computes."""
    run = tmp_path_factory.mktemp("exact") / "bottles"
    shutil.copytree(text_run, run)
    shutil.rmtree(run / "graph_model_float16")
    return run


@pytest.fixture(scope="module")
def visit(visitor, exact_run):
    return visitor({"bottles": exact_run}, "text")


@pytest.fixture(scope="module")
def trained(text_run):
    model, text_data = load.load_model(text_run)
    return model, text_data["char_set"]


def greedy(trained, seed: str, length: int, mode="stateful") -> str:
    model, char_set = trained
    indices = [char_set.index(char) for char in seed]
    return generate_text(model, char_set, indices, length, 0, mode=mode)


def read(trained, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Let Keras's cells read a text.

    Returns:
      The probabilities of the next character after each character [length, charset_size], and tanh
      of the cell states [length, units], the layers one after the other.
    """
    model, char_set = trained
    layers = lstm_layers(model)
    states = [[np.zeros((1, layer.units), np.float32)] * 2 for layer in layers]
    probabilities, cells = [], []
    for char in text:
        x = np.eye(len(char_set), dtype=np.float32)[[char_set.index(char)]]
        for i, layer in enumerate(layers):
            x, states[i] = layer.cell(x, states[i])
        probabilities.append(np.asarray(model.layers[-1](x))[0])
        cells.append(np.tanh(np.concatenate([np.asarray(c)[0] for _, c in states])))
    return np.array(probabilities), np.array(cells)


def surprise(trained, text: str) -> np.ndarray:
    """Return -log2 p of each character but the first."""
    indices = [trained[1].index(char) for char in text]
    probabilities = read(trained, text)[0]
    return -np.log2(probabilities[np.arange(len(text) - 1), indices[1:]])


def at_temperature(p: np.ndarray, temperature: float) -> np.ndarray:
    powers = p.astype(np.float64) ** (1 / temperature)
    return powers / powers.sum()


def test_the_page_opens_writing(visit, text_run):
    seed = json.loads((text_run / "text_data.json").read_text())["seed_text"]
    answer = visit("opensWriting", {"reduced": False})
    for width, height in ((1280, 800), (390, 844)):
        view = answer[str(width)]
        assert view["seed"] == seed and view["length"] > len(seed) + 30
        box = view["box"]
        assert box["y"] > 0 and box["y"] + box["height"] < height
        assert view["scroll"] == width and view["button"] == "Pause"


def test_with_reduced_motion_it_waits(visit):
    answer = visit("opensWriting", {"reduced": True})
    assert answer["1280"]["length"] == 0 and answer["1280"]["button"] == "Write on"


def test_a_run_writes_what_it_writes_in_python(visit, trained):
    answer = visit("write", {"seed": SEED, "length": 60})
    assert answer["short"].endswith("needs a text of at least 12 characters.")
    assert answer["step"] == greedy(trained, SEED, 60)
    assert answer["window"] == greedy(trained, SEED, 60, mode="windowed")
    assert re.fullmatch(r"\d+ characters/s", answer["speed"])


def test_the_copy_of_16_bits_is_what_the_page_loads(visitor, text_run):
    """The page does not ask for the larger graph, nor for the layers."""
    answer = visitor({"bottles": text_run}, "text")("write", {"seed": SEED, "length": 5})
    assert len(answer["step"]) == 5


def test_each_character_shows_its_surprise(visit, trained):
    """Shading, the likeliest characters by mouse and keyboard, and going back."""
    place, temperature, choice = 12, 0.7, 2
    options = {"seed": SEED, "temperature": temperature, "place": place, "choice": choice}
    answer = visit("surprise", options)
    text = SEED + greedy(trained, SEED, 5)
    bits = surprise(trained, text)
    assert answer["bits"][1:] == pytest.approx(bits, abs=2e-3)
    shade = round(100 * min(bits[1], 8) / 8)
    assert f"var(--surprise) {shade}%" in answer["shades"][2]  # the third character
    assert answer["mean"] == pytest.approx(bits.mean(), abs=0.01)
    p = at_temperature(read(trained, text)[0][place - 1], temperature)
    order = np.argsort(-p)
    assert answer["hovered"]["probabilities"] == pytest.approx(p[order[:8]], abs=2e-5)
    assert answer["hovered"]["characters"][0] == trained[1][order[0]]
    assert answer["hovered"]["labels"][0].endswith(f"{100 * p[order[0]]:.2f}%")
    assert len(answer["all"]["probabilities"]) == len(trained[1])
    assert sum(answer["all"]["probabilities"]) == pytest.approx(1)
    assert answer["last"] == str(len(text) - 1)
    start = text[:place] + answer["character"]
    assert answer["rewound"] == start + greedy(trained, start, 10)
    start = text[:3] + answer["clicked"]
    assert answer["again"] == start + greedy(trained, start, 10)


QUOTED = "abcdefgh "
PLAIN = "nopqrstu "


def quoted_text(seed: int) -> str:
    """Return a text whose letters inside quotes are others than those outside."""
    rng = random.Random(seed)

    def letters(alphabet: str) -> str:
        return "".join(rng.choice(alphabet) for _ in range(rng.randrange(5, 25)))

    return "".join(f'{letters(PLAIN)}"{letters(QUOTED)}"' for _ in range(200))


@pytest.fixture(scope="module")
def quotes_run(tmp_path_factory):
    """A run on quotes; its LSTM has to know whether a quote is open."""

    def make(directory):
        (directory / "quotes.txt").write_text(quoted_text(0))
        line = [directory / "quotes.txt", *SMALL, "--epochs=4", f"--save_path={directory / 'run'}"]
        result = command("lstm_text_generation.train", *line)
        assert result.returncode == 0, result.stderr
        shutil.rmtree(directory / "run/graph_model_float16", ignore_errors=True)

    return made_once(tmp_path_factory, "quotes_run", make) / "run"


def inside_quotes(text: str) -> np.ndarray:
    """Return 1 for each character inside quotes, which are closed by the same mark."""
    marks = np.cumsum([char == '"' for char in text]) % 2
    return np.array(
        [inside or char == '"' for inside, char in zip(marks, text, strict=True)], float
    )


def test_the_unit_for_quotes(visitor, quotes_run):
    """The page reads a text, and finds the unit that numpy finds."""
    given = quoted_text(1)[:1200]
    place = 41
    options = {"given": given, "unit": {"place": place}}
    answer = visitor({"quotes": quotes_run}, "text")("read", options)
    model, text_data = load.load_model(quotes_run)
    quotes = (model, text_data["char_set"])
    assert answer["all"] == given
    assert answer["bits"][1:] == pytest.approx(surprise(quotes, given), abs=5e-3)
    probabilities, cells = read(quotes, given)
    feature, half = inside_quotes(given), len(given) // 2
    strengths = [abs(np.corrcoef(unit[:half], feature[:half])[0, 1]) for unit in cells.T]
    best = int(np.argmax(strengths))
    expected = np.corrcoef(cells[half:, best], feature[half:])[0, 1]
    found = {unit["name"].split(" (")[0]: unit for unit in answer["units"]}
    assert abs(expected) > 0.4
    assert found["inside quotes"]["unit"] == best
    assert found["inside quotes"]["r"] == pytest.approx(expected, abs=1e-3)
    assert "digits" not in found and "inside brackets" not in found  # the text has none
    assert answer["plain"] != answer["coloured"]
    number, value = re.fullmatch(r"unit (\d+): (-?\d\.\d\d)", answer["value"]).groups()
    assert float(value) == pytest.approx(cells[place - 1, int(number) - 1], abs=0.006)
    index = quotes[1].index(given[place - 1])
    assert f"number {index + 1} of {len(quotes[1])}" in answer["read"]


def test_four_temperatures_side_by_side(visit, trained):
    answer = visit("temperatures", {"seed": SEED})
    assert [caption for caption, _ in answer] == [f"Temperature {t}" for t in (0, 0.25, 0.5, 0.75)]
    texts = [text for _, text in answer]
    assert texts[0] == SEED + greedy(trained, SEED, 200)
    assert len(set(texts)) == 4
    assert all(text.startswith(SEED) and len(text) == len(SEED) + 200 for text in texts)
    bits = [surprise(trained, text)[len(SEED) :].mean() for text in texts]
    assert bits[0] < bits[1] < bits[3]


def test_the_slider_acts_while_the_model_writes(visit):
    answer = visit("slider")
    assert answer["during"] == "Pause" and answer["length"] > answer["at"] + 20
    assert float(answer["temperature"]) == 2
    at = answer["at"]
    assert np.mean(answer["bits"][at + 4 :]) > 1.5 * np.mean(answer["bits"][30:at])


def test_how_a_run_of_python_learned(visit, text_run):
    answer = visit("history")
    row = json.loads((text_run / "epochs.json").read_text())["epochs"][1]
    assert answer["epoch"] == "2"
    assert answer["losses"] == (
        f"After epoch 2: loss {row['loss']:.3f}, val_loss {row['val_loss']:.3f}"
    )
    seed = json.loads((text_run / "text_data.json").read_text())["seed_text"]
    assert answer["samples"] == [seed + sample for sample in row["samples"].values()]
    assert "nats per character against epoch" in answer["chart"]


def test_create_train_keep_and_delete(visit):
    answer = visit("everything", {"own": TEXT})
    assert re.fullmatch(r"my text \d+: LSTM 10, 6; \d+ characters, windows of 40", answer["model"])
    assert answer["progress"].startswith("100.0%, ") and "loss, nats" in answer["chart"]
    assert answer["said"] == ["Training.", "The training is done. Let the model write."]
    assert answer["focus"] == "train"
    assert re.match(r"After epoch 2: loss \d\.\d+, val_loss \d\.\d+", answer["epochs"])
    assert len(answer["samples"]) == 4 and all(len(text) == 80 for text in answer["samples"])
    assert len(answer["seed"]) == 40 and answer["seed"] in TEXT
    assert len(answer["first"]) == 30 and set(answer["first"]) <= set(TEXT)
    assert answer["window"][0] == answer["first"][0]  # they read the same 40 characters
    assert answer["again"] == answer["first"] and answer["sizes"] == "10,6"
    assert re.match(r"my text \d+, kept \d", answer["kept"])
    assert answer["left"] == 0


def test_stop_in_the_middle_of_a_batch_and_resume(visit):
    answer = visit("stopAndResume", {"own": TEXT})
    assert answer["stopped"] == answer["still"] and not answer["stopped"].startswith("100.0%")
    assert re.search(r"about \d+ s left", answer["stopped"])
    assert answer["end"].startswith("100.0%, ")
    assert answer["before"] == answer["after"] and len(answer["wrote"]) == 5


def test_every_character_teaches_more_than_the_last(visit):
    """After the same batches, the model that learns from every character predicts better."""
    answer = visit("objectives", {"own": TEXT})
    losses = {name: float(text.split("val_loss ")[1]) for name, text in answer.items()}
    assert losses["every_char"] < losses["last_char"] - 0.1


def test_a_run_is_trained_further_and_goes_on_in_python(visit, call, trained, tmp_path):
    options = {"own": TEXT, "directory": str(tmp_path), "seed": SEED[:8]}
    answer = visit("trainFurther", options)
    assert answer["model"].startswith("bottles: LSTM 16, 8;")
    name = answer["files"][0].removesuffix(".json")
    assert answer["files"] == [f"{name}.json", f"{name}.weights.bin"]
    downloaded = tmp_path / f"{name}.json"
    model = layers_model.load(downloaded)
    assert model.output_shape == (None, len(trained[1]))  # the last character, as before
    assert not np.allclose(model.get_weights()[0], trained[0].get_weights()[0], atol=1e-4)
    char_set = layers_model.load_metadata(downloaded)["char_set"]
    assert char_set == trained[1]
    assert answer["wrote"] == greedy((model, char_set), SEED[:8], 20)
    code, out, err = call(generate, downloaded, "--gen_length=20", f"--seed_text={TEXT[:30]}")
    assert (code, err) == (0, "") and "Generated text:" in out


def test_bad_fields(visit):
    cases = {
        "epochs": ["0", "12abc", "2.5", ""],
        "examples-per-epoch": ["1e9"],
        "learning-rate": ["0", "0,5"],
        "validation-split": ["1"],
    }
    listed = [(name, value, "train") for name, values in cases.items() for value in values]
    listed += [("length", "1e9", None), ("length", "12abc", None), ("temperature", "-1", None)]
    listed += [("temperature", "0,5", None), ("temperature", "abc", None)]
    answers = visit("badFields", {"own": TEXT, "cases": listed})
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
    for answer in answers:
        assert answer["said"] in (None, answer["below"]) and answer["after"] == 0


def test_bad_sizes(visit):
    sizes = ["3000,3000", "1e9", "", "-3", "8,x", "2.5"]
    answers = visit(
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


def test_buttons_that_cannot_be_used_say_why(visit):
    assert visit("reasons") == {
        "random-seed": "Load a text in the tab Train first: the seed text is a piece of it.",
        "train": "Load a text first.",
        "create": "Load a text first: the model has one output for each of its characters.",
        "resume": "Load a text first.",
        "stop": "Nothing is running.",
        "sizes": "16,8",  # of the run
    }


def test_texts_and_trainings_that_go_wrong(visit):
    options = {"own": TEXT, "unknown": "où est le chat? " * 40, "short": TEXT[:30]}
    answer = visit("trouble", options)
    assert "does not know these characters of the text:" in answer["unknownText"]
    assert "Create a new model for this text." in answer["unknownText"]
    assert "Choose a lower learning rate." in answer["diverged"] and len(answer["wrote"]) == 5
    assert answer["red"] == ""  # the old error is gone
    assert answer["short"].startswith("The text is too short for windows of 12")


WEB = ["https://storage.googleapis.com/", "https://cdn.jsdelivr.net/"]


def test_corpora_of_the_web_are_asked_for_once(visitor, exact_run, tmp_path):
    (tmp_path / "text").write_text(TEXT)
    names = list(corpora.TEXT_DATA_URLS)
    visit = visitor({"bottles": exact_run}, "text", may_complain=True)
    options = {"names": names, "answers": ["text", "text"], "file": str(tmp_path / "text")}
    answer = visit("web", options, allowed=WEB)
    assert answer["asked"] == len(names)
    size = f"{len(TEXT) / 1024:.1f}k characters"
    for said, name in zip(answer["said"], names * 2, strict=True):
        assert said.startswith(f"Loaded {name} ({size}")


def test_corpora_that_cannot_be_had(visitor, exact_run, tmp_path):
    """The page reports a 404 and a cut download, and keeps neither: the next attempt asks again."""
    (tmp_path / "text").write_text(TEXT)
    visit = visitor({"bottles": exact_run}, "text", may_complain=True)
    options = {
        "names": ["nietzsche"],
        "answers": [404, "cut", "text"],
        "file": str(tmp_path / "text"),
    }
    answer = visit("web", options, allowed=WEB)
    assert answer["asked"] == 3
    assert "download of nietzsche failed: the server answered 404. Try again" in answer["said"][0]
    assert "download of nietzsche failed: " in answer["said"][1]
    assert answer["said"][2].startswith("Loaded nietzsche")
    answer = visit("web", options | {"names": ["python-docs"], "answers": [404]})
    assert answer["asked"] == 0
    assert answer["said"][0].startswith("This site has no text python-docs.")


def test_a_corpus_of_the_sites_own(visitor, exact_run):
    visit = visitor({"bottles": exact_run}, "text", corpora={"python-docs": TEXT * 2})
    answer = visit("web", {"names": ["python-docs"], "answers": [404], "file": "none"})
    assert answer["asked"] == 0
    assert f"python-docs ({len(TEXT) / 512:.1f}k characters" in answer["said"][0]


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
    assert f"{len(set(text))} different ones" in answer["said"]


def nan_graph(run) -> None:
    """Give a run's graph weights that are NaN."""
    model, _ = load.load_model(run)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    shutil.rmtree(run / "graph_model")
    graph_model.save(one_step(model), run / "graph_model")


def test_runs_that_cannot_be_used(visitor, exact_run, tmp_path):
    names = ("missing", "half", "damaged", "cut-off", "no-weights", "null", "nan")
    runs = {name: tmp_path / name for name in names}
    for run in runs.values():
        shutil.copytree(exact_run, run)
    (runs["missing"] / "text_data.json").unlink()
    (runs["half"] / "graph_model/model.json").unlink()
    (runs["null"] / "text_data.json").write_text("null")
    text = (runs["damaged"] / "graph_model/model.json").read_text()
    (runs["damaged"] / "graph_model/model.json").write_text(text[:500])
    weights = runs["cut-off"] / "graph_model/weights.bin"
    size = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:-401])
    (runs["no-weights"] / "graph_model/weights.bin").unlink()
    nan_graph(runs["nan"])
    visit = visitor({"bottles": exact_run, **runs}, "text", may_complain=True)
    answer = visit("broken", {"runs": list(names), "good": "bottles", "seed": SEED})
    messages = answer["messages"]
    hint = "Train a model with python -m lstm_text_generation.train, then reload this page."
    wanted = {
        "missing": "text_data.json is missing.",
        "half": "graph_model/model.json is missing.",
        "damaged": "graph_model/model.json is damaged.",
        "no-weights": "graph_model/weights.bin is missing.",
        "null": "text_data.json is damaged.",
    }
    for name, words in wanted.items():
        assert messages[name] == f"saved_models/{name}/{words} {hint}"
    assert (
        f"weights.bin is damaged: it has {size - 401} bytes and not {size}." in messages["cut-off"]
    )
    assert messages["nan"].startswith("The model's probabilities are NaN")
    assert len(answer["wrote"]) == 5


def test_a_site_without_runs(visit):
    answer = visit("noRuns")
    assert "There is no trained model yet." in answer["said"] and answer["tab"] == "true"


def test_texts_and_names_are_never_html(visitor, exact_run):
    name = "<img src=x onerror=window.hacked=1>"
    visit = visitor({name: exact_run}, "text")
    own = "<b>bold</b><img src=x onerror=window.hacked=1>" * 5
    assert visit("markup", {"run": name, "own": own}) == [0, None]


def test_every_backend_writes_the_same(visit, trained):
    answer = visit("backends", {"seed": SEED})
    expected = greedy(trained, SEED, 15)
    assert answer["texts"] == dict.fromkeys(["cpu", "webgl", "wasm"], expected)
    assert answer["after"] == expected
    works = "Computing" in answer["webgpu"]
    assert answer["backend"] == ("webgpu" if works else "wasm")
    assert works or "This browser cannot run webgpu" in answer["webgpu"]


def test_a_view_has_an_address(visitor, exact_run):
    visit = visitor({"a": exact_run, "b": exact_run}, "text")
    answer = visit("address", {"run": "b", "seed": SEED})
    assert "run=b" in answer["copied"] and "temperature=0.3" in answer["copied"]
    assert [answer[name] for name in ("run", "temperature", "seed")] == ["b", "0.3", SEED]
    assert answer["unit"] == "1" and answer["text"].startswith(SEED)


def test_experiments(visit):
    answer = visit("experiments")
    assert [temperature for temperature, _ in answer["looks"]] == ["0.1", "1.5"]
    assert all("?" in look for _, look in answer["looks"])
    assert answer["after"] == answer["before"][::-1]
    assert answer["backwards"] != answer["forwards"]


def test_it_is_usable_on_a_phone_and_with_a_screen_reader(visit):
    answer = visit("looks", {"own": TEXT})
    assert answer["found"] == []
    assert answer["width"] == 390
