"""Small models, one for each layer class in the table and each use of the class."""

from keras import layers

from keras_tfjs.values import hard_sigmoid
from tests.keras_tfjs.case import Case
from tests.keras_tfjs.recurrent_cases import RECURRENT_CASES

ACTIVATIONS = [
    *("elu", "gelu", "linear", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu"),
    *("softmax", "softplus", "softsign", "tanh"),
]
_SEQUENCE, _IMAGE, _VOLUME = [(5, 4)], [(7, 6, 3)], (5, 6, 4, 3)
CASES = {
    **RECURRENT_CASES,
    "InputLayer": Case(lambda: layers.Flatten(), [(2, 3)]),
    "Dense": Case(lambda: layers.Dense(3), [(4,)]),
    "Dense relu, without bias": Case(lambda: layers.Dense(3, "relu", use_bias=False), [(4,)]),
    "Dense on a sequence": Case(lambda: layers.Dense(3, "tanh"), _SEQUENCE),
    **{
        f"Activation {name}": Case(lambda name=name: layers.Activation(name), [(9,)])
        for name in ACTIVATIONS
    },
    "Activation hard_sigmoid of TensorFlow.js": Case(
        lambda: layers.Activation(hard_sigmoid), [(9,)]
    ),
    "Dropout": Case(lambda: layers.Dropout(0.5), [(4,)]),
    "Flatten": Case(lambda: layers.Flatten(), _IMAGE),
    "Reshape": Case(lambda: layers.Reshape((3, -1)), [(2, 6)]),
    "RepeatVector": Case(lambda: layers.RepeatVector(3), [(4,)]),
    "Embedding": Case(lambda: layers.Embedding(8, 3), [(5,)], below=8),
    "Conv1D": Case(lambda: layers.Conv1D(3, 2), [(7, 4)]),
    "Conv1D same, strides": Case(
        lambda: layers.Conv1D(3, 3, 2, padding="same", activation="relu"), [(8, 4)]
    ),
    "Conv1D dilated": Case(lambda: layers.Conv1D(3, 2, dilation_rate=2), [(7, 4)]),
    "Conv2D": Case(lambda: layers.Conv2D(4, (3, 2)), _IMAGE),
    "Conv2D same, strides": Case(lambda: layers.Conv2D(4, 3, 2, padding="same"), _IMAGE),
    "Conv2D dilated, without bias": Case(
        lambda: layers.Conv2D(4, 2, dilation_rate=2, use_bias=False), _IMAGE
    ),
    "Conv2DTranspose": Case(lambda: layers.Conv2DTranspose(2, 3), _IMAGE),
    "Conv2DTranspose same, strides": Case(
        lambda: layers.Conv2DTranspose(2, 3, 2, padding="same", activation="sigmoid"), _IMAGE
    ),
    "Conv2DTranspose strides": Case(lambda: layers.Conv2DTranspose(2, 2, 3), _IMAGE),
    "DepthwiseConv2D": Case(lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), _IMAGE),
    "DepthwiseConv2D same, strides": Case(
        lambda: layers.DepthwiseConv2D(3, 2, padding="same", activation="relu"), _IMAGE
    ),
    "SeparableConv2D dilated": Case(lambda: layers.SeparableConv2D(4, 2, dilation_rate=2), _IMAGE),
    "Conv2D unequal strides": Case(lambda: layers.Conv2D(4, 2, (1, 2), padding="same"), _IMAGE),
    "SeparableConv2D": Case(lambda: layers.SeparableConv2D(4, 3, depth_multiplier=2), _IMAGE),
    "SeparableConv2D same, strides": Case(
        lambda: layers.SeparableConv2D(4, 3, strides=2, padding="same"), _IMAGE
    ),
    **{
        f"{kind}Pooling{rank}D {padding}": Case(
            lambda kind=kind, rank=rank, padding=padding: getattr(layers, f"{kind}Pooling{rank}D")(
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
            lambda kind=kind, rank=rank: getattr(layers, f"Global{kind}Pooling{rank}D")(),
            [(5, 6, 3)[-rank - 1 :]],
        )
        for kind in ("Max", "Average")
        for rank in (1, 2)
    },
    "BatchNormalization": Case(lambda: layers.BatchNormalization(), _IMAGE),
    "BatchNormalization plain": Case(
        lambda: layers.BatchNormalization(center=False, scale=False, epsilon=0.1), [(4,)]
    ),
    "BatchNormalization, last axis": Case(lambda: layers.BatchNormalization(axis=3), _IMAGE),
    "LayerNormalization": Case(lambda: layers.LayerNormalization(), _SEQUENCE),
    "LayerNormalization, first axis": Case(lambda: layers.LayerNormalization(axis=1), _SEQUENCE),
    "LayerNormalization, two axes": Case(
        lambda: layers.LayerNormalization(axis=[1, 2], center=False), _SEQUENCE
    ),
    "UpSampling2D": Case(lambda: layers.UpSampling2D((2, 3)), _IMAGE),
    "ZeroPadding2D": Case(lambda: layers.ZeroPadding2D(((1, 2), (0, 3))), _IMAGE),
    "Add": Case(lambda: layers.Add(), [(4,), (4,), (4,)]),
    "Multiply": Case(lambda: layers.Multiply(), [(2, 4), (2, 4)]),
    "Average": Case(lambda: layers.Average(), [(4,), (4,), (4,)]),
    "Concatenate": Case(lambda: layers.Concatenate(), [(4,), (3,)]),
    "Concatenate, first axis": Case(lambda: layers.Concatenate(axis=1), [(2, 3), (4, 3)]),
    "Concatenate, axis from the end": Case(lambda: layers.Concatenate(axis=-2), [(2, 3), (4, 3)]),
    "ReLU": Case(lambda: layers.ReLU(), [(9,)]),
    "ReLU, at most 0.5": Case(lambda: layers.ReLU(0.5), [(9,)]),
    "LeakyReLU": Case(lambda: layers.LeakyReLU(0.2), [(9,)]),
    "ELU": Case(lambda: layers.ELU(), [(9,)]),
    "PReLU": Case(lambda: layers.PReLU(), _SEQUENCE),
    "PReLU shared": Case(lambda: layers.PReLU(shared_axes=[1, 2]), _IMAGE),
    "Softmax": Case(lambda: layers.Softmax(), _SEQUENCE),
    "Softmax, last axis": Case(lambda: layers.Softmax(axis=2), _SEQUENCE),
    "Conv3D": Case(lambda: layers.Conv3D(2, (3, 2, 1)), [_VOLUME]),
    "Conv3D same, strides": Case(
        lambda: layers.Conv3D(2, 3, 2, padding="same", activation="relu"), [_VOLUME]
    ),
    "AveragePooling3D": Case(lambda: layers.AveragePooling3D(2), [_VOLUME]),
    "AveragePooling3D same": Case(
        lambda: layers.AveragePooling3D((3, 2, 2), 2, padding="same"), [_VOLUME]
    ),
    "Permute": Case(lambda: layers.Permute((3, 1, 2)), _IMAGE),
    "Cropping2D": Case(lambda: layers.Cropping2D(((1, 2), (0, 3))), _IMAGE),
    "SpatialDropout1D": Case(lambda: layers.SpatialDropout1D(0.5), _SEQUENCE),
    "Dropout of channels": Case(lambda: layers.Dropout(0.5, noise_shape=(None, 1, 4)), _SEQUENCE),
    "GaussianNoise": Case(lambda: layers.GaussianNoise(0.5), _SEQUENCE),
    "GaussianDropout": Case(lambda: layers.GaussianDropout(0.5), _SEQUENCE),
    "Masking": Case(lambda: layers.Masking(0.25), _SEQUENCE),
    "Rescaling": Case(lambda: layers.Rescaling(1 / 127.5, offset=-1.0), _IMAGE),
    "Rescaling of integers": Case(lambda: layers.Rescaling(1 / 255), _IMAGE, below=256),
    "Maximum": Case(lambda: layers.Maximum(), [(4,), (4,), (4,)]),
    "Minimum": Case(lambda: layers.Minimum(), [(2, 4), (2, 4)]),
    "Add, broadcast": Case(lambda: layers.Add(), [(2, 4), (1, 4)]),
    "Add, of two ranks": Case(lambda: layers.Add(), [(2, 4), (4,)]),
    "Dot of vectors": Case(lambda: layers.Dot(1), [(4,), (4,)]),
    "Dot, normalized": Case(lambda: layers.Dot(-1, normalize=True), [(4,), (4,)]),
    "Dot of matrices": Case(lambda: layers.Dot(2), [(5, 4), (3, 4)]),
    "Dot of matrices, first axis": Case(lambda: layers.Dot(1), [(4, 5), (4, 3)]),
    "Dot of matrices, two axes": Case(lambda: layers.Dot((2, 1)), [(5, 4), (4, 3)]),
    "Dot of matrices, axes from the end": Case(lambda: layers.Dot((-1, -2)), [(5, 4), (4, 3)]),
    "Dot of matrices, normalized": Case(lambda: layers.Dot(2, normalize=True), [(5, 4), (3, 4)]),
    "Dot of matrix and vector": Case(lambda: layers.Dot((2, 1)), [(5, 4), (4,)]),
    "Dot of vector and matrix": Case(lambda: layers.Dot((1, 2)), [(4,), (5, 4)]),
}
