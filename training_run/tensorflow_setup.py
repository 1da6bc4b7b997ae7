"""TensorFlow's settings: no log messages, deterministic operations, and the check for a GPU."""

import os
import sys

from keras_tfjs.command_line import UserError
from keras_tfjs.quiet_import import quiet_import


def import_tensorflow() -> None:
    """Import TensorFlow without its messages about oneDNN and CUDA."""
    if "tensorflow" in sys.modules:
        return
    with quiet_import():
        import tensorflow as tf

        tf.config.list_physical_devices()


def set_up(gpu: bool = False, parallel_ops: int = 1) -> None:
    """Import TensorFlow and make it deterministic.

    Call this before the first operation, which fixes the number of threads.

    Args:
      gpu: fail unless TensorFlow sees a GPU, as the originals' `--gpu` does.
      parallel_ops: number of operations that the app's graph can run in parallel. If this number
        covers all cores, each operation gets one thread, because several threads slow down small
        operations.

    Raises:
      UserError: `gpu` is set and there is none.
    """
    import_tensorflow()
    import tensorflow as tf

    if gpu and not tf.config.list_physical_devices("GPU"):
        raise UserError(
            "--gpu was given, but TensorFlow sees no GPU; leave the flag out to use the CPU"
        )
    if parallel_ops >= (os.cpu_count() or 1):
        tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
