"""Hides the messages that C++ code prints during an import."""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hide what an import writes to stderr, such as messages about oneDNN and CUDA.

    No setting silences these messages. If the import fails, the messages are printed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)  # C++ code does not use sys.stderr
        gc.disable()  # scanning the imported objects takes half a second
        try:
            yield
        except ImportError:
            messages.seek(0)
            os.write(stderr, messages.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            gc.freeze()
            gc.enable()
