"""Convert a Keras model or a SavedModel to TensorFlow.js, or a layers model back to Keras."""

import importlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags

from keras_tfjs import BACKENDS, check, command_line, keras_backend, official_flags, quantization
from keras_tfjs.atomic_files import write_atomically
from keras_tfjs.command_line import UserError
from keras_tfjs.source_format import LAYERS_MODEL, SAVED_MODEL, detect_format

if TYPE_CHECKING:
    import keras

FORMATS = ["layers_model", "graph_model", "keras"]
USAGE = f"""{__doc__}

  python -m keras_tfjs.convert IN OUT [flags]

IN                          OUT
model.keras, or model.h5    a directory, with a layers model or a graph model for TensorFlow.js
  with layers and weights
a SavedModel's directory    a directory, with a graph model for TensorFlow.js
model.json, or its          model.keras; or a directory, with --format=layers_model or
  directory                   --format=graph_model
"""


FLAGS = flags.FlagValues()
# fmt: off
flags.DEFINE_enum(
    "format", None, FORMATS,
    "Format to write. Default: keras for OUT.keras, graph_model for a SavedModel, layers_model for "
    "a Keras model. A graph_model is frozen: TensorFlow.js cannot train it.",
    flag_values=FLAGS)
flags.DEFINE_list(
    "register", [],
    "Modules that register the model's custom layers, such as fashion_mnist_vae.model.",
    flag_values=FLAGS)
flags.DEFINE_string(
    "quantize", None,
    "Store weights as float16, uint8 or uint16. Globs of weight names choose different dtypes; the "
    "first glob that matches applies: uint8:*/kernel,float16:*",
    flag_values=FLAGS)
flags.DEFINE_string(
    "metadata", None,
    "JSON file with an object. TensorFlow.js loads it as model.userDefinedMetadata (layers model) "
    "or model.metadata (graph model).",
    flag_values=FLAGS)
flags.DEFINE_string(
    "signature", "serving_default", "Signature of a SavedModel.", flag_values=FLAGS)
flags.DEFINE_list(
    "backends", [],
    "Fail if one of these backends cannot run the model correctly: cpu, wasm, webgl, tensorflow "
    "(tfjs-node).",
    flag_values=FLAGS)
flags.DEFINE_boolean(
    "check", False,
    "Run the written model in Node, and print the largest difference from the original. Needs "
    "@tensorflow/tfjs in node_modules.",
    flag_values=FLAGS)
# fmt: on


def main(arguments: list[str]) -> None:
    """Convert a model.

    Args:
      arguments: the paths IN and OUT.

    Raises:
      UserError: the input is bad, or TensorFlow.js or Keras would compute the model differently.
    """
    if len(arguments) != 2:
        raise UserError(
            "name the input and the output, as in: python -m keras_tfjs.convert model.keras "
            "my_tfjs_model"
        )
    source, target = map(Path, arguments)
    source_format = detect_format(source)
    target_format = _target_format(source_format, source, target)
    metadata = _check_flags(source_format, target_format)
    keras_backend.import_keras(needs_tensorflow=target_format == "graph_model")
    _register(FLAGS.register)
    try:
        if target_format == "keras":
            _write_keras(source, target)
        elif target_format == "layers_model":
            _write_layers_model(_load(source_format, source), target, metadata)
        else:
            model = source if source_format == SAVED_MODEL else _load(source_format, source)
            _write_graph_model(model, target, metadata)
    except keras_backend.backend_error_types(ValueError, OSError) as error:
        raise UserError(str(error)) from None


def _target_format(source_format: str, source: Path, target: Path) -> str:
    """Return the format to write.

    Raises:
      UserError: the source does not convert to this format, or the target's name does not fit.
    """
    default = "graph_model" if source_format == SAVED_MODEL else "layers_model"
    target_format = FLAGS.format or ("keras" if target.suffix == ".keras" else default)
    if target_format == "keras" and source_format != LAYERS_MODEL:
        raise UserError(
            f"{source} is a {source_format}: only a layers model converts to a Keras model"
        )
    if source_format == LAYERS_MODEL and not FLAGS.format and target_format != "keras":
        raise UserError(
            f"{source} is a layers model: name an OUT.keras, or use --format=layers_model or "
            "--format=graph_model"
        )
    if source_format == SAVED_MODEL and target_format != "graph_model":
        raise UserError(f"{source} is a SavedModel, which has no layers: use --format=graph_model")
    if target_format == "keras" and target.suffix != ".keras":
        raise UserError(f"the name of a Keras model ends with .keras, unlike {target}")
    if target_format != "keras" and target.is_file():
        raise UserError(f"{target} is a file; name a directory for the model")
    return target_format


