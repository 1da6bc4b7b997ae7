"""Keras models to TensorFlow.js layers models (`tf.loadLayersModel`), and back."""

import json
from pathlib import Path
from typing import Any

import keras

from keras_tfjs.compositions import compose
from keras_tfjs.layer_config import Entry, error_context
from keras_tfjs.masks import check_masks, has_masks
from keras_tfjs.model_reader import ModelReader
from keras_tfjs.topology import check_writable, named_weights, write_model
from keras_tfjs.values import shorten
from keras_tfjs.weights import MODEL_FILE, read_weights, write_model_files


def save(
    model: keras.Model,
    path: str | Path,
    metadata: Entry | None = None,
    *,
    quantize: str | None = None,
) -> None:
    """Write a model for `tf.loadLayersModel`, which can also train it further.

    Args:
      model: a Sequential or functional model of layers that `layer_classes.py` has a row for, and
        of registered layers without weights, whose class TensorFlow.js needs to have too.
      path: a directory; `model.json` and the weights are written into it.
      metadata: what TensorFlow.js has as `model.userDefinedMetadata`.
      quantize: how to store weights in fewer bits: `float16`, `uint8` or `uint16`, or a dtype for
        each glob of names, as in `uint8:*/kernel,float16:*`. The first that matches counts.

    Raises:
      ValueError: TensorFlow.js cannot compute exactly what the model does. Nothing is written.
    """
    model = compose(check_writable(model))
    topology = write_model(model)
    check_masks(topology, model)
    content = {
        "format": "layers-model",
        "generatedBy": f"Keras {keras.__version__}",
        "convertedBy": "keras_tfjs",
        "modelTopology": topology | {"keras_version": keras.__version__, "backend": "tensorflow"},
    }
    if metadata is not None:
        content["userDefinedMetadata"] = metadata
    write_model_files(path, content, named_weights(model), quantize)


def load(path: str | Path, custom_objects: dict[str, Any] | None = None) -> keras.Model:
    """Read a model that TensorFlow.js saved, in Node or as a browser's download, or `save` wrote.

    The file may come from anywhere: nothing in it is executed, no file outside its directory is
    opened, and what is allocated is in proportion to its files, whatever sizes they claim.

    Args:
      path: the JSON file, or a directory with a `model.json`.
      custom_objects: layer classes that are not registered, by the name in the file.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is damaged, or not a layers model, or has something that Keras cannot
        compute exactly. The message names the file and the field.
    """
    file = json_file(path)
    with error_context(str(file)):
        content = _read_json(file)
        topology = content.get("modelTopology")
        if isinstance(topology, dict) and "model_config" in topology:
            topology = topology["model_config"]
        weights = read_weights(file.parent, content.get("weightsManifest"))
        with error_context("modelTopology"):
            model = ModelReader(weights, custom_objects or {}).read(topology)
            if has_masks(model):
                check_masks(write_model(model), model)
            return model


def load_metadata(path: str | Path) -> Entry:
    """Read what was given to `save` as metadata, or what TensorFlow.js kept of it.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is not a layers model.
    """
    file = json_file(path)
    with error_context(str(file)):
        metadata = _read_json(file).get("userDefinedMetadata") or {}
        if not isinstance(metadata, dict):
            raise ValueError(f"userDefinedMetadata: must be an object, not {shorten(metadata)}")
        return metadata


def json_file(path: str | Path) -> Path:
    """Return the JSON file of a model, given it or its directory."""
    return Path(path) / MODEL_FILE if Path(path).is_dir() else Path(path)


def _read_json(file: Path) -> Entry:
    try:
        content = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(content, dict) or "modelTopology" not in content:
        raise ValueError("modelTopology: is missing; this is not a model of TensorFlow.js")
    if content.get("format") not in (None, "layers-model"):
        raise ValueError(f"format: must be layers-model, not {shorten(content['format'])}")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
