"""Compositions of layers for operations such as `x + 1` and `ops.mean`."""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_tfjs.composed_activations import ACTIVATIONS
from keras_tfjs.composed_scaling import scale_channels
from keras_tfjs.layer_builder import LayerBuilder

Build = Callable[..., Any]  # takes a `LayerBuilder`, the operation and the call's arguments


def _is_tensor(value: Any) -> bool:
    return isinstance(value, keras.KerasTensor)


def _constant(value: Any) -> Any:
    """Return an operation's constant as float32.

    Raises:
      ValueError: the constant is not numeric.
    """
    array = np.asarray(keras.ops.convert_to_numpy(value))
    if array.dtype.kind not in "fiu":
        raise ValueError("the constant must be a number or an array of numbers")
    return array.astype(np.float32)


def _affine(builder: LayerBuilder, x: Any, scale: Any, offset: Any) -> Any:
    if x.dtype != "float32":
        raise ValueError(f"is called on {x.dtype}; only float32 can be written")
    if max(np.ndim(scale), np.ndim(offset)) > len(x.shape):
        raise ValueError("TensorFlow.js broadcasts tensors of equal rank only")
    return scale_channels(builder, x, scale, offset)


def _merge(builder: LayerBuilder, layer_class: Any, *tensors: Any) -> Any:
    """Call a merging layer. Keras and TensorFlow.js align axes differently if the ranks differ."""
    if len({len(tensor.shape) for tensor in tensors}) > 1:
        raise ValueError("TensorFlow.js broadcasts tensors of equal rank only")
    return builder.add(layer_class)(builder.distinct(tensors))


def _add(builder: LayerBuilder, operation: Any, x: Any, y: Any) -> Any:
    if _is_tensor(x) and _is_tensor(y):
        return _merge(builder, layers.Add, x, y)
    tensor, constant = (x, y) if _is_tensor(x) else (y, x)
    return _affine(builder, tensor, 1, _constant(constant))


def _subtract(builder: LayerBuilder, operation: Any, x: Any, y: Any) -> Any:
    if not _is_tensor(y):
        return _affine(builder, x, 1, -_constant(y))
    if not _is_tensor(x):
        return _affine(builder, y, -1, _constant(x))
    return _merge(builder, layers.Add, x, builder.scale(y, -1))


def _multiply(builder: LayerBuilder, operation: Any, x: Any, y: Any) -> Any:
    if _is_tensor(x) and _is_tensor(y):
        return _merge(builder, layers.Multiply, x, y)
    tensor, constant = (x, y) if _is_tensor(x) else (y, x)
    return _affine(builder, tensor, _constant(constant), 0)


def _divide(builder: LayerBuilder, operation: Any, x: Any, y: Any) -> Any:
    if _is_tensor(y):
        raise ValueError("TensorFlow.js can divide by a number only, not by a tensor")
    return _affine(builder, x, 1 / _constant(y), 0)


def _power(builder: LayerBuilder, operation: Any, x: Any, y: Any) -> Any:
    if _is_tensor(y) or y not in (2, 3):
        raise ValueError("TensorFlow.js has the powers 2 and 3 only")
    return builder.add(layers.Multiply)(builder.distinct([x] * int(y)))


def _extreme(name: str) -> Build:
    def build(builder: LayerBuilder, operation: Any, x: Any, y: Any) -> Any:
        if _is_tensor(x) and _is_tensor(y):
            return _merge(builder, getattr(layers, name), x, y)
        tensor, constant = (x, y) if _is_tensor(x) else (y, x)
        if np.size(constant) > 1 or float(constant) != 0 or name != "Maximum":
            raise ValueError("TensorFlow.js has the maximum of a tensor and 0 only")
        return builder.add(layers.ReLU)(tensor)

    return build


