"""Metrics and pictures for TensorBoard."""

import os
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from training_run.tensorflow_errors import os_errors


class TensorBoard:
    """Writes to a directory of logs, or nothing at all.

    Args:
      log_dir: the directory; None writes nothing.

    All methods raise an OSError if they cannot write, such as when the disk is full.
    """

    def __init__(self, log_dir: str | None):
        self.enabled = bool(log_dir)
        self._path = Path(log_dir or "")
        self._writer = None
        if log_dir:
            self._path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=log_dir):  # fail now if it cannot be written
                pass
            # As bytes, because TensorFlow refuses a name that the locale cannot decode.
            self._writer = tf.summary.create_file_writer(os.fsencode(log_dir))

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Write values by tag."""
        if self._writer:
            with os_errors(self._path), self._writer.as_default():
                for tag, value in values.items():
                    tf.summary.scalar(tag, value, step=step)

    def image(self, tag: str, image: np.ndarray, step: int) -> None:
        """Write an image [height, width] of values from 0 to 1."""
        if self._writer:
            with os_errors(self._path), self._writer.as_default():
                tf.summary.image(tag, image[None, ..., None], step=step)

    def flush(self) -> None:
        """Wait until all is on the disk."""
        if self._writer:
            with os_errors(self._path):
                self._writer.flush()
