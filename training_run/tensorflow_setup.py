"""TensorFlow's settings: quiet, deterministic, and on a GPU if the user insists."""

import gc
import os
import sys
import tempfile

from training_run.command_line import UserError


def import_tensorflow() -> None:
    """Import TensorFlow without its messages on oneDNN and CUDA, which no setting silences.

    The messages are shown if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    first = "tensorflow" not in sys.modules
    if first:  # the start is half a second shorter if the collector leaves TensorFlow's objects out
        gc.disable()
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
            if first:
                gc.freeze()
                gc.enable()


def set_up(gpu: bool = False, parallel_ops: int = 1) -> None:
    """Import TensorFlow and make it deterministic.

    Call this before anything computes, because the number of threads is then fixed.

    Args:
      gpu: fail unless TensorFlow sees a GPU, as the originals' `--gpu` does.
      parallel_ops: operations that the app's graph has ready at the same time. If they are enough
        for all cores, each gets one thread, because small operations lose by sharing several.

    Raises:
      UserError: `gpu` is set and there is none.
    """
    import_tensorflow()
    import tensorflow as tf

    if gpu and not tf.config.list_physical_devices("GPU"):
        raise UserError(
            "--gpu was given, but TensorFlow sees no GPU; leave the flag out to train without one"
        )
    if parallel_ops >= (os.cpu_count() or 1):
        tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
