"""The text model's page in a browser, with models trained in Python."""

import json
import random
import re
import shutil

import numpy as np
import pytest

from keras_tfjs import graph_model
from lstm_text_generation import load, train
from lstm_text_generation.exported_functions import one_step
from tests.support.bottles import SMALL, TEXT
from tests.support.commands import run_here
from tests.support.shared_files import made_once
from tests.web.text_model import SEED, at_temperature, greedy, read, surprise


def test_page_writes_when_it_opens(visit_text, text_run):
    seed = json.loads((text_run / "text_data.json").read_text())["seed_text"]
    answer = visit_text("opensWriting", {"reduced": False})
    for width, height in ((1280, 800), (390, 844)):
        view = answer[str(width)]
        assert view["seed"] == seed and view["length"] > len(seed) + 30
        box = view["box"]
        assert box["y"] > 0 and box["y"] + box["height"] < height
        assert view["scroll"] == width and view["button"] == "Pause"


def test_page_with_reduced_motion_waits(visit_text):
    answer = visit_text("opensWriting", {"reduced": True})
    assert answer["1280"]["length"] == 0 and answer["1280"]["button"] == "Write"


def test_page_writes_the_same_text_as_python(visit_text, trained):
    answer = visit_text("write", {"seed": SEED, "length": 60})
    message = "The whole-window method needs at least 12 characters. Type a longer text."
    assert answer["short"] == message
    assert answer["step"] == greedy(trained, SEED, 60)
    assert answer["window"] == greedy(trained, SEED, 60, mode="windowed")
    assert re.fullmatch(r"\d+ characters/s", answer["speed"])


def test_characters_show_their_surprise(visit_text, trained):
    """Check colours, likeliest characters, and writing from an earlier place."""
    place, temperature, choice = 12, 0.7, 2
    options = {"seed": SEED, "temperature": temperature, "place": place, "choice": choice}
    answer = visit_text("surprise", options)
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
    words = r"(.): surprise ([\d.]+) bits. The likeliest characters here: "
    char, shown_bits = re.match(words, answer["words"]).groups()
    assert char == text[3].replace(" ", "␣")
    assert float(shown_bits) == pytest.approx(bits[2], abs=0.006)
    start = text[:3] + answer["clicked"]
    assert answer["again"] == start + greedy(trained, start, 10)


QUOTED = "abcdefgh "
PLAIN = "nopqrstu "


def quoted_text(seed: int) -> str:
    """Return a text with different letters inside and outside quotes."""
    rng = random.Random(seed)

    def letters(alphabet: str) -> str:
        return "".join(rng.choice(alphabet) for _ in range(rng.randrange(5, 25)))

    return "".join(f'{letters(PLAIN)}"{letters(QUOTED)}"' for _ in range(200))


@pytest.fixture(scope="module")
def quotes_run(tmp_path_factory):
    """A run whose LSTM must know whether a quote is open."""

    def make(directory):
        (directory / "quotes.txt").write_text(quoted_text(0))
        line = [directory / "quotes.txt", *SMALL, "--epochs=4", f"--save_path={directory / 'run'}"]
        run_here(train, *line)
        shutil.rmtree(directory / "run/graph_model_float16", ignore_errors=True)

    return made_once(tmp_path_factory, "quotes_run", make) / "run"


def inside_quotes(text: str) -> np.ndarray:
    """Return 1 for each character inside quotes, with their marks, else 0."""
    marks = np.cumsum([char == '"' for char in text]) % 2
    return np.array(
        [inside or char == '"' for inside, char in zip(marks, text, strict=True)], float
    )


def test_page_finds_the_unit_for_quotes(visitor, quotes_run):
    """The page and numpy find the same unit in a text."""
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
    assert "digits" not in found and "inside brackets" not in found  # because the text has none
    assert answer["plain"] != answer["coloured"]
    number, value = re.fullmatch(r"unit (\d+): (-?\d\.\d\d)", answer["value"]).groups()
    assert float(value) == pytest.approx(cells[place - 1, int(number) - 1], abs=0.006)
    index = quotes[1].index(given[place - 1])
    assert f"number {index + 1} of {len(quotes[1])}" in answer["read"]


def test_comparison_shows_four_temperatures(visit_text, trained):
    answer = visit_text("temperatures", {"seed": SEED})
    assert [caption for caption, _ in answer] == [f"Temperature {t}" for t in (0, 0.25, 0.5, 0.75)]
    texts = [text for _, text in answer]
    assert texts[0] == SEED + greedy(trained, SEED, 200)
    assert len(set(texts)) == 4
    assert all(text.startswith(SEED) and len(text) == len(SEED) + 200 for text in texts)
    bits = [surprise(trained, text)[len(SEED) :].mean() for text in texts]
    assert bits[0] < bits[1] < bits[3]


def test_slider_changes_temperature_during_writing(visit_text):
    answer = visit_text("slider")
    assert answer["during"] == "Pause" and answer["length"] > answer["at"] + 20
    assert float(answer["temperature"]) == 2
    at = answer["at"]
    assert np.mean(answer["bits"][at + 10 :]) > 1.5 * np.mean(answer["bits"][30:at])


