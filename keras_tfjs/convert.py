"""Convert a Keras model or a SavedModel to TensorFlow.js, or its layers models back to Keras."""

import importlib
import json
import math
import re
import zipfile
from pathlib import Path
from typing import Any

from absl import flags

from keras_tfjs import command_line
from keras_tfjs.atomic_files import write_atomically
from keras_tfjs.command_line import UserError
from training_run import tensorflow_setup

FORMATS = ["layers_model", "graph_model", "keras"]
USAGE = f"""{__doc__}

  python -m keras_tfjs.convert IN OUT [flags]

IN                          OUT
model.keras                 a directory, with a layers model or a graph model for TensorFlow.js
a SavedModel's directory    a directory, with a graph model for TensorFlow.js
model.json, or its          model.keras
  directory
"""


FLAGS = flags.FlagValues()
_FORMAT = (
    "What to write. Default: keras for OUT.keras, else graph_model for a SavedModel and "
    "layers_model for a Keras model. A graph_model is frozen: smaller, but cannot be trained."
)
_REGISTER = (
    "Modules to import first, which register the model's custom layers, such as "
    "fashion_mnist_vae.model."
)
flags.DEFINE_enum("format", None, FORMATS, _FORMAT, flag_values=FLAGS)
flags.DEFINE_list("register", [], _REGISTER, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Convert.

    Args:
      arguments: what to read, and what to write.

    Raises:
      UserError: bad input, or something that TensorFlow.js or Keras cannot compute exactly.
    """
    if len(arguments) != 2:
        raise UserError(
            "name what to read and what to write, as in: python -m keras_tfjs.convert "
            "model.keras my_tfjs_model"
        )
    source, target = map(Path, arguments)
    kind = _kind(source)
    wanted = FLAGS.format or _default_format(kind, target)
    if (kind == "layers_model") != (wanted == "keras"):
        hint = "; name an OUT.keras" if kind == "layers_model" else ""
        what = kind.replace("_", " ")
        raise UserError(f"cannot make {wanted} of {source}, which is a {what}{hint}")
    if kind == "saved_model" and wanted != "graph_model":
        raise UserError(f"{source} is a SavedModel, which has no layers: use --format=graph_model")
    if wanted == "keras" and target.suffix != ".keras":
        raise UserError(f"the name of a Keras model ends with .keras, unlike {target}")
    if wanted != "keras" and target.is_file():
        raise UserError(f"{target} is a file; name a directory for the model")
    tensorflow_setup.import_tensorflow()
    _register(FLAGS.register)
    try:
        _convert(source, target, wanted)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None
    print(f"Wrote {target}.")


def _kind(source: Path) -> str:
    """Tell what there is to convert: layers_model, saved_model or keras_model."""
    if not source.exists():
        raise UserError(f"there is no {source}")
    if (source / "saved_model.pb").is_file():
        return "saved_model"
    if source.suffix == ".json" or (source / "model.json").is_file():
        return "layers_model"
    if source.is_file() and zipfile.is_zipfile(source):
        return "keras_model"
    raise UserError(
        f"{source} is neither a .keras file, nor a SavedModel, nor a model.json of TensorFlow.js"
    )


def _default_format(kind: str, target: Path) -> str:
    if target.suffix == ".keras":
        return "keras"
    return "graph_model" if kind == "saved_model" else "layers_model"


def _register(modules: list[str]) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except (ImportError, TypeError, ValueError) as error:
            raise UserError(f"--register={module}: {error}") from None


def _convert(source: Path, target: Path, wanted: str) -> None:
    from keras_tfjs import graph_model, layers_model

    if wanted == "keras":
        model = layers_model.load(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, model.save)
        return
    if source.is_dir():
        graph_model.save(source, target)
        return
    model = _load_keras(source)
    if wanted == "layers_model":
        layers_model.save(model, target)
    else:
        graph_model.save(model, target)


def _load_keras(source: Path) -> Any:
    """Load a Keras file that may come from anywhere.

    Code that a file may bring is not run: Keras loads in safe mode unless told otherwise.

    Raises:
      UserError: it is damaged, claims more than it has, or has a class that is not registered.
    """
    import keras
    import tensorflow as tf

    try:
        _check_size(source)
        return keras.models.load_model(source, compile=False)
    except (  # Keras takes what it reads for what it should be
        ArithmeticError,
        AttributeError,
        LookupError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        tf.errors.OpError,
        zipfile.BadZipFile,
    ) as error:
        missing = re.search(r"Could not locate (?:class|function) '(\w+)'", str(error))
        if missing:
            raise UserError(
                f"{source} has {missing.group(1)} in it: name the module that registers it with "
                "--register"
            ) from None
        reason = str(error).strip().split("\n")[0][:300] or type(error).__name__
        raise UserError(f"{source} cannot be loaded: {reason}") from None


def _check_size(source: Path) -> None:
    """Check that a Keras file holds the weights that it claims, before Keras makes room for them.

    Raises:
      ValueError: it does not.
    """
    import keras
    import tensorflow as tf

    held = source.stat().st_size
    with zipfile.ZipFile(source) as archive:
        if sum(member.file_size for member in archive.infolist()) > held:
            raise ValueError("it is compressed, which no file of Keras's is")
        config = json.loads(archive.read("config.json"), object_hook=_uncompiled)
    try:
        with keras.StatelessScope(initialize_variables=False):  # variables have shapes only
            model = keras.saving.deserialize_keras_object(config)
        weights = getattr(model, "weights", ())
        claimed = sum(math.prod(w.shape) * tf.as_dtype(w.dtype).size for w in weights)
    finally:
        keras.utils.clear_session()  # which would give them values later on
    if claimed > held:
        raise ValueError(f"it claims {claimed:,} bytes of weights, but has {held:,}")


def _uncompiled(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a model's entry without its optimizer, which would make variables."""
    return {name: value for name, value in entry.items() if name != "compile_config"}


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
