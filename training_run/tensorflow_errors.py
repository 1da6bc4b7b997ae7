"""TensorFlow's file errors as OSErrors."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn the errors of TensorFlow's file system into OSErrors.

    Raises:
      OSError: for example for a full disk, with `path` as the file's name.
    """
    try:
        yield
    except tf.errors.OpError as error:  # The message has the file, "; ", and the system's reason.
        reason = error.message.split("; ")[-1].splitlines()[0]
        raise OSError(errno.EIO, reason, str(path)) from None