def test_history_shows_losses_and_samples(visit_text, text_run):
    answer = visit_text("history")
    row = json.loads((text_run / "epochs.json").read_text())["epochs"][1]
    assert answer["epoch"] == "2"
    assert answer["losses"] == (
        f"After epoch 2: loss {row['loss']:.3f}, val_loss {row['val_loss']:.3f}"
    )
    seed = json.loads((text_run / "text_data.json").read_text())["seed_text"]
    assert answer["samples"] == [seed + sample for sample in row["samples"].values()]
    assert "nats per character against epoch" in answer["chart"]


def nan_graph(run) -> None:
    """Set the weights of a run's graph to NaN."""
    model, _ = load.load_model(run)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    shutil.rmtree(run / "graph_model")
    graph_model.save(one_step(model), run / "graph_model")


def test_damaged_runs_are_reported(visitor, exact_run, tmp_path):
    names = ("missing", "half", "damaged", "empty", "cut-off", "no-weights", "null", "nan")
    runs = {name: tmp_path / name for name in names}
    for run in runs.values():
        shutil.copytree(exact_run, run)
    (runs["missing"] / "text_data.json").unlink()
    (runs["half"] / "graph_model/model.json").unlink()
    (runs["null"] / "text_data.json").write_text("null")
    (runs["empty"] / "graph_model/model.json").write_text("{}")
    text = (runs["damaged"] / "graph_model/model.json").read_text()
    (runs["damaged"] / "graph_model/model.json").write_text(text[:500])
    weights = runs["cut-off"] / "graph_model/weights.bin"
    size = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:-401])
    (runs["no-weights"] / "graph_model/weights.bin").unlink()
    nan_graph(runs["nan"])
    visit = visitor({"bottles": exact_run, **runs}, "text", allow_errors=True)
    answer = visit("broken", {"runs": list(names), "good": "bottles", "seed": SEED})
    messages = answer["messages"]
    hint = "Train a model with python -m lstm_text_generation.train, then reload this page."
    wanted = {
        "missing": "text_data.json is missing.",
        "half": "graph_model/model.json is missing.",
        "damaged": "graph_model/model.json is damaged.",
        "empty": "graph_model/model.json is damaged.",
        "no-weights": "graph_model/weights.bin is missing.",
        "null": "text_data.json is damaged.",
    }
    for name, words in wanted.items():
        assert messages[name] == f"saved_models/{name}/{words} {hint}"
    assert (
        f"weights.bin is damaged: it has {size - 401} bytes instead of {size}."
        in messages["cut-off"]
    )
    assert messages["nan"].startswith("The model's probabilities are NaN")
    assert len(answer["wrote"]) == 5


def test_site_without_runs_says_how_to_train(visit_text):
    answer = visit_text("noRuns")
    assert "There is no trained model yet." in answer["said"] and answer["tab"] == "true"
    assert answer["refusals"] == ["Load or create a model first."] * 2


def test_texts_and_names_are_escaped(visitor, exact_run):
    name = "<img src=x onerror=window.hacked=1>"
    visit = visitor({name: exact_run}, "text")
    own = "<b>bold</b><img src=x onerror=window.hacked=1>" * 5
    assert visit("markup", {"run": name, "own": own}) == [0, None]


def test_backends_write_the_same_text(visit_text, trained):
    answer = visit_text("backends", {"seed": SEED})
    expected = greedy(trained, SEED, 15)
    assert answer["texts"] == dict.fromkeys(["cpu", "webgl", "wasm"], expected)
    assert answer["after"] == expected
    works = "Computing" in answer["webgpu"]
    assert answer["backend"] == ("webgpu" if works else "wasm")
    assert works or "This browser cannot run webgpu" in answer["webgpu"]


def test_address_restores_the_view(visitor, exact_run):
    visit = visitor({"a": exact_run, "b": exact_run}, "text")
    answer = visit("address", {"run": "b", "seed": SEED})
    assert "run=b" in answer["copied"] and "temperature=0.3" in answer["copied"]
    assert [answer[name] for name in ("run", "temperature", "seed")] == ["b", "0.3", SEED]
    assert "There is no run none" in answer["wrong"][0] and answer["wrong"][2] == "a"
    assert "Surprise" in answer["wrong"][1]  # no unit is selected
    assert answer["unit"] == "1" and answer["text"].startswith(SEED)


def test_experiments_change_the_text(visit_text, trained):
    answer = visit_text("experiments")
    assert [temperature for temperature, _ in answer["looks"]] == ["0.1", "1.5"]
    assert all("?" in look for _, look in answer["looks"])
    assert answer["after"] == answer["before"][::-1]
    for name, text in (("forwards", answer["before"]), ("backwards", answer["after"])):
        assert answer[name] == pytest.approx(surprise(trained, text).mean(), abs=0.01)


def test_page_is_accessible_and_fits_a_phone(visit_text):
    answer = visit_text("accessibility", {"own": TEXT})
    assert answer["found"] == []
    assert answer["width"] == 390
