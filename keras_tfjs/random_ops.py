"""The functions of `keras.random` for graph models, with operations that TensorFlow.js has.

Keras uses stateless random operations and a seed variable. TensorFlow.js has stateful operations
only: each call of the model draws new numbers, and the seed has no effect.
"""

from typing import Any

import keras
import tensorflow as tf


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> tf.Tensor:
    """Draw from a normal distribution, as `keras.random.normal`."""
    return tf.random.normal(shape, mean, stddev, dtype or keras.config.floatx())


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> tf.Tensor:
    """Draw from a normal distribution within two standard deviations of its mean."""
    return tf.random.truncated_normal(shape, mean, stddev, dtype or keras.config.floatx())


def uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> tf.Tensor:
    """Draw uniformly from [minval, maxval), as `keras.random.uniform`."""
    dtype = dtype or keras.config.floatx()
    return tf.random.uniform(shape, dtype=dtype) * (maxval - minval) + minval


def dropout(inputs: tf.Tensor, rate: float, noise_shape: Any = None, seed: Any = None) -> tf.Tensor:
    """Set a random part of the inputs to 0 and scale up the others, as `keras.random.dropout`."""
    sizes = tf.unstack(tf.shape(inputs))
    sizes = [
        s if size is None else size for s, size in zip(sizes, noise_shape or sizes, strict=True)
    ]
    kept = uniform(sizes) >= rate
    return tf.where(kept, inputs / (1 - rate), tf.zeros_like(inputs))
