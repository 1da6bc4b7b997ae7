"""SavedModels, written whole or not at all."""

import errno
from pathlib import Path
from typing import Any

import tensorflow as tf

from training_run.run_directory import write_atomically


def save(path: Path, module: tf.Module, signatures: Any) -> None:
    """Write a SavedModel's directory atomically.

    Args:
      signatures: as `tf.saved_model.save` takes them.

    Raises:
      OSError: it cannot be written, such as when the disk is full.
    """

    def write(partial: Path) -> None:
        try:
            tf.saved_model.save(module, str(partial), signatures=signatures)
        except tf.errors.OpError as error:  # which ends with the words of the system
            raise OSError(errno.EIO, error.message.split("; ")[-1]) from None

    write_atomically(path, write)
