"""Small models, one for each layer class in the table and each use of the class."""

import keras

from keras_tfjs.values import hard_sigmoid
from tests.keras_tfjs.case import Case
from tests.keras_tfjs.recurrent_cases import RECURRENT_CASES

L = keras.layers
ACTIVATIONS = [
    *("elu", "gelu", "linear", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu"),
    *("softmax", "softplus", "softsign", "tanh"),
]
_SEQUENCE, _IMAGE, _VOLUME = [(5, 4)], [(7, 6, 3)], (5, 6, 4, 3)
CASES = {
    **RECURRENT_CASES,
    "InputLayer": Case(lambda: L.Flatten(), [(2, 3)]),
    "Dense": Case(lambda: L.Dense(3), [(4,)]),
    "Dense relu, without bias": Case(lambda: L.Dense(3, "relu", use_bias=False), [(4,)]),
    "Dense on a sequence": Case(lambda: L.Dense(3, "tanh"), _SEQUENCE),
    **{
        f"Activation {name}": Case(lambda name=name: L.Activation(name), [(9,)])
        for name in ACTIVATIONS
    },
    "Activation hard_sigmoid of TensorFlow.js": Case(lambda: L.Activation(hard_sigmoid), [(9,)]),
    "Dropout": Case(lambda: L.Dropout(0.5), [(4,)]),
    "Flatten": Case(lambda: L.Flatten(), _IMAGE),
    "Reshape": Case(lambda: L.Reshape((3, -1)), [(2, 6)]),
    "RepeatVector": Case(lambda: L.RepeatVector(3), [(4,)]),
    "Embedding": Case(lambda: L.Embedding(8, 3), [(5,)], below=8),
    "Conv1D": Case(lambda: L.Conv1D(3, 2), [(7, 4)]),
    "Conv1D same, strides": Case(
        lambda: L.Conv1D(3, 3, 2, padding="same", activation="relu"), [(8, 4)]
    ),
    "Conv1D dilated": Case(lambda: L.Conv1D(3, 2, dilation_rate=2), [(7, 4)]),
    "Conv2D": Case(lambda: L.Conv2D(4, (3, 2)), _IMAGE),
    "Conv2D same, strides": Case(lambda: L.Conv2D(4, 3, 2, padding="same"), _IMAGE),
    "Conv2D dilated, without bias": Case(
        lambda: L.Conv2D(4, 2, dilation_rate=2, use_bias=False), _IMAGE
    ),
    "Conv2DTranspose": Case(lambda: L.Conv2DTranspose(2, 3), _IMAGE),
    "Conv2DTranspose same, strides": Case(
        lambda: L.Conv2DTranspose(2, 3, 2, padding="same", activation="sigmoid"), _IMAGE
    ),
    "Conv2DTranspose strides": Case(lambda: L.Conv2DTranspose(2, 2, 3), _IMAGE),
    "DepthwiseConv2D": Case(lambda: L.DepthwiseConv2D(3, depth_multiplier=2), _IMAGE),
    "DepthwiseConv2D same, strides": Case(
        lambda: L.DepthwiseConv2D(3, 2, padding="same", activation="relu"), _IMAGE
    ),
    "SeparableConv2D dilated": Case(lambda: L.SeparableConv2D(4, 2, dilation_rate=2), _IMAGE),
    "Conv2D unequal strides": Case(lambda: L.Conv2D(4, 2, (1, 2), padding="same"), _IMAGE),
    "SeparableConv2D": Case(lambda: L.SeparableConv2D(4, 3, depth_multiplier=2), _IMAGE),
    "SeparableConv2D same, strides": Case(
        lambda: L.SeparableConv2D(4, 3, strides=2, padding="same"), _IMAGE
    ),
    **{
        f"{kind}Pooling{rank}D {padding}": Case(
            lambda kind=kind, rank=rank, padding=padding: getattr(L, f"{kind}Pooling{rank}D")(
                3, 2, padding=padding
            ),
            [(7, 8, 3)[-rank - 1 :]],
        )
        for kind in ("Max", "Average")
        for rank in (1, 2)
        for padding in ("valid", "same")
    },
    **{
        f"Global{kind}Pooling{rank}D": Case(
            lambda kind=kind, rank=rank: getattr(L, f"Global{kind}Pooling{rank}D")(),
            [(5, 6, 3)[-rank - 1 :]],
        )
        for kind in ("Max", "Average")
        for rank in (1, 2)
    },
    "BatchNormalization": Case(lambda: L.BatchNormalization(), _IMAGE),
    "BatchNormalization plain": Case(
        lambda: L.BatchNormalization(center=False, scale=False, epsilon=0.1), [(4,)]
    ),
    "BatchNormalization, last axis": Case(lambda: L.BatchNormalization(axis=3), _IMAGE),
    "LayerNormalization": Case(lambda: L.LayerNormalization(), _SEQUENCE),
    "LayerNormalization, first axis": Case(lambda: L.LayerNormalization(axis=1), _SEQUENCE),
    "LayerNormalization, two axes": Case(
        lambda: L.LayerNormalization(axis=[1, 2], center=False), _SEQUENCE
    ),
    "UpSampling2D": Case(lambda: L.UpSampling2D((2, 3)), _IMAGE),
    "ZeroPadding2D": Case(lambda: L.ZeroPadding2D(((1, 2), (0, 3))), _IMAGE),
    "Add": Case(lambda: L.Add(), [(4,), (4,), (4,)]),
    "Multiply": Case(lambda: L.Multiply(), [(2, 4), (2, 4)]),
    "Average": Case(lambda: L.Average(), [(4,), (4,), (4,)]),
    "Concatenate": Case(lambda: L.Concatenate(), [(4,), (3,)]),
    "Concatenate, first axis": Case(lambda: L.Concatenate(axis=1), [(2, 3), (4, 3)]),
    "Concatenate, axis from the end": Case(lambda: L.Concatenate(axis=-2), [(2, 3), (4, 3)]),
    "ReLU": Case(lambda: L.ReLU(), [(9,)]),
    "ReLU, at most 0.5": Case(lambda: L.ReLU(0.5), [(9,)]),
    "LeakyReLU": Case(lambda: L.LeakyReLU(0.2), [(9,)]),
    "ELU": Case(lambda: L.ELU(), [(9,)]),
    "PReLU": Case(lambda: L.PReLU(), _SEQUENCE),
    "PReLU shared": Case(lambda: L.PReLU(shared_axes=[1, 2]), _IMAGE),
    "Softmax": Case(lambda: L.Softmax(), _SEQUENCE),
    "Softmax, last axis": Case(lambda: L.Softmax(axis=2), _SEQUENCE),
    "Conv3D": Case(lambda: L.Conv3D(2, (3, 2, 1)), [_VOLUME]),
    "Conv3D same, strides": Case(
        lambda: L.Conv3D(2, 3, 2, padding="same", activation="relu"), [_VOLUME]
    ),
    "AveragePooling3D": Case(lambda: L.AveragePooling3D(2), [_VOLUME]),
    "AveragePooling3D same": Case(
        lambda: L.AveragePooling3D((3, 2, 2), 2, padding="same"), [_VOLUME]
    ),
    "Permute": Case(lambda: L.Permute((3, 1, 2)), _IMAGE),
    "Cropping2D": Case(lambda: L.Cropping2D(((1, 2), (0, 3))), _IMAGE),
    "SpatialDropout1D": Case(lambda: L.SpatialDropout1D(0.5), _SEQUENCE),
    "Dropout of channels": Case(lambda: L.Dropout(0.5, noise_shape=(None, 1, 4)), _SEQUENCE),
    "GaussianNoise": Case(lambda: L.GaussianNoise(0.5), _SEQUENCE),
    "GaussianDropout": Case(lambda: L.GaussianDropout(0.5), _SEQUENCE),
    "Masking": Case(lambda: L.Masking(0.25), _SEQUENCE),
    "Rescaling": Case(lambda: L.Rescaling(1 / 127.5, offset=-1.0), _IMAGE),
    "Rescaling of integers": Case(lambda: L.Rescaling(1 / 255), _IMAGE, below=256),
    "Maximum": Case(lambda: L.Maximum(), [(4,), (4,), (4,)]),
    "Minimum": Case(lambda: L.Minimum(), [(2, 4), (2, 4)]),
    "Add, broadcast": Case(lambda: L.Add(), [(2, 4), (1, 4)]),
    "Add, of two ranks": Case(lambda: L.Add(), [(2, 4), (4,)]),
    "Dot of vectors": Case(lambda: L.Dot(1), [(4,), (4,)]),
    "Dot, normalized": Case(lambda: L.Dot(-1, normalize=True), [(4,), (4,)]),
    "Dot of matrices": Case(lambda: L.Dot(2), [(5, 4), (3, 4)]),
    "Dot of matrices, first axis": Case(lambda: L.Dot(1), [(4, 5), (4, 3)]),
    "Dot of matrices, two axes": Case(lambda: L.Dot((2, 1)), [(5, 4), (4, 3)]),
    "Dot of matrices, axes from the end": Case(lambda: L.Dot((-1, -2)), [(5, 4), (4, 3)]),
    "Dot of matrices, normalized": Case(lambda: L.Dot(2, normalize=True), [(5, 4), (3, 4)]),
    "Dot of matrix and vector": Case(lambda: L.Dot((2, 1)), [(5, 4), (4,)]),
    "Dot of vector and matrix": Case(lambda: L.Dot((1, 2)), [(4,), (5, 4)]),
}
