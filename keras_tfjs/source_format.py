"""Detects the format of a model, and says what to do with other formats."""

import json
import zipfile
from pathlib import Path

from keras_tfjs.command_line import UserError

KERAS_MODEL, SAVED_MODEL, LAYERS_MODEL = "Keras model", "SavedModel", "layers model"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_REBUILD = "build the model in Python, load the weights into it, and save it as model.keras"
_ADVICE = {
    ".weights.h5": f"has weights only: {_REBUILD}",
    ".weights.json": f"has weights only: {_REBUILD}",
    ".tflite": "is a LiteRT model, which has no layers: convert the original Keras model or "
    "SavedModel, or run it with LiteRT.js",
    ".onnx": "is an ONNX model: run it with onnxruntime-web, or convert the original Keras "
    "model or SavedModel",
    ".pb": "is a graph without a signature: save a SavedModel with tf.saved_model.save, and "
    "convert its directory",
    **dict.fromkeys(
        (".pt", ".pth", ".safetensors", ".ckpt", ".index", ".npz", ".pkl"),
        f"has weights only: {_REBUILD}",
    ),
}
_WEIGHTS_ONLY = ("*.index", "*.weights.h5", "*.safetensors", "*.ckpt", "checkpoint")


def detect_format(source: Path) -> str:
    """Return the format of a model.

    Raises:
      UserError: the model cannot be converted; the message says what to do.
    """
    if not source.exists():
        raise UserError(f"there is no {source}; name a file or directory that exists")
    if source.is_dir():
        return _detect_directory(source)
    if source.suffix == ".json":
        return _detect_json(source)
    for ending, advice in _ADVICE.items():
        if source.name.endswith(ending):
            raise UserError(f"{source} {advice}")
    if zipfile.is_zipfile(source):
        return KERAS_MODEL
    with source.open("rb") as file:
        if file.read(len(_HDF5)) == _HDF5:
            if source.suffix not in (".h5", ".hdf5"):
                raise UserError(f"{source} is an HDF5 file: give it a name that ends with .h5")
            return KERAS_MODEL
    raise UserError(
        f"{source} is neither a .keras or .h5 file of Keras, nor a SavedModel, nor a model.json of "
        "TensorFlow.js"
    )


def _detect_directory(source: Path) -> str:
    if (source / "saved_model.pb").is_file():
        return SAVED_MODEL
    if (source / "model.json").is_file():
        return _detect_json(source / "model.json")
    if (source / "config.json").is_file() and (source / "model.weights.h5").is_file():
        raise UserError(f"{source} is an unpacked .keras file: zip its files without compression")
    if any(any(source.glob(pattern)) for pattern in _WEIGHTS_ONLY):
        raise UserError(f"{source} has weights only: {_REBUILD}")
    raise UserError(
        f"{source} is neither a SavedModel (it has no saved_model.pb) nor a model of TensorFlow.js "
        "(it has no model.json)"
    )


def _detect_json(file: Path) -> str:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return LAYERS_MODEL  # layers_model.load reports the error
    if isinstance(content, dict) and content.get("format") == "graph-model":
        raise UserError(
            f"{file} is a graph model: it is frozen and has no layers; convert the original Keras "
            "model or SavedModel"
        )
    return LAYERS_MODEL
