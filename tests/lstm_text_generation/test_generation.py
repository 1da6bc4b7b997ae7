import math

import keras
import numpy as np
import pytest

from keras_tfjs.command_line import UserError
from lstm_text_generation import generation
from tests.lstm_text_generation.conftest import make_model, one_hot
from tests.support.bottles import TEXT

pytestmark = pytest.mark.quick

BOOK = [0.1, 0.7, 0.2]  # section 10.1.3


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(0.25, [0.0004, 0.9930, 0.0066]), (0.75, [0.0591, 0.7919, 0.1490]), (1.0, BOOK)],
)
def test_sample_frequencies_match_the_book(temperature, expected):
    n = 400_000
    sampled = generation.sample(np.tile(BOOK, (n, 1)), temperature, seed=(1, 2)).numpy()
    frequencies = np.bincount(sampled, minlength=3) / n
    # Five standard deviations of a frequency, plus the book's rounding.
    tolerance = 5 * np.sqrt(np.array(expected) / n) + 5e-5
    assert np.all(np.abs(frequencies - expected) < tolerance), frequencies


def test_sample_at_temperature_zero_is_argmax():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(30) * 50, 1000)
    for temperature in (0, 1e-9):
        sampled = generation.sample(probs, temperature).numpy()
        np.testing.assert_array_equal(sampled, probs.astype(np.float32).argmax(-1))


def test_sample_never_draws_probability_zero():
    probs = np.tile([0.0, 1e-30, 1.0, 0.0], (20_000, 1))
    for temperature in (1e-9, 0.5, 1.0, 100.0):
        assert set(generation.sample(probs, temperature).numpy()) <= {1, 2}
    assert set(generation.sample(probs, 100.0).numpy()) == {1, 2}  # 1e-30 ** 0.01 is 0.5


def test_sample_takes_a_temperature_per_row():
    sampled = generation.sample([BOOK] * 4000, [0.0] * 2000 + [100.0] * 2000, seed=(0, 0)).numpy()
    assert set(sampled[:2000]) == {1} and np.all(np.bincount(sampled[2000:]) > 500)


def test_sample_of_one_vector_is_one_index():
    assert generation.sample(BOOK, 0).shape == () and int(generation.sample(BOOK, 0)) == 1


def test_sample_is_a_function_of_the_seed():
    probs = np.full((1, 50), 0.02)
    draws = [int(generation.sample(probs, 1, seed=(3, i))[0]) for i in range(20)]
    assert draws == [int(generation.sample(probs, 1, seed=(3, i))[0]) for i in range(20)]
    assert len(set(draws)) > 5
    assert len({int(generation.sample(probs, 1)[0]) for _ in range(20)}) > 1


def test_top_k_draws_only_the_k_likeliest():
    sampled = generation.sample(np.tile([0.1, 0.3, 0.2, 0.4], (5000, 1)), 1.0, top_k=2).numpy()
    assert set(sampled) == {1, 3}
    assert abs((sampled == 3).mean() - 4 / 7) < 0.04


@pytest.mark.parametrize("temperature", [-0.1, math.nan, math.inf])
def test_sample_rejects_invalid_temperatures(temperature):
    with pytest.raises(ValueError, match="temperature must be a number of at least 0"):
        generation.sample(BOOK, temperature)


@pytest.mark.parametrize("probs", [[0.0, 0.0], [math.nan, 1], [-0.1, 1.1], [[0.5, 0.5], [0, 0]]])
def test_sample_rejects_invalid_probabilities(probs):
    with pytest.raises(ValueError, match="probs must be finite, at least 0, and not all"):
        generation.sample(probs, 1.0)


