"""The files of a finished run: the Keras model, the SavedModel and the character set."""

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_tfjs import graph_model, layers_model
from keras_tfjs.weights import MODEL_FILE, WEIGHTS_FILE
from lstm_text_generation.cells import one_step, read
from lstm_text_generation.data import TextData
from lstm_text_generation.generation import TextGenerator
from lstm_text_generation.model import check_model
from training_run import saved_model
from training_run.atomic_files import write_atomically, write_text
from training_run.command_line import UserError
from training_run.run_directory import reading

KERAS_FILE = "model.keras"
TEXT_DATA_FILE = "text_data.json"


def export_model(
    directory: Path, model: keras.Model, text_data: TextData, seed_text: str
) -> dict[str, str]:
    """Write the model in every format into a run's directory.

    Args:
      seed_text: a piece of the text to begin with where the text itself is not at hand.

    Returns:
      What each file is, by its name.
    """
    description = {
        "data_identifier": text_data.data_identifier(),
        "text_len": text_data.text_len(),
        "sample_len": text_data.sample_len(),
        "char_set_size": text_data.char_set_size(),
        "char_set": text_data.char_set(),
        "seed_text": seed_text,
    }
    write_text(directory / TEXT_DATA_FILE, json.dumps(description, indent=1) + "\n")
    write_atomically(directory / KERAS_FILE, model.save)
    layers_model.save(model, directory, metadata=description)
    graph_model.save(one_step(model), directory / "graph_model")
    saved = SavedTextModel(model, text_data.char_set())
    signatures = {"serving_default": saved.serving_default, "generate": saved.generate}
    saved_model.save(directory / "saved_model", saved, signatures)
    return {
        KERAS_FILE: "the model, for Keras",
        "saved_model": "the same for TensorFlow, with the signatures serving_default and generate",
        MODEL_FILE: "the same for TensorFlow.js, which can train it further",
        WEIGHTS_FILE: "its weights",
        "graph_model": "the same for TensorFlow.js, one character a call: the fastest there",
        TEXT_DATA_FILE: "its character set",
    }


def load_model(path: Path, text: Iterable[str] | None = None) -> tuple[keras.Model, dict[str, Any]]:
    """Load what `export_model` wrote, or what TensorFlow.js saved.

    Of a run this reads `model.json`, which is as exact as the Keras file, and whose reader is safe
    with files from anywhere.

    Args:
      path: a run's directory, or a JSON file of TensorFlow.js.
      text: what the model was trained on, whole or in pieces; needed only where its file does not
        say which characters it knows, as those that the originals save.

    Returns:
      The model, and the content of its `text_data.json`.

    Raises:
      UserError: there is no such model, or its files are damaged.
    """
    if path.suffix == ".keras":
        raise UserError(f"{path}: name the run's directory instead, {path.parent}")
    file = path if path.suffix == ".json" else path / MODEL_FILE
    with reading(file.parent, file, "a model that can write text", "lstm_text_generation"):
        model = layers_model.load(file)
        description = layers_model.load_metadata(file)
        check_model(model)
    return model, _check_description(file, model, description, text)


def _check_description(
    path: Path, model: keras.Model, description: dict[str, Any], text: Iterable[str] | None
) -> dict[str, Any]:
    """Return what a file's metadata, or else the text, say of the model in it."""
    _, sample_len, char_set_size = model.input_shape
    if "char_set" not in description:
        if text is None:
            raise UserError(f"{path} does not hold its character set: name its corpus too")
        description["char_set"] = list(dict.fromkeys(itertools.chain.from_iterable(text)))
    char_set, seed_text = description["char_set"], description.get("seed_text", "")
    if not _are_characters(char_set):
        raise UserError(f"{path} is damaged: its character set is not a list of characters")
    if not isinstance(seed_text, str):
        raise UserError(f"{path} is damaged: its seed text is not a text")
    if len(char_set) != char_set_size:
        raise UserError(
            f"{path} is a model of {char_set_size} characters, but its corpus has {len(char_set)}"
        )
    return description | {"sample_len": sample_len, "seed_text": seed_text}


def _are_characters(char_set: Any) -> bool:
    if not isinstance(char_set, list):
        return False
    single = all(isinstance(char, str) and len(char) == 1 for char in char_set)
    return single and len(set(char_set)) == len(char_set)


class SavedTextModel(tf.Module):
    """What the SavedModel holds; it needs TensorFlow, and neither Keras nor this package."""

    def __init__(self, model: keras.Model, char_set: Sequence[str]):
        super().__init__()
        self._model = model
        self._generator = TextGenerator(model)
        self._weights = [variable.value for variable in model.variables]
        codes = np.array([ord(char) for char in char_set], np.int32)
        order = np.argsort(codes).astype(np.int32)
        self._codes, self._sorted, self._order = map(tf.constant, (codes, codes[order], order))
        window = tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, "windows")
        self.serving_default = tf.function(self._serve, input_signature=[window])
        self.generate = tf.function(
            self._generate,
            input_signature=[
                tf.TensorSpec([], tf.string, "seed_text"),
                tf.TensorSpec([], tf.int32, "length"),
                tf.TensorSpec([], tf.float32, "temperature"),
                tf.TensorSpec([], tf.int64, "seed"),
            ],
        )

    def _serve(self, windows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Map one-hot windows to the probabilities of the next character."""
        return {"probabilities": read(self._model, windows)[0]}

    def _generate(
        self, seed_text: tf.Tensor, length: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Map a seed text to `length` characters that may follow it."""
        codes = tf.strings.unicode_decode(seed_text, "UTF-8")
        place = tf.minimum(tf.searchsorted(self._sorted, codes), len(self._sorted) - 1)
        unknown = tf.boolean_mask(codes, tf.gather(self._sorted, place) != codes)
        checks = [
            tf.debugging.Assert(
                tf.size(unknown) == 0,
                [
                    "seed_text has characters that the model does not know:",
                    tf.strings.unicode_encode(unknown, "UTF-8"),
                ],
            ),
            tf.debugging.assert_positive(tf.size(codes), "seed_text is empty"),
            tf.debugging.Assert(
                tf.math.is_finite(temperature) & (temperature >= 0),
                ["temperature must be a number of at least 0, but is", temperature],
            ),
            tf.debugging.assert_positive(length, "length must be positive"),
        ]
        with tf.control_dependencies(checks):
            indices = tf.gather(self._order, place)[None]
        probs, memory = self._generator.start(indices)
        written, _, _ = self._generator.write(
            probs, memory, length, temperature, seed, tf.constant(0, tf.int64)
        )
        return {"text": tf.strings.unicode_encode(tf.gather(self._codes, written[0]), "UTF-8")}
