"""TensorFlow's settings: quiet, deterministic, and on a GPU if the user insists."""

import os
import sys

from keras_tfjs.command_line import UserError
from keras_tfjs.quiet_import import quiet_import


def import_tensorflow() -> None:
    """Import TensorFlow without its messages on oneDNN and CUDA."""
    if "tensorflow" in sys.modules:
        return
    with quiet_import():
        import tensorflow as tf

        tf.config.list_physical_devices()


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