def _check_flags(source_format: str, target_format: str) -> dict[str, Any] | None:
    """Check the other flags before the slow steps, and read the metadata.

    Raises:
      UserError: a flag does not fit the formats, or something is not installed.
    """
    for name in ("quantize", "metadata", "backends", "check"):
        if target_format == "keras" and FLAGS[name].value:
            raise UserError(f"--{name} is for models of TensorFlow.js, not for OUT.keras")
    if source_format != SAVED_MODEL and FLAGS["signature"].present:
        raise UserError("--signature is for SavedModels: leave it out")
    for name in FLAGS.backends:
        if name not in BACKENDS:
            raise UserError(f"--backends: there is no {name}, only {', '.join(BACKENDS)}")
    try:
        quantization.parse_rules(FLAGS.quantize)
    except ValueError as error:
        raise UserError(f"--{error}") from None
    if FLAGS.check:
        check.require_node()
    return _read_metadata(FLAGS.metadata) if FLAGS.metadata is not None else None


def _read_metadata(name: str) -> dict[str, Any]:
    try:
        metadata = json.loads(Path(name).read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"--metadata={name}: {error}") from None
    except OSError as error:
        raise UserError(f"--metadata={name}: {error.strerror}; name a JSON file") from None
    if not isinstance(metadata, dict):
        raise UserError(f'--metadata={name}: must be an object, as in {{"classes": ["cat"]}}')
    return metadata


def _register(modules: list[str]) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except (ImportError, TypeError, ValueError) as error:
            raise UserError(f"--register={module}: {error}") from None


def _load(source_format: str, source: Path) -> "keras.Model":
    if source_format == LAYERS_MODEL:
        from keras_tfjs import layers_model

        return layers_model.load(source)
    from keras_tfjs import keras_file

    return keras_file.load(source)


def _write_keras(source: Path, target: Path) -> None:
    model = _load(LAYERS_MODEL, source)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, model.save)
    print(f"Wrote {target}.")


def _write_layers_model(
    model: "keras.Model", target: Path, metadata: dict[str, Any] | None
) -> None:
    from keras_tfjs import compare, layers_model

    layers_model.save(model, target, metadata, quantize=FLAGS.quantize)
    _report(
        target,
        "layers model",
        BACKENDS,
        lambda: compare.reference_of_model(model),
        lambda inputs: compare.run_model(layers_model.load(target), inputs),
    )


def _write_graph_model(
    source: "keras.Model | Path", target: Path, metadata: dict[str, Any] | None
) -> None:
    from keras_tfjs import compare, graph_model, tracing

    function = tracing.concrete_function(source, FLAGS.signature)
    backends = graph_model.save(
        function, target, backends=FLAGS.backends, metadata=metadata, quantize=FLAGS.quantize
    )
    _report(
        target,
        "graph model",
        backends,
        lambda: compare.reference_of_function(function),
        lambda inputs: compare.run_graph_model(target, inputs),
    )


def _report(
    target: Path,
    what: str,
    backends: Sequence[str],
    reference: Callable[[], Any],
    run: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Print the size of the written model, and the largest difference of its outputs."""
    from keras_tfjs import compare, weights

    size, exact = weights.sizes(target)
    instead = f" instead of {_format_bytes(exact)}" if FLAGS.quantize else ""
    print(f"Wrote {target}: a {what} with {_format_bytes(size)} of weights{instead}.")
    print(f"It runs on the backends {', '.join(backends)}.")
    if not (FLAGS.quantize or FLAGS.check):
        return
    try:
        expected = reference()
        if FLAGS.quantize:
            outputs = run(expected.inputs)
            _print_difference("The quantized weights", outputs, expected)
        if FLAGS.check:
            for name, outputs in check.run_in_node(target, expected.inputs):
                _print_difference(name, outputs, expected)
    except compare.NotComparableError as error:
        print(f"The outputs were not compared: {error}.")


def _format_bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _print_difference(what: str, outputs: dict[str, Any], expected: Any) -> None:
    from keras_tfjs import compare

    difference = compare.largest_difference(outputs, expected.outputs)
    if math.isnan(difference):
        print(f"{what}: some outputs are NaN, unlike the original's.")
    else:
        print(f"{what}: outputs differ by at most {difference:.1e} on random inputs.")


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE, official_flags.answer)


if __name__ == "__main__":
    cli()