@pytest.mark.parametrize("value", [math.nan, 3e38])
@pytest.mark.parametrize("mode", ["stateful", "windowed"])
@pytest.mark.parametrize("temperature", [0, 0.5])
def test_generate_text_reports_nan_probabilities(text_data, value, mode, temperature):
    model = make_model(text_data)
    model.layers[-1].bias.assign(np.full(model.layers[-1].bias.shape, value))
    model.layers[-1].kernel.assign(np.full(model.layers[-1].kernel.shape, -value))
    model.layers[-2].set_weights([np.full_like(w, 3e38) for w in model.layers[-2].get_weights()])
    with pytest.raises(UserError, match="probabilities are NaN: its weights have diverged"):
        generate((model, None), text_data, mode=mode, temperature=temperature)


@pytest.mark.parametrize("temperature", [0, 1e-9, 1e-3, 100.0, 1e30])
def test_generate_text_accepts_any_temperature(trained, text_data, temperature):
    text = generate(trained, text_data, temperature=temperature)
    assert len(text) == 40
    if temperature < 1e-2:
        assert text == generate(trained, text_data, temperature=0)
    if temperature > 1:
        assert len(set(text)) > 12  # nearly uniform draws


def generate(trained, text_data, seed_text=TEXT[:12], length=40, temperature=0.5, **kwargs):
    model, _ = trained
    indices = text_data.text_to_indices(seed_text)
    return generation.generate_text(
        model, text_data.char_set(), indices, length, temperature, **{"seed": 1, **kwargs}
    )


def test_stateful_greedy_text_equals_keras(trained, text_data):
    """Each character is the likeliest after the whole text so far, as Keras predicts."""
    model, _ = trained
    text = TEXT[:12] + generate(trained, text_data, length=15, temperature=0)
    for end in range(12, len(text)):
        x, _ = one_hot(text_data, np.array([[*text_data.text_to_indices(text[:end]), 0]]))
        longer = keras.Sequential([keras.Input(x.shape[1:]), *model.layers])
        assert text_data.get_from_char_set(int(longer(x)[0].numpy().argmax())) == text[end]


def test_windowed_greedy_text_equals_keras(trained, text_data):
    model, _ = trained
    text = TEXT[:12] + generate(trained, text_data, length=15, temperature=0, mode="windowed")
    for end in range(12, len(text)):
        window = text_data.text_to_indices(text[end - 12 : end])
        x, _ = one_hot(text_data, np.array([[*window, 0]]))
        assert text_data.get_from_char_set(int(model(x)[0].numpy().argmax())) == text[end]


@pytest.mark.parametrize("mode", ["stateful", "windowed"])
def test_callback_gets_each_character_of_the_seeded_text(trained, text_data, mode):
    shown: list[str] = []
    model, _ = trained
    indices = text_data.text_to_indices(TEXT[:20])
    text = generation.generate_text(
        model, text_data.char_set(), indices, 33, 0.8, shown.append, mode=mode, seed=4
    )
    assert shown == list(text) and len(text) == 33
    assert text == generate(trained, text_data, TEXT[:20], 33, 0.8, mode=mode, seed=4)
    assert text != generate(trained, text_data, TEXT[:20], 33, 0.8, mode=mode, seed=5)
    assert text.startswith(generate(trained, text_data, TEXT[:20], 17, 0.8, mode=mode, seed=4))


def test_trained_model_writes_words_of_its_text(trained, text_data):
    text = generate(trained, text_data, TEXT[-100:], 300, 0.5)
    assert sum(word in text for word in ("green", "bottles", "hanging", "wall")) >= 2, text


def test_stateful_mode_rejects_only_empty_seed_texts(trained, text_data):
    assert len(generate(trained, text_data, "a", 5)) == 5
    assert len(generate(trained, text_data, TEXT[:500], 5)) == 5
    with pytest.raises(ValueError, match="at least 1, but has a length of 0"):
        generate(trained, text_data, "")


def test_windowed_mode_rejects_short_seed_text(trained, text_data):
    message = "Seed text must have a length of at least 12, but has a length of 3."
    with pytest.raises(ValueError, match=message):
        generate(trained, text_data, "and", mode="windowed")
