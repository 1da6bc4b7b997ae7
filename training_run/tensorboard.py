"""TensorBoard logs of metrics and images."""

import os
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from training_run.tensorflow_errors import os_errors


class TensorBoard:
    """A writer of TensorBoard logs.

    Args:
      log_dir: directory of the logs; None writes no logs.

    All methods raise an OSError if they cannot write, for example because the disk is full.
    """

    def __init__(self, log_dir: str | None):
        self.enabled = bool(log_dir)
        self._path = Path(log_dir or "")
        self._writer = None
        if log_dir:
            self._path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=log_dir):  # Fail now if the directory is read-only.
                pass
            # Pass bytes, because TensorFlow refuses a text that the locale cannot encode.
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
        """Write all buffered logs to the disk."""
        if self._writer:
            with os_errors(self._path):
                self._writer.flush()
