"""The loop of recurrent layers in graph models.

Keras's RNN loop uses TensorLists, which TensorFlow.js cannot run for stacked layers. This loop uses
plain tensors: it gathers each time step from a tensor, and scatters each output into a tensor.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

# Part of the names of updates that may overwrite their input, so backend_rewrites does not copy it.
UNSHARED_UPDATE = "keras_tfjs_step"


def rnn(
    step_function: Callable[[Any, tuple], tuple[Any, Any]],
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: tf.Tensor | None = None,
    constants: Sequence[Any] | None = None,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, Any]:
    """Run a recurrent layer over its sequence; replaces `rnn` of Keras's TensorFlow backend.

    Args:
      step_function: takes one time step, [batch, ...], and a tuple of states and constants; returns
        the output, [batch, ...], and the new states.
      inputs: [batch, time, ...], or a structure of such tensors.
      initial_states: each [batch, ...].
      mask: bool, [batch, time] or [batch, time, 1]; the states do not change where it is False.
      input_length: ignored, because Keras's recurrent layers pass the whole length.
      time_major: inputs, mask and outputs begin with [time, batch].
      zero_output_for_mask: masked outputs are 0; otherwise they repeat the previous output.
      return_all_outputs: return the outputs of all time steps; otherwise of the last step only.

    Returns:
      The last output [batch, ...], the outputs [batch, time, ...], and the last states.
    """
    swap = (lambda x: x) if time_major else _swap_batch_and_time
    inputs = keras.tree.map_structure(swap, inputs)
    constants = tuple(constants or ())
    first = keras.tree.flatten(inputs)[0]
    steps, batch = _size(first, 0), _size(first, 1)
    if mask is not None:
        mask = _columns(swap(tf.cast(mask, tf.bool)))

    def step(time: tf.Tensor, states: Any) -> tuple[Any, Any]:
        now = keras.tree.map_structure(lambda x: tf.gather(x, time), inputs)
        return step_function(now, (*states, *constants))

    # Trace one step for the shapes of the outputs. Its operations are pruned later.
    example, _ = step(tf.constant(0), tuple(initial_states))
    zero = _zeros(example, [], batch)
    outputs = _zeros(example, [steps if return_all_outputs else 1], batch)

    def body(index: tf.Tensor, outputs: Any, output: Any, states: Any) -> tuple:
        time = steps - 1 - index if go_backwards else index
        new_output, new_states = step(time, states)
        if mask is not None:
            valid = tf.gather(mask, time)
            hidden = zero if zero_output_for_mask else output
            new_output = _select(valid, new_output, hidden)
            new_states = _select(valid, new_states, states)
        put = functools.partial(_scatter, [[index if return_all_outputs else 0]])
        outputs = keras.tree.map_structure(put, outputs, new_output)
        return (
            index + 1,
            outputs,
            _with_static_shapes(output, new_output),
            _with_static_shapes(states, new_states),
        )

    start = (tf.constant(0), outputs, zero, tuple(initial_states))
    _, outputs, last, states = tf.while_loop(lambda index, *_: index < steps, body, start)
    return last, keras.tree.map_structure(swap, outputs), states


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Call a function on each element along the first axis, as `keras.ops.vectorized_map`."""
    count = _size(keras.tree.flatten(elements)[0], 0)

    def result(index: tf.Tensor) -> Any:
        return function(keras.tree.map_structure(lambda x: tf.gather(x, index), elements))

    def body(index: tf.Tensor, outputs: Any) -> tuple:
        put = functools.partial(_scatter, [[index]])
        return index + 1, keras.tree.map_structure(put, outputs, result(index))

    start = (tf.constant(0), _zeros(result(tf.constant(0)), [count]))
    return tf.while_loop(lambda index, _: index < count, body, start)[1]


def map_time(function: Callable[..., Any], *tensors: tf.Tensor) -> Any:
    """Call a function on each time step, [batch, ...], of tensors [batch, time, ...]."""
    by_time = [_swap_batch_and_time(tensor) for tensor in tensors]
    outputs = vectorized_map(lambda step: function(*step), by_time)
    return _swap_batch_and_time(outputs)


def _scatter(place: Any, kept: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    with tf.name_scope(UNSHARED_UPDATE):
        return tf.tensor_scatter_nd_update(kept, place, new[None])


def _swap_batch_and_time(x: tf.Tensor) -> tf.Tensor:
    return tf.transpose(x, [1, 0, *range(2, len(x.shape))])


def _size(x: tf.Tensor, axis: int) -> Any:
    """Return the size of an axis: an int if known, or else a tensor."""
    return tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis]


def _zeros(example: Any, before: list[Any], batch: Any = None) -> Any:
    """Return zeros [*before, *example.shape]; `batch` replaces the example's first size."""

    def zeros(x: tf.Tensor) -> tf.Tensor:
        sizes = [_size(x, axis) for axis in range(len(x.shape))]
        return tf.zeros([*before, *(sizes if batch is None else [batch, *sizes[1:]])], x.dtype)

    return keras.tree.map_structure(zeros, example)


def _columns(mask: tf.Tensor) -> tf.Tensor:
    """Return a mask as [time, batch, 1]."""
    return mask[..., None] if len(mask.shape) == 2 else mask


def _select(valid: tf.Tensor, new: Any, old: Any) -> Any:
    """Return the new tensors where `valid`, [batch, 1], and the old ones elsewhere."""

    def chosen(new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
        missing = len(new.shape) - len(valid.shape)
        return tf.where(tf.reshape(valid, [-1, *[1] * (missing + 1)]), new, old)

    return keras.tree.map_structure(chosen, _repack(old, new), old)


def _with_static_shapes(old: Any, new: Any) -> Any:
    """Give new loop variables the structure and the static shapes of the old variables."""

    def shaped(old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
        new.set_shape(old.shape)  # not EnsureShape, which TensorFlow.js cannot run
        return new

    return keras.tree.map_structure(shaped, old, _repack(old, new))


def _repack(structure: Any, value: Any) -> Any:
    """Return the tensors of `value` in the given structure."""
    return keras.tree.pack_sequence_as(structure, keras.tree.flatten(value))
