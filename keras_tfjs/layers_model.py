"""Converts Keras models to layers models (`tf.loadLayersModel`), and back."""

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
    """Write a model for `tf.loadLayersModel`. TensorFlow.js can train the model further.

    Args:
      model: a Sequential or functional model. Its layers are in the table of `layer_classes.py`,
        have a composition, or are registered layers without weights. The page must register the
        same classes.
      path: a directory; `model.json` and the weights are written into it.
      metadata: TensorFlow.js loads it as `model.userDefinedMetadata`.
      quantize: how to store weights in fewer bits: `float16`, `uint8` or `uint16`, or a dtype for
        each glob of names, as in `uint8:*/kernel,float16:*`. The first glob that matches
        applies.

    Raises:
      ValueError: TensorFlow.js would compute the model differently. `save` then writes nothing.
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
    """Read a model that `save` or TensorFlow.js wrote, in Node or as a browser's download.

    The file may be untrusted: `load` executes nothing in it, opens no file outside its directory,
    and allocates memory in proportion to the files, whatever sizes they claim.

    Args:
      path: the JSON file, or a directory with a `model.json`.
      custom_objects: layer classes by their name in the file, for classes that are not registered.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is damaged, is not a layers model, or Keras would compute the model
        differently. The message names the file and the field.
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
    """Read the metadata that `save` or TensorFlow.js wrote.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is not a layers model.
    """
    file = json_file(path)
    with error_context(str(file)):
        metadata = _read_json(file).get("userDefinedMetadata") or {}
        if not isinstance(metadata, dict):
            raise ValueError(f"userDefinedMetadata: must be an object, not {shorten(metadata)}")
        return metadata


def json_file(path: str | Path) -> Path:
    """Return the path of a model's JSON file, given that path or its directory."""
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
