"""A gradient step on several replicas at once: GPUs, or the workers of a cluster (tf.distribute).

Each replica has the whole model, computes on its share of a batch, and takes the step with the sum
of all gradients. So they compute together what one would. Without a strategy there is one replica.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import tensorflow as tf


def run(step: Callable[..., Any], *args: tf.Tensor) -> Any:
    """Run `step` on each replica, with the same arguments; to be called in a `tf.function`.

    Returns:
      What it returns on the first replica of this process. What comes from `total` is the same on
      all.
    """
    strategy = tf.distribute.get_strategy()
    results = strategy.run(step, args)
    return tf.nest.map_structure(lambda x: strategy.experimental_local_results(x)[0], results)


def share(batch: tf.Tensor) -> tf.Tensor:
    """Return this replica's rows of a batch: every n-th, if n replicas have a row each by turns."""
    context = tf.distribute.get_replica_context()
    return batch[context.replica_id_in_sync_group :: context.num_replicas_in_sync]


def total(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Return the sums of tensors over all replicas."""
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(tensors))


def update(
    optimizer: keras.Optimizer,
    gradients: Sequence[tf.Tensor],
    variables: Sequence[keras.Variable],
    clip_norm: float = 0.0,
) -> None:
    """Take an optimizer step with gradients that are the same on all replicas.

    `optimizer.apply` would clip the gradient of each replica, and sum then; one replica clips the
    sum.

    Args:
      clip_norm: scale the gradients down to this global norm where it is larger; 0 never does.
    """
    if clip_norm:
        gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)

    def step(constraint: Any, value: tf.Variable, gradient: tf.Tensor, rate: tf.Tensor) -> None:
        optimizer.update_step(gradient, value, rate)
        if constraint:
            value.assign(constraint(value))

    def once(strategy: tf.distribute.Strategy, *gradients: tf.Tensor) -> None:
        rate = optimizer.learning_rate
        for gradient, variable in zip(gradients, variables, strict=True):
            strategy.extended.update(
                variable.value,
                partial(step, variable.constraint),
                args=(gradient, rate),
                group=False,
            )
        optimizer.iterations.assign_add(1)

    tf.distribute.get_replica_context().merge_call(once, args=tuple(gradients))


@contextmanager
def mixed_precision(layers: Iterable[keras.Layer], enabled: bool) -> Iterator[None]:
    """Let layers compute in bfloat16 with float32 weights, as Keras's policy `mixed_bfloat16`.

    Only what is traced meanwhile does: the model stays one of float32, for evaluation and export.
    """
    policies = [(layer, layer.dtype_policy) for layer in layers if enabled]
    try:
        for layer, _ in policies:
            layer.dtype_policy = "mixed_bfloat16"
        yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy
