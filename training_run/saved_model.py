"""SavedModels, written atomically."""

import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from keras_tfjs.atomic_files import write_atomically
from training_run.tensorflow_errors import os_errors


def save(path: Path, module: tf.Module, signatures: Any) -> None:
    """Write a SavedModel's directory atomically.

    Args:
      signatures: as `tf.saved_model.save` takes them.

    Raises:
      OSError: the directory cannot be written, for example because the disk is full.
    """

    def write(partial: Path) -> None:
        with os_errors(partial):
            # Pass bytes, because TensorFlow refuses a text that the locale cannot encode.
            tf.saved_model.save(module, os.fsencode(partial), signatures=signatures)

    write_atomically(path, write)