def _absolute(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    return builder.add(layers.Maximum)([x, builder.scale(x, -1)])


def _activation(name: str, **fixed: Any) -> Build:
    def build(builder: LayerBuilder, operation: Any, x: Any) -> Any:
        for field, value in fixed.items():
            if getattr(operation, field) != value:
                raise ValueError(f"{field}: TensorFlow.js has {value} only")
        if name in ACTIVATIONS:
            return ACTIVATIONS[name](builder, x)
        return builder.add(layers.Activation, name)(x)

    return build


def _softmax(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    if not isinstance(operation.axis, int):
        raise ValueError("axis: must be one axis; TensorFlow.js has no softmax over several")
    return builder.with_axis_last(x, operation.axis, builder.add(layers.Activation, "softmax"))


def _leaky_relu(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    return builder.add(layers.LeakyReLU, operation.negative_slope)(x)


def _concatenate(builder: LayerBuilder, operation: Any, tensors: Any) -> Any:
    return builder.add(layers.Concatenate, axis=operation.axis)(builder.distinct(tensors))


def _reshape(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    """Reshape to the shape that Keras computes, with the same batch axis."""
    shape = operation.compute_output_spec(x).shape
    sizes = [1 if None in s[1:] else int(np.prod(s[1:])) for s in (shape, x.shape)]
    if not shape or shape[0] != x.shape[0] or len(set(sizes)) > 1:
        raise ValueError("TensorFlow.js cannot reshape the batch axis")
    return builder.reshape(x, *shape[1:])


def _transpose(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    axes = operation.axes or range(len(x.shape))[::-1]
    axes = [axis % len(x.shape) for axis in axes]
    if axes[0] != 0:
        raise ValueError("TensorFlow.js cannot transpose the batch axis")
    return builder.permute(x, *axes[1:])


def _pool(kind: str) -> Build:
    """Return the composition of a mean or maximum over all axes between batch and last."""

    def build(builder: LayerBuilder, operation: Any, x: Any) -> Any:
        rank = len(x.shape)
        axes = np.arange(rank) if operation.axis is None else np.ravel(operation.axis) % rank
        if sorted(axes) != list(range(1, rank - 1)) or rank not in (3, 4):
            raise ValueError("TensorFlow.js can pool over all axes between batch and last only")
        y = builder.add(getattr(layers, f"Global{kind}Pooling{rank - 2}D"))(x)
        return builder.reshape(y, *[1] * (rank - 2), x.shape[-1]) if operation.keepdims else y

    return build


def _get_item(builder: LayerBuilder, operation: Any, x: Any, key: Any) -> Any:
    """Slice or index axes by cropping, as in x[:, -1], x[:, 2:5], x[..., 0], x[:, None]."""
    keys = list(key) if isinstance(key, tuple | list) else [key]
    if Ellipsis in keys:
        at, taken = keys.index(Ellipsis), sum(item is not None for item in keys) - 1
        keys[at : at + 1] = [slice(None)] * (len(x.shape) - taken)
    shape: list[Any] = []  # of the result
    axis = 0
    for item in keys:
        if item is None:
            shape.append(1)
            continue
        if item != slice(None):
            x = builder.crop(x, axis, item)
        if isinstance(item, slice):
            shape.append(x.shape[axis])
        axis += 1
    shape += x.shape[axis:]
    return x if tuple(shape) == tuple(x.shape) else builder.reshape(x, *shape[1:])


def _split(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    sections = operation.indices_or_sections
    axis = operation.axis % len(x.shape)
    size = x.shape[axis]
    if isinstance(sections, int):
        sections = range(size // sections, size, size // sections)
    ends = [0, *sections, size]
    return [builder.crop(x, axis, slice(begin, end)) for begin, end in itertools.pairwise(ends)]


def _depth_to_space(builder: LayerBuilder, operation: Any, x: Any) -> Any:
    size = operation.block_size
    _, height, width, channels = x.shape
    if operation.data_format != "channels_last" or None in x.shape[1:]:
        raise ValueError("the input must be channels_last, with a known size")
    kept = channels // size**2
    x = builder.permute(builder.reshape(x, height, width, size, size * kept), 1, 3, 2, 4)
    return builder.reshape(x, height * size, width * size, kept)


COMPOSED_OPERATIONS: dict[str, Build] = {
    "Absolute": _absolute,
    "Add": _add,
    "Concatenate": _concatenate,
    "DepthToSpace": _depth_to_space,
    "Divide": _divide,
    "ExpandDims": _reshape,
    "GetItem": _get_item,
    "LeakyRelu": _leaky_relu,
    "Max": _pool("Max"),
    "Maximum": _extreme("Maximum"),
    "Mean": _pool("Average"),
    "Minimum": _extreme("Minimum"),
    "Multiply": _multiply,
    "Negative": lambda builder, operation, x: builder.scale(x, -1),
    "Power": _power,
    "Reshape": _reshape,
    "Split": _split,
    "Square": lambda builder, operation, x: _power(builder, operation, x, 2),
    "Squeeze": _reshape,
    "Subtract": _subtract,
    "Transpose": _transpose,
    "TrueDivide": _divide,
    "Celu": _activation("celu", alpha=1.0),
    "Elu": _activation("elu", alpha=1.0),
    "Gelu": _activation("gelu", approximate=False),
    "HardSigmoid": _activation("hard_sigmoid"),
    "HardSilu": _activation("hard_silu"),
    "HardTanh": _activation("hard_tanh"),
    "LogSoftmax": _activation("log_softmax", axis=-1),
    "Relu": _activation("relu"),
    "Relu6": _activation("relu6"),
    "Selu": _activation("selu"),
    "Sigmoid": _activation("sigmoid"),
    "Silu": _activation("silu"),
    "Softmax": _softmax,
    "Softplus": _activation("softplus"),
    "Softsign": _activation("softsign"),
    "Tanh": _activation("tanh"),
    "TanhShrink": _activation("tanh_shrink"),
}
