"""Importing TensorFlow, JAX or PyTorch without the messages of their C++ code."""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hide what an import writes to stderr, such as messages on oneDNN and CUDA.

    No setting silences these. They are shown if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)  # the messages come from C++, below sys.stderr
        gc.disable()  # the imported objects stay, and scanning them takes half a second
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
