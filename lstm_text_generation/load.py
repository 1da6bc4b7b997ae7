"""Loading a model that a run or TensorFlow.js saved (in gen_node.js of the original)."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from keras_tfjs import layers_model
from keras_tfjs.command_line import UserError
from keras_tfjs.weights import MODEL_FILE
from training_run.run_directory import user_errors


def load_model(path: Path, text: Iterable[str] | None = None) -> tuple[keras.Model, dict[str, Any]]:
    """Load the model of a run, or a model that TensorFlow.js saved.

    A run's `model.json` is as exact as its Keras file. Its reader runs no code from the file, so a
    file from an unknown source is safe.

    Args:
      path: a run's directory, or a JSON file of TensorFlow.js.
      text: the corpus of the model, whole or in pieces; needed only for a file without a character
        set, as the original saves it.

    Returns:
      The model, and the content of its `text_data.json`.

    Raises:
      UserError: there is no such model, or its files are damaged.
    """
    if path.suffix == ".keras":
        raise UserError(f"{path}: name the run's directory instead, {path.parent}")
    file = path if path.suffix == ".json" else path / MODEL_FILE
    with user_errors(file.parent, file, "a model that can write text", "lstm_text_generation"):
        model = layers_model.load(file)
        description = layers_model.load_metadata(file)
        check_model(model)
    return model, _check_description(file, model, description, text)


def check_model(model: keras.Model) -> None:
    """Check that a model has the layers that `create_model` makes.

    Raises:
      ValueError: the model differs; the message says how.
    """
    layers: list[Any] = model.layers if isinstance(model, keras.Sequential) else []
    *below, last = layers or [None]
    recurrent = [layer for layer in below if not isinstance(layer, keras.layers.Dropout)]
    if not recurrent or not all(isinstance(layer, keras.layers.LSTM) for layer in recurrent):
        raise ValueError(
            "it must be a Sequential of LSTM layers, optional Dropout, and a Dense layer"
        )
    if any(layer.go_backwards or layer.return_state for layer in recurrent):
        raise ValueError("its LSTM layers must read forwards and return no states")
    if [layer.return_sequences for layer in recurrent] != [True] * (len(recurrent) - 1) + [False]:
        raise ValueError("all its LSTM layers but the last must return sequences")
    softmax = isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax
    if not (softmax and last.use_bias):
        raise ValueError("its last layer must be Dense, with softmax and a bias")
    shape = model.input_shape
    if len(shape) != 3 or not shape[1] or shape[2] != last.units:
        raise ValueError(
            f"it must map windows [batch, sample_len, charset_size] to [batch, charset_size], "
            f"but maps {shape} to {model.output_shape}"
        )


def _check_description(
    path: Path, model: keras.Model, description: dict[str, Any], text: Iterable[str] | None
) -> dict[str, Any]:
    """Return the checked metadata of a file, with the text's character set if the file has none."""
    _, sample_len, char_set_size = model.input_shape
    if "char_set" not in description:
        if text is None:
            raise UserError(f"{path} does not hold its character set: name its corpus too")
        description["char_set"] = list(dict.fromkeys(itertools.chain.from_iterable(text)))
    char_set, seed_text = description["char_set"], description.get("seed_text", "")
    if not _are_characters(char_set):
        raise UserError(f"{path} is damaged: its character set is not a list of characters")
    if not isinstance(seed_text, str):
        raise UserError(f"{path} is damaged: its seed text is not a string")
    if len(char_set) != char_set_size:
        if _utf16_units(char_set) == char_set_size:
            raise UserError(
                f"{path} was trained on UTF-16 units, as JavaScript counts them: characters of its "
                "corpus beyond U+FFFF, such as emoji, are two units there but one character here, "
                "so the model cannot be used"
            )
        raise UserError(
            f"{path} is a model of {char_set_size} characters, but its corpus has {len(char_set)}"
        )
    return description | {"sample_len": sample_len, "seed_text": seed_text}


def _utf16_units(char_set: list[str]) -> int:
    """Return the number of different UTF-16 units in the characters."""
    data = "".join(char_set).encode("utf-16-le", "surrogatepass")
    return len({data[i : i + 2] for i in range(0, len(data), 2)})


def _are_characters(char_set: Any) -> bool:
    if not isinstance(char_set, list):
        return False
    single = all(isinstance(char, str) and len(char) == 1 for char in char_set)
    return single and len(set(char_set)) == len(char_set)
