"""TensorFlow's errors as the operating system's."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn the errors of TensorFlow's file system into the operating system's.

    Raises:
      OSError: such as for a full disk, with the name of `path`.
    """
    try:
        yield
    except tf.errors.OpError as error:  # its message: first the file, then the system's words
        words = error.message.split("; ")[-1].splitlines()[0]
        raise OSError(errno.EIO, words, str(path)) from None
