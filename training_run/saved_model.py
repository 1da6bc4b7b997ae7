"""SavedModels, written atomically."""

import os
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from keras_tfjs.atomic_files import write_atomically
from training_run.tensorflow_errors import os_errors


def save(path: Path, model: keras.Model, functions: dict[str, Callable]) -> None:
    """Write a SavedModel's directory atomically. Loading it needs TensorFlow, but not Keras.

    Args:
      functions: `tf.function`s of the model with an input signature, by name of the signature.

    Raises:
      OSError: the directory cannot be written, for example because the disk is full.
    """
    module = tf.Module()
    # Save the variables that the functions use, and not the layers, which only Keras can load.
    module.weights = [variable.value for variable in model.variables]
    for name, function in functions.items():
        setattr(module, name, function)

    def write(partial: Path) -> None:
        with os_errors(partial):
            # Pass bytes, because TensorFlow refuses a path that the locale cannot encode.
            tf.saved_model.save(module, os.fsencode(partial), signatures=functions)

    write_atomically(path, write)
