"""TensorFlow itself: quiet, on which processor, computing the same each time, its errors plain."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training_run.command_line import UserError


def import_tensorflow() -> None:
    """Import TensorFlow without what it says of oneDNN and CUDA, which nothing else keeps quiet.

    Later imports find it done. What it printed is shown after all if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)  # the messages come from C++, below sys.stderr
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except ImportError:
            messages.seek(0)
            os.write(stderr, messages.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def set_up(gpu: bool, side_by_side: int = 1) -> None:
    """Make TensorFlow deterministic, and insist on a GPU if told to.

    Args:
      gpu: fail unless TensorFlow sees a GPU, as the originals' `--gpu` does.
      side_by_side: operations that the app's graph has ready at the same time. Where they are
        enough for all cores, each gets one thread: small ones lose by sharing several.

    Raises:
      UserError: `gpu` is set and there is none.
    """
    import_tensorflow()
    import tensorflow as tf

    if gpu and not tf.config.list_physical_devices("GPU"):
        raise UserError(
            "--gpu was given, but TensorFlow sees no GPU; leave the flag out to train on what "
            "there is"
        )
    if side_by_side >= (os.cpu_count() or 1):
        tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def check_memory(what: str, each: int, batch_size: int) -> None:
    """Refuse a training whose steps cannot fit into the machine's memory.

    Args:
      what: what needs it, for the message.
      each: bytes that it needs for each example of a batch.

    Raises:
      UserError: it cannot fit.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if batch_size * each > memory:
        raise UserError(
            f"{what} need about {each / 1e6:,.0f} MB for each example of a batch, and this machine "
            f"has {memory / 1e6:,.0f} MB: --batch_size={max(1, memory // (2 * each))} would fit"
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what TensorFlow raises where it cannot write into an error of the system.

    Raises:
      OSError: such as for a full disk, with the name of `path`.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:  # first the file, then the words of the system
        words = error.message.split("; ")[-1].splitlines()[0]
        raise OSError(errno.EIO, words, str(path)) from None
