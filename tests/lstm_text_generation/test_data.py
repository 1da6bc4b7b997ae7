import numpy as np
import pytest

from lstm_text_generation.data import TextData, unknown_characters
from tests.support.bottles import TEXT

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def text_data() -> TextData:
    return TextData("bottles", TEXT, 20, 3)


def test_accessors_match_the_original(text_data):
    assert text_data.data_identifier() == "bottles"
    assert text_data.text_len() == len(TEXT)
    assert text_data.sample_len() == 20
    assert text_data.char_set_size() == len(set(TEXT))
    assert text_data.get_from_char_set(0) == TEXT[0]
    assert text_data.get_from_char_set(text_data.char_set_size()) is None
    assert text_data.get_from_char_set(-1) is None


def test_char_set_is_in_order_of_first_appearance():
    data = TextData("x", "abracadabra\r\n\r\n", 3, 1)
    assert data.char_set() == ["a", "b", "r", "c", "d", "\r", "\n"]
    assert data.text_to_indices("cab!") == [3, 0, 1, -1]


@pytest.mark.parametrize("distinct", [200, 300, 70_000])
def test_encoding_is_lossless_for_any_alphabet(distinct):
    first = 0x1F000 if distinct < 1000 else 0xE000
    text = "".join(chr(first + i * 7919 % distinct) for i in range(distinct * 2 + 50))
    data = TextData("x", text, 10, 1)
    assert data.char_set_size() == distinct
    assert "".join(data.char_set()[i] for i in data.indices()) == text


def test_late_character_is_last_in_char_set():
    text = "ab" * (1 << 20) + "z" + "ba" * 5  # beyond the first chunk of the encoder
    data = TextData("x", text, 5, 1)
    assert data.char_set() == ["a", "b", "z"]
    assert data.text_len() == len(text)
    assert data.indices()[2 << 20] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", TEXT, 20, 3), "identifier is not provided"),
        (("x", TEXT, 0, 3), "sample_len to be a positive integer, but got 0"),
        (("x", TEXT, 20, -1), "sample_step to be a positive integer, but got -1"),
        (("x", "too short", 20, 3), "needs at least 22"),
        (("x", "", 20, 3), "0 characters"),
        (("x", "a" * 100, 20, 3), "only one distinct character, 'a'"),
    ],
)
def test_constructor_rejects_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextData(*arguments)


def _batches(text_data, num_examples=250, batch_size=32, **kwargs):
    return text_data.next_data_epoch(num_examples, batch_size, **{"epoch": 0, "seed": 5, **kwargs})


def test_next_data_epoch_holds_every_example_once(text_data):
    starts = range(0, len(TEXT) - 20 - 1, 3)
    windows = np.concatenate(list(_batches(text_data, len(starts))))
    assert windows.shape == (len(starts), 21) and windows.dtype == np.int32
    chars = np.array(text_data.char_set())
    texts = ["".join(chars[window]) for window in windows]
    assert sorted(texts) == sorted(TEXT[s : s + 21] for s in starts)
    assert texts != [TEXT[s : s + 21] for s in starts]  # shuffled
    assert not np.array_equal(windows[:32], _batches(text_data, epoch=1)[0])  # in another order


def test_next_data_epoch_has_the_given_size(text_data):
    assert _batches(text_data, 4, 100)[0].shape == (4, 21)
    many = np.concatenate(list(_batches(text_data, 9999)))  # more than the text has
    assert len(many) == 9999
    available = len(range(0, len(TEXT) - 21, 3))
    np.testing.assert_array_equal(many[0], many[available])


def test_next_data_epoch_is_a_function_of_seed_and_epoch(text_data):
    once, again = list(_batches(text_data)), list(_batches(text_data))
    assert [len(batch) for batch in once] == [32] * 7 + [26]  # the smaller last batch counts
    np.testing.assert_array_equal(np.concatenate(once), np.concatenate(again))
    for other in ({"seed": 6}, {"epoch": 1}):
        assert not np.array_equal(once[0], _batches(text_data, **other)[0])


def test_batches_can_be_read_in_any_order(text_data):
    whole, again = list(_batches(text_data)), _batches(text_data)
    assert len(again) == 8
    for number in (7, 1, 4):
        np.testing.assert_array_equal(again[number], whole[number])


def test_training_and_validation_share_no_character(text_data):
    held_out = int(len(TEXT) * 0.25)
    unique = "".join(chr(0x4E00 + i) for i in range(len(TEXT)))  # no character occurs twice
    data = TextData("x", unique, 20, 3)
    train = np.concatenate(list(_batches(data, 9999, validation_split=0.25)))
    validation = data.validation_windows(0.25)
    assert train.max() < len(TEXT) - held_out
    assert validation.min() == len(TEXT) - held_out
    assert validation.max() == len(TEXT) - 1
    assert np.all(np.diff(validation) == 1)
    np.testing.assert_array_equal(validation, data.validation_windows(0.25))


@pytest.mark.parametrize(("split", "what"), [(0.001, "validate on"), (0.9999, "train on")])
def test_validation_windows_rejects_extreme_splits(text_data, split, what):
    with pytest.raises(ValueError, match=f"leaves no window of 20 characters to {what}"):
        text_data.validation_windows(split)


def test_random_slice_is_part_of_the_text(text_data):
    for seed in range(20):
        text, indices = text_data.get_random_slice(np.random.default_rng(seed))
        assert len(text) == 20 and text in TEXT
        assert indices == text_data.text_to_indices(text)
    assert len({text_data.get_random_slice()[0] for _ in range(20)}) > 5


def test_fingerprint_differs_between_texts():
    prints = {TextData("x", t, 3, 1).fingerprint() for t in ("abcabc", "abcabd", "bacbac")}
    assert len(prints) == 3
    assert TextData("y", "abcabc", 4, 2).fingerprint() in prints


def test_unknown_characters_are_listed_once():
    assert unknown_characters("caße\nß", "abc") == r"'\n' 'e' 'ß'"
