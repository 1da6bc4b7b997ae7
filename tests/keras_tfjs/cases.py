"""Small models, one for each class in the table and each way it is used."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_tfjs.values import hard_sigmoid

L = keras.layers


class Case(NamedTuple):
    """A model and what it is called on.

    Attributes:
      layer: makes the layer, or a tensor from the inputs.
      shapes: of each input, without the batch.
      below: whole numbers are drawn below this for the inputs; 0 draws floats.
    """

    layer: Callable[..., Any]
    shapes: Sequence[tuple[int, ...]]
    below: int = 0

    def model(self) -> keras.Model:
        dtype = "int32" if self.below else "float32"
        inputs = [keras.Input(shape, dtype=dtype) for shape in self.shapes]
        given = inputs if len(inputs) > 1 else inputs[0]
        return randomize(keras.Model(given, self.layer()(given)))

    def inputs(self, batch: int = 3) -> list[np.ndarray]:
        rng = np.random.default_rng(1)
        if self.below:
            return [rng.integers(0, self.below, (batch, *s)).astype(np.int32) for s in self.shapes]
        return [rng.normal(size=(batch, *s)).astype(np.float32) for s in self.shapes]


def randomize(model: keras.Model) -> keras.Model:
    """Give all weights values that are neither 0 nor 1, as after training."""
    rng = np.random.default_rng(2)
    weights = []
    for weight in model.weights:
        positive = "variance" in weight.name
        low, high = (0.5, 2.0) if positive else (-0.6, 0.6)
        weights.append(rng.uniform(low, high, weight.shape))
    model.set_weights(weights)
    return model


ACTIVATIONS = [
    *("elu", "gelu", "linear", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu"),
    *("softmax", "softplus", "softsign", "tanh"),
]
_SEQUENCE, _IMAGE = [(5, 4)], [(7, 6, 3)]
CASES = {
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
    "LSTM": Case(lambda: L.LSTM(3), _SEQUENCE),
    "LSTM, every step, backwards": Case(
        lambda: L.LSTM(3, return_sequences=True, go_backwards=True), _SEQUENCE
    ),
    "LSTM with states": Case(lambda: L.LSTM(3, return_state=True), _SEQUENCE),
    "LSTM hard_sigmoid, without bias": Case(
        lambda: L.LSTM(3, recurrent_activation=hard_sigmoid, use_bias=False), _SEQUENCE
    ),
    "LSTM, no unit_forget_bias": Case(lambda: L.LSTM(3, unit_forget_bias=False), _SEQUENCE),
    "LSTM unrolled": Case(lambda: L.LSTM(3, unroll=True), _SEQUENCE),
    "GRU": Case(lambda: L.GRU(3, reset_after=False), _SEQUENCE),
    "GRU, every step": Case(
        lambda: L.GRU(3, reset_after=False, return_sequences=True, activation="relu"), _SEQUENCE
    ),
    "SimpleRNN": Case(lambda: L.SimpleRNN(3), _SEQUENCE),
    "SimpleRNN with states": Case(lambda: L.SimpleRNN(3, return_state=True), _SEQUENCE),
    **{
        f"Bidirectional {mode}": Case(
            lambda mode=mode: L.Bidirectional(
                L.LSTM(3, return_sequences=mode != "sum"), merge_mode=mode
            ),
            _SEQUENCE,
        )
        for mode in ("concat", "sum", "mul", "ave", None)
    },
    "Bidirectional with states": Case(
        lambda: L.Bidirectional(L.LSTM(3, return_state=True)), _SEQUENCE
    ),
    "Bidirectional GRU": Case(lambda: L.Bidirectional(L.GRU(2, reset_after=False)), _SEQUENCE),
    "TimeDistributed": Case(lambda: L.TimeDistributed(L.Dense(3, "relu")), _SEQUENCE),
    "TimeDistributed Conv2D": Case(lambda: L.TimeDistributed(L.Conv2D(2, 3)), [(2, 5, 5, 3)]),
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
}

# Made in TensorFlow.js with its own defaults: the layers by their functions in tf.layers.
_LSTM = ["lstm", {"units": 3, "inputShape": [5, 4]}]
MADE_IN_JS = {
    "dense": ([["dense", {"units": 3, "inputShape": [4]}]], (4,)),
    "lstm": ([_LSTM], (5, 4)),
    "lstm, dropout, dense, as the original": (
        [
            ["lstm", {"units": 4, "returnSequences": True, "inputShape": [5, 4]}],
            ["lstm", {"units": 3}],
            ["dense", {"units": 4, "activation": "softmax"}],
        ],
        (5, 4),
    ),
    "gru": ([["gru", {"units": 3, "inputShape": [5, 4]}]], (5, 4)),
    "simpleRNN": ([["simpleRNN", {"units": 3, "inputShape": [5, 4]}]], (5, 4)),
    "bidirectional": (
        [["bidirectional", {"layer": ["lstm", {"units": 3}], "inputShape": [5, 4]}]],
        (5, 4),
    ),
    "timeDistributed": (
        [["timeDistributed", {"layer": ["dense", {"units": 3}], "inputShape": [5, 4]}]],
        (5, 4),
    ),
    "convolutions": (
        [
            ["conv2d", {"filters": 2, "kernelSize": 3, "inputShape": [9, 8, 3]}],
            ["batchNormalization", {}],
            ["separableConv2d", {"filters": 3, "kernelSize": 2}],
            ["depthwiseConv2d", {"kernelSize": 2}],
            ["conv2dTranspose", {"filters": 2, "kernelSize": 2, "strides": 2}],
            ["upSampling2d", {}],
            ["zeroPadding2d", {}],
            ["maxPooling2d", {}],
            ["leakyReLU", {}],
            ["globalAveragePooling2d", {}],
        ],
        (9, 8, 3),
    ),
    "sequence": (
        [
            ["conv1d", {"filters": 3, "kernelSize": 2, "inputShape": [9, 4]}],
            ["averagePooling1d", {}],
            ["layerNormalization", {}],
            ["prelu", {}],
            ["softmax", {"axis": -1}],
            ["flatten", {}],
            ["repeatVector", {"n": 2}],
            ["reshape", {"targetShape": [-1]}],
            ["dropout", {"rate": 0.3}],
            ["activation", {"activation": "hardSigmoid"}],
            ["elu", {}],
            ["reLU", {"maxValue": 0.4}],
        ],
        (9, 4),
    ),
}
