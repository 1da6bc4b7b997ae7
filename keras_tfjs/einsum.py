"""The operation Einsum written with MatMul, Mul, Sum, Transpose and Reshape."""

import math
from typing import Any

import tensorflow as tf

from keras_tfjs.graph_splicing import known_rank

_ELLIPSIS_LABELS = "0123456789"  # labels of an ellipsis, the last axis first


def einsum(operation: tf.Operation, *tensors: tf.Tensor) -> tf.Tensor:
    """Compute an Einsum of one or two tensors.

    Raises:
      ValueError: a rank is unknown, or the output has a label twice.
    """
    inputs, output = operation.get_attr("equation").decode().replace(" ", "").split("->")
    labels = [
        _expanded(text, known_rank(x)) for text, x in zip(inputs.split(","), tensors, strict=True)
    ]
    broadcast = max((sum(c in _ELLIPSIS_LABELS for c in text) for text in labels), default=0)
    output = output.replace("...", _ELLIPSIS_LABELS[:broadcast][::-1])
    if len(set(output)) < len(output):
        raise ValueError("its output has a label twice")
    operands = []
    for index, (x, text) in enumerate(zip(tensors, labels, strict=True)):
        x, text = _diagonal(x, text)
        others = [(labels[i], y) for i, y in enumerate(tensors) if i != index]
        x, text = _without_broadcast_axes(x, text, others)
        operands.append(_summed(x, text, set(output).union(*(other for other, _ in others))))
    x, text = operands[0] if len(operands) == 1 else _product(operands[0], operands[1], output)
    return _transposed(x, text, output)


def _expanded(text: str, rank: int) -> str:
    if "..." not in text:
        return text
    count = rank - len(text) + 3
    return text.replace("...", _ELLIPSIS_LABELS[:count][::-1])


def _diagonal(x: tf.Tensor, text: str) -> tuple[tf.Tensor, str]:
    """Take the diagonal of two axes with the same label: set the other elements to 0, then sum."""
    for label in set(text):
        while text.count(label) > 1:
            first, second = text.index(label), text.rindex(label)
            size = tf.shape(x)[first]
            shapes = [
                [-1 if i == axis else 1 for i in range(len(text))] for axis in (first, second)
            ]
            rows, columns = (tf.reshape(tf.range(size), shape) for shape in shapes)
            masked = tf.where(tf.equal(rows, columns), x, tf.zeros([], x.dtype))
            x, text = tf.reduce_sum(masked, second), text[:second] + text[second + 1 :]
    return x, text


def _without_broadcast_axes(x: tf.Tensor, text: str, others: list) -> tuple[tf.Tensor, str]:
    """Drop axes of size 1 if the other tensor has another size for their label."""
    sizes = {label: y.shape[i] for other, y in others for i, label in enumerate(other)}
    axes = [i for i, c in enumerate(text) if x.shape[i] == 1 and sizes.get(c, 1) != 1]
    if axes:
        x = tf.squeeze(x, axes)
    return x, "".join(c for i, c in enumerate(text) if i not in axes)


def _summed(x: tf.Tensor, text: str, needed: set[str]) -> tuple[tf.Tensor, str]:
    axes = [i for i, label in enumerate(text) if label not in needed]
    if axes:
        x = tf.reduce_sum(x, axes)
    return x, "".join(label for label in text if label in needed)


def _product(left: Any, right: Any, output: str) -> tuple[tf.Tensor, str]:
    """Multiply two tensors, and sum over the labels that both have and the output lacks."""
    (x, x_labels), (y, y_labels) = left, right
    both = [label for label in x_labels if label in y_labels]
    batch = [label for label in both if label in output]
    summed = [label for label in both if label not in output]
    rows = [label for label in x_labels if label not in both]
    columns = [label for label in y_labels if label not in both]
    x = _transposed(x, x_labels, "".join([*batch, *rows, *summed]))
    y = _transposed(y, y_labels, "".join([*batch, *summed, *columns]))
    x_sizes, y_sizes = _sizes(x), _sizes(y)
    batch_sizes = x_sizes[: len(batch)]
    row_sizes = x_sizes[len(batch) : len(batch) + len(rows)]
    sum_sizes = y_sizes[len(batch) : len(batch) + len(summed)]
    column_sizes = y_sizes[len(batch) + len(summed) :]
    folded = [_size(sizes) for sizes in (batch_sizes, row_sizes, sum_sizes, column_sizes)]
    x = tf.reshape(x, [folded[0], folded[1], folded[2]])
    y = tf.reshape(y, [folded[0], folded[2], folded[3]])
    if x.dtype.is_floating:
        product = tf.matmul(x, y)
    else:  # TensorFlow.js has no product of integer matrices
        product = tf.reduce_sum(x[:, :, :, None] * y[:, None], 2)
    shape = [*batch_sizes, *row_sizes, *column_sizes]
    return tf.reshape(product, shape), "".join([*batch, *rows, *columns])


def _transposed(x: tf.Tensor, text: str, output: str) -> tf.Tensor:
    order = [text.index(label) for label in output]
    return x if order == list(range(len(order))) else tf.transpose(x, order)


def _sizes(x: tf.Tensor) -> list[Any]:
    """Return the size of each axis: an integer, or a tensor where it is unknown."""
    shape = tf.shape(x)
    return [shape[i] if size is None else size for i, size in enumerate(x.shape)]


def _size(sizes: list[Any]) -> Any:
    """Return a product of sizes."""
    known = math.prod(size for size in sizes if isinstance(size, int))
    unknown = [size for size in sizes if not isinstance(size, int)]
    return (
        math.prod(unknown, start=known)
        if known != 1 or not unknown
        else math.prod(unknown[1:], start=unknown[0])
    )
