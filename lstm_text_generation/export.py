"""Writing the files of a finished run: the model in every format, the samples, the plot."""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_tfjs import graph_model, layers_model
from keras_tfjs.atomic_files import write_atomically, write_text
from keras_tfjs.weights import MODEL_FILE, weight_files
from lstm_text_generation import exported_functions
from lstm_text_generation.cells import lstm_layers
from lstm_text_generation.data import TextData
from lstm_text_generation.model import sequence_logits
from training_run import float16_graph, history, saved_model
from training_run.run import Run

KERAS_FILE = "model.keras"
TEXT_DATA_FILE = "text_data.json"
FLOAT16_LIMIT = 5e-3  # a smaller difference of a probability does not show in the text


def export_run(run: Run, model: keras.Model, text_data: TextData, seed_text: str) -> dict[str, str]:
    """Write the model, the samples and the picture of a finished run into its directory.

    Args:
      model: the model with the best weights.
      seed_text: a piece of the text, with which `generate` begins by default.

    Returns:
      A description of each file, by its name.
    """
    print(f"Saving the weights of the best epoch, {run.progress.best_epoch}.", flush=True)
    files = export_model(run.directory, model, text_data, seed_text)
    write_text(run.directory / "samples.txt", all_samples(run.history, seed_text))
    sizes = ",".join(str(layer.units) for layer in lstm_layers(model))
    title = f"{text_data.data_identifier()}, LSTM {sizes}"
    history.plot_loss(run.directory / "loss.png", run.history, title, "nats per character")
    return files | {
        "samples.txt": "the samples of each epoch",
        "history.csv": "loss, val_loss and bits per character of each epoch",
        "epochs.json": "the metrics and samples of each epoch, for the pages",
        "loss.png": "a plot of the loss of each epoch",
        "checkpoints": "the state from which --resume continues",
    }


def all_samples(rows: list[history.Row], seed_text: str) -> str:
    """Return the samples of all epochs with their metrics."""
    epochs = (
        f"Epoch {row['epoch']}: {history.metrics_text(row)}\n{history.samples_text(row)}"
        for row in rows
    )
    return f'Seed text:\n"{seed_text}"\n\n{"".join(epochs)}'


def export_model(
    directory: Path, model: keras.Model, text_data: TextData, seed_text: str
) -> dict[str, str]:
    """Write the model in every format.

    Returns:
      A description of each file, by its name.
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
    graph_model.save(exported_functions.one_step(model), directory / "graph_model")
    float16_files = _save_float16(directory, model, text_data)
    functions = {
        "serving_default": exported_functions.serving_default(model),
        "generate": exported_functions.generate(model, text_data.char_set()),
    }
    saved_model.save(directory / "saved_model", model, functions)
    return {
        KERAS_FILE: "the model, for Keras",
        "saved_model": "the model, for TensorFlow: signatures serving_default and generate",
        MODEL_FILE: "the model, for TensorFlow.js, which can train it further",
        **dict.fromkeys(weight_files(directory), f"the weights of {MODEL_FILE}"),
        "graph_model": "the model, for TensorFlow.js, one character per call: the fastest",
        **float16_files,
        TEXT_DATA_FILE: "the character set and the lengths",
    }


def _save_float16(directory: Path, model: keras.Model, text_data: TextData) -> dict[str, str]:
    """Write the one-step graph with 16-bit weights, if its probabilities stay close."""
    rng = np.random.default_rng(0)
    windows = tf.constant([text_data.get_random_slice(rng)[1] for _ in range(16)])

    def probabilities(model: keras.Model) -> tf.Tensor:
        return tf.nn.softmax(sequence_logits(model, windows)[0])

    return float16_graph.save(
        directory,
        exported_functions.one_step(model),
        model,
        probabilities,
        "probability",
        FLOAT16_LIMIT,
    )
