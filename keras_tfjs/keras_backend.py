"""Chooses the Keras backend of a command, and imports Keras."""

import importlib.util
import os
import sys

from keras_tfjs.command_line import UserError
from keras_tfjs.quiet_import import quiet_import

KERAS_BACKENDS = ("tensorflow", "jax", "torch")


def import_keras(needs_tensorflow: bool) -> None:
    """Import Keras with the backend in KERAS_BACKEND, or else with the first installed backend.

    Args:
      needs_tensorflow: use TensorFlow, and ignore KERAS_BACKEND.

    Raises:
      UserError: the backend is not installed.
    """
    if "keras" not in sys.modules:
        name = _choose(needs_tensorflow)
        os.environ["KERAS_BACKEND"] = name
        try:
            with quiet_import():
                import keras

                if name == "tensorflow":
                    import tensorflow as tf

                    tf.config.list_physical_devices()  # print the messages about CUDA now
        except (ImportError, ValueError) as error:
            raise UserError(f"Keras cannot use KERAS_BACKEND={name}: {error}") from None
    import keras

    if needs_tensorflow and keras.backend.backend() != "tensorflow":
        raise UserError("graph models need KERAS_BACKEND=tensorflow")


def _choose(needs_tensorflow: bool) -> str:
    installed = [name for name in KERAS_BACKENDS if importlib.util.find_spec(name)]
    if needs_tensorflow:
        if "tensorflow" not in installed:
            raise UserError(
                "graph models and SavedModels need TensorFlow: pip install tensorflow, or write a "
                "layers model with --format=layers_model"
            )
        return "tensorflow"
    if given := os.environ.get("KERAS_BACKEND"):
        return given
    if not installed:
        raise UserError("Keras has no backend: pip install jax, tensorflow or torch")
    return installed[0]


def backend_error_types(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """Return the given error classes, and the classes that the backend raises for bad input."""
    tensorflow = sys.modules.get("tensorflow")
    own = (tensorflow.errors.OpError,) if tensorflow else ()
    return (*others, *own, RuntimeError)  # JAX and PyTorch raise RuntimeError
