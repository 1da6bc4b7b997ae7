"""Small models with layers that TensorFlow.js lacks, and that have compositions."""

import keras
import numpy as np
from keras import layers, ops

from tests.keras_tfjs.case import Case

_SEQUENCE, _IMAGE, _VOLUME = [(8, 4)], [(6, 8, 4)], [(4, 6, 5, 3)]


def normalization(shape, axis=-1):
    """Return a function that returns an adapted Normalization."""

    def make():
        layer = layers.Normalization(axis=axis)
        layer.adapt(np.random.default_rng(0).normal(100, 3, (50, *shape)).astype(np.float32))
        return layer

    return make


def self_attention(**config):
    def call(x):
        return layers.MultiHeadAttention(2, 3, **config)(x, x)

    return lambda: call


COMPOSED_CASES = {
    **{
        f"Global{kind}Pooling{rank}D keepdims": Case(
            lambda kind=kind, rank=rank: getattr(layers, f"Global{kind}Pooling{rank}D")(
                keepdims=True
            ),
            [(4, 6, 5, 3)[-rank - 1 :]],
        )
        for kind in ("Average", "Max")
        for rank in (1, 2, 3)
    },
    "GlobalAveragePooling3D": Case(lambda: layers.GlobalAveragePooling3D(), _VOLUME),
    "MaxPooling3D": Case(lambda: layers.MaxPooling3D(2), _VOLUME),
    "MaxPooling3D same, strides": Case(
        lambda: layers.MaxPooling3D((3, 2, 2), (2, 1, 3), padding="same"), _VOLUME
    ),
    "UpSampling3D": Case(lambda: layers.UpSampling3D((1, 2, 3)), _VOLUME),
    "Conv1D causal": Case(
        lambda: layers.Conv1D(3, 3, padding="causal", dilation_rate=2), _SEQUENCE
    ),
    "Conv1D causal, any length": Case(
        lambda: lambda x: layers.Conv1D(3, 3, padding="causal")(layers.ZeroPadding1D(1)(x)),
        [(None, 4)],
    ),
    "SeparableConv1D": Case(lambda: layers.SeparableConv1D(3, 3, depth_multiplier=2), _SEQUENCE),
    "SeparableConv1D same, strides": Case(
        lambda: layers.SeparableConv1D(3, 3, 2, padding="same", activation="leaky_relu"), _SEQUENCE
    ),
    "DepthwiseConv1D": Case(lambda: layers.DepthwiseConv1D(3, use_bias=False), _SEQUENCE),
    "Conv1DTranspose": Case(lambda: layers.Conv1DTranspose(3, 3), _SEQUENCE),
    "Conv1DTranspose same, strides": Case(
        lambda: layers.Conv1DTranspose(3, 3, 2, padding="same", activation="relu"), _SEQUENCE
    ),
    "UpSampling1D": Case(lambda: layers.UpSampling1D(3), _SEQUENCE),
    "ZeroPadding1D": Case(lambda: layers.ZeroPadding1D((1, 2)), _SEQUENCE),
    "Cropping1D": Case(lambda: layers.Cropping1D((1, 2)), _SEQUENCE),
    "ReLU with a slope": Case(lambda: layers.ReLU(negative_slope=0.1), _SEQUENCE),
    "ELU with alpha": Case(lambda: layers.ELU(0.5), _SEQUENCE),
    **{
        f"Activation {name}": Case(lambda name=name: layers.Activation(name), [(9,)])
        for name in ("celu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "tanh_shrink")
    },
    "Dense leaky_relu": Case(lambda: layers.Dense(3, "leaky_relu"), [(4,)]),
    "Conv2D hard_silu": Case(lambda: layers.Conv2D(3, 2, activation="hard_silu"), _IMAGE),
    "Conv1D causal leaky_relu": Case(
        lambda: layers.Conv1D(3, 2, padding="causal", activation="leaky_relu"), _SEQUENCE
    ),
    "Softmax, first axis": Case(lambda: layers.Softmax(axis=1), _SEQUENCE),
    "BatchNormalization, first axis": Case(lambda: layers.BatchNormalization(axis=1), _IMAGE),
    "SpatialDropout2D": Case(lambda: layers.SpatialDropout2D(0.5), _IMAGE),
    "SpatialDropout3D": Case(lambda: layers.SpatialDropout3D(0.5), _VOLUME),
    "Normalization": Case(normalization((4,)), [(4,)]),
    "Normalization of images": Case(normalization((6, 8, 4)), _IMAGE),
    "Normalization by one number": Case(normalization((4,), axis=None), [(4,)]),
    "Rescaling by channel": Case(
        lambda: layers.Rescaling([1.0, 2.0, 0.5, 3.0], [0.0, 1.0, -1.0, 2.0]), _IMAGE
    ),
    "Subtract": Case(lambda: layers.Subtract(), [(4,), (4,)]),
    "UpSampling2D bilinear": Case(lambda: layers.UpSampling2D(3, interpolation="bilinear"), _IMAGE),
    "Resizing": Case(lambda: layers.Resizing(9, 5), _IMAGE),
    "Resizing nearest": Case(lambda: layers.Resizing(4, 11, interpolation="nearest"), _IMAGE),
    "Resizing bicubic": Case(lambda: layers.Resizing(9, 5, "bicubic", antialias=True), _IMAGE),
    "CenterCrop": Case(lambda: layers.CenterCrop(3, 5), _IMAGE),
    "GroupNormalization": Case(lambda: layers.GroupNormalization(2), _IMAGE),
    "GroupNormalization of instances": Case(
        lambda: layers.GroupNormalization(-1, center=False, scale=False), _SEQUENCE
    ),
    "Identity": Case(lambda: layers.Identity(), [(4,)]),
    "CategoryEncoding multi_hot": Case(lambda: layers.CategoryEncoding(6), [(4,)], below=6),
    "CategoryEncoding count": Case(
        lambda: layers.CategoryEncoding(6, output_mode="count"), [(4,)], below=6
    ),
    "CategoryEncoding one_hot": Case(
        lambda: layers.CategoryEncoding(6, output_mode="one_hot"), [(1,)], below=6
    ),
    "Attention": Case(lambda: layers.Attention(), [(5, 4), (3, 4)]),
    "Attention to itself": Case(
        lambda: lambda x: layers.Add()([layers.Attention()([x, x]), x]), _SEQUENCE
    ),
    "Add, Multiply, Dot of one tensor": Case(
        lambda: (
            lambda x: [
                layers.Add()([x, x, x]),
                layers.Multiply()([x, x]),
                layers.Dot(2)([x, x]),
                x * x + x,
            ]
        ),
        _SEQUENCE,
    ),
    "BatchNormalization of volumes in a model": Case(
        lambda: keras.Sequential([layers.Conv3D(2, 2), layers.BatchNormalization(), layers.ReLU()]),
        _VOLUME,
    ),
    "Attention with keys": Case(lambda: layers.Attention(dropout=0.1), [(5, 4), (3, 2), (3, 4)]),
    "MultiHeadAttention": Case(self_attention(), _SEQUENCE),
    "MultiHeadAttention, no bias, other sizes": Case(
        self_attention(value_dim=2, use_bias=False, output_shape=5, dropout=0.1), _SEQUENCE
    ),
    "x + 1, 2 - x, x / 4": Case(lambda: lambda x: (2 - (x + 1) * 3) / 4 - 5, [(4,)]),
    "x + vector": Case(lambda: lambda x: x + np.arange(4, dtype=np.float32), _SEQUENCE),
    "x + y, x - y, x * y": Case(lambda: lambda xy: (xy[0] + xy[1]) * (xy[0] - xy[1]), [(4,)] * 2),
    "x**2, -x, abs": Case(lambda: lambda x: x**2 + (-ops.abs(x)) + ops.square(x), [(4,)]),
    "maximum, minimum": Case(
        lambda: lambda xy: ops.maximum(xy[0], 0) + ops.minimum(*xy), [(4,), (4,)]
    ),
    "x[:, -1]": Case(lambda: lambda x: x[:, -1], _SEQUENCE),
    "x[..., 1:3]": Case(lambda: lambda x: x[..., 1:3], _IMAGE),
    "x[:, 2:5, :]": Case(lambda: lambda x: x[:, 2:5, :], _IMAGE),
    "x[:, 1:, None, -1]": Case(lambda: lambda x: x[:, 1:, None, -1], _IMAGE),
    "x + matrix": Case(lambda: lambda x: x * 2 + np.ones((8, 4), np.float32), _SEQUENCE),
    "x + position": Case(
        lambda: lambda x: x + np.arange(8, dtype=np.float32).reshape(1, 8, 1), _SEQUENCE
    ),
    "x[..., ::-1]": Case(lambda: lambda x: x[..., ::-1], _IMAGE),
    "split": Case(lambda: lambda x: ops.split(x, [1, 3], axis=-1), _IMAGE),
    "softmax, first axis": Case(lambda: lambda x: ops.softmax(x, axis=1), _SEQUENCE),
    "Conv2D in groups": Case(lambda: layers.Conv2D(6, 3, groups=2, activation="relu"), _IMAGE),
    "Conv1D in groups": Case(
        lambda: layers.Conv1D(4, 3, groups=4, activation="leaky_relu", use_bias=False), _SEQUENCE
    ),
    "Flatten, of vectors": Case(lambda: layers.Flatten(), [(4,)]),
    "Flatten, any size": Case(lambda: layers.Flatten(), [(None, 4)]),
    "MultiHeadAttention, causal": Case(
        lambda: lambda x: layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True), _SEQUENCE
    ),
    "integers": Case(
        lambda: (
            lambda x: layers.Embedding(9, 3)(
                layers.Concatenate()([layers.Permute((2, 1))(x), ops.transpose(x, (0, 2, 1))])[
                    :, 1:, 0
                ]
            )
        ),
        [(4, 3)],
        below=9,
    ),
    "depth_to_space": Case(lambda: lambda x: ops.nn.depth_to_space(x, 2), _IMAGE),
    "BatchNormalization of volumes": Case(lambda: layers.BatchNormalization(), _VOLUME),
    "BatchNormalization of volumes, second axis": Case(
        lambda: layers.BatchNormalization(axis=1), [(6, 5, 4)]
    ),
    "mean, max": Case(
        lambda: lambda x: ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=-1),
        _SEQUENCE,
    ),
    "mean, keepdims": Case(lambda: lambda x: ops.mean(x, axis=(1, 2), keepdims=True), _IMAGE),
    "reshape, transpose": Case(
        lambda: lambda x: ops.transpose(ops.reshape(x, (-1, 4, 8)), (0, 2, 1)), _SEQUENCE
    ),
    "expand_dims, squeeze": Case(
        lambda: lambda x: ops.squeeze(ops.expand_dims(x, 2), 2), _SEQUENCE
    ),
    "relu, softmax and others": Case(
        lambda: (
            lambda x: ops.softmax(
                ops.relu(x)
                + ops.sigmoid(x)
                + ops.tanh(x)
                + ops.leaky_relu(x, 0.3)
                + ops.gelu(x, approximate=False)
            )
        ),
        _SEQUENCE,
    ),
}
