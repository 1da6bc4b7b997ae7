"""The search for presets: its settings are command lines, its page is made from results."""

import json
import sys

import pytest

import fashion_mnist_vae.train
import lstm_text_generation.train
from benchmarks import long_run, recipes, recipes_document
from keras_tfjs import command_line
from tests.support.commands import fresh_flags

pytestmark = pytest.mark.quick

TRAIN = {"lstm_text_generation": lstm_text_generation.train,
         "fashion_mnist_vae": fashion_mnist_vae.train}  # fmt: skip


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_has_valid_flags(name, monkeypatch):
    recipe = recipes.RECIPES[name]
    monkeypatch.setattr(sys, "argv", ["train", *recipe.arguments.split()])
    flag_values = TRAIN[recipe.app].FLAGS
    with fresh_flags(flag_values):
        positional = command_line.parse(flag_values)
    text = recipe.app == "lstm_text_generation"
    assert positional == (["tiny_shakespeare"] if text else [])
    assert name.startswith("text-" if text else "images-")


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Write a page from results of seeds; return its text and the path of its picture."""
    (tmp_path / "images").mkdir()
    monkeypatch.setattr(recipes_document, "RESULTS", tmp_path)
    monkeypatch.setattr(recipes_document, "DOCUMENT", tmp_path / "recipes.md")

    def write(**results):
        for name, found in results.items():
            for seed, (points, scores) in enumerate(found):
                epochs = [{"seconds": seconds, "val_loss": loss} for seconds, loss in points]
                result = {"arguments": "--some=flags", "epochs": epochs, "scores": scores}
                file = tmp_path / f"{name.replace('_', '-')}-{seed}.json"
                file.write_text(json.dumps(result))
        recipes_document.write(list(recipes.RECIPES))
        return (tmp_path / "recipes.md").read_text(), tmp_path / "images/recipes_text.png"

    return write


def test_page_without_results_says_so(page):
    text, picture = page()
    assert text.count("Nothing is measured yet.") == 2
    assert "{" not in text and not picture.exists()


def test_table_has_mean_and_range_over_seeds(page):
    text, picture = page(
        text_fast=[
            ([(8.0, 1.7), (18.0, 1.6), (28.0, 1.52)], [1.5, 1.6]),
            ([(10.0, 1.64), (20.0, 1.7), (30.0, 1.48)], [1.7, 1.8]),
        ],
        images_original=[([(2.0, 29.5)], [24.0, 5.0, 29.0])],
    )
    # 1.65 after 18 and 10 s; 1.5 by one seed only.
    assert "| `text-fast` | 2 | 14 s (10 to 18) | 29 s (28 to 30) | - | " in text
    assert "| 1.500 (1.480 to 1.520) in 29 s | 1.600 (1.500 to 1.700); 1.700 (1.600 to" in text
    assert "| `images-original` | 1 | 2 s | - | - | 29.50 in 2 s | 24.00; 5.00; 29.00 |" in text
    assert "    text-fast: --some=flags" in text and "images/recipes_text.png" in text
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_long_run_page_has_memory_speed_and_losses():
    megabyte = 2**20
    epochs = [
        {"seconds": 2.0 * n, "memory": 100 * megabyte, "loss": 3 / n, "val_loss": 4 / n}
        for n in range(1, 26)
    ]
    epochs[20]["memory"] = 103 * megabyte
    text = long_run.document(epochs)
    assert "| 10 | 100 | 2.0 | 0.300 | 0.400 |" in text and "| 50 |" not in text
    assert "Memory after epoch 5: at most +3.0% compared" in text
    assert "took 1.00 times" in text and "at most 0.50 times" in text
