"""`save` refuses models that TensorFlow.js cannot compute exactly; the error names the layer."""

import keras
import pytest

from keras_tfjs import layers_model

L = keras.layers


def sequential(*layers, shape=(6, 4)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *layers])


@keras.saving.register_keras_serializable(package="tests")
class Scaled(L.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=())

    def call(self, x):
        return x * self.factor


class Unregistered(L.Layer):
    def call(self, x):
        return x


class SpecialDense(L.Dense):
    def call(self, x):
        return super().call(x) + 1


def always_training_model() -> keras.Model:
    x = keras.Input((4,))
    return keras.Model(x, L.Dropout(0.5, name="drop")(x, training=True))


def layer_of_two_models() -> keras.Model:
    """A layer in a model and in a nested model: TensorFlow.js would create two layers."""
    shared = L.Dense(4, name="shared")
    x = keras.Input((4,))
    inner = keras.Model(x, shared(x), name="inner")
    y = keras.Input((4,))
    return keras.Model(y, inner(shared(y)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(2)

    def call(self, x):
        return self.dense(x)


def subclassed_model() -> keras.Model:
    model = Subclassed()
    model.build((None, 4))
    return model


def other_backward_layer() -> keras.Model:
    backward = L.LSTM(3, go_backwards=True, activation="relu")
    return sequential(L.Bidirectional(L.LSTM(3), backward_layer=backward))


def relu(x):
    return -x


@keras.saving.register_keras_serializable(package="tests", name="ReLU")
class OwnReLU(L.Layer):
    def call(self, x):
        return -x


class OwnSequential(keras.Sequential):
    def call(self, x, **kwargs):
        return 2 * super().call(x, **kwargs)


@keras.saving.register_keras_serializable(package="tests")
class Factor(L.Layer):
    def call(self, x, factor=1.0):
        return x * factor


@keras.saving.register_keras_serializable(package="tests")
class Configured(L.Layer):
    def call(self, x):
        return x

    def get_config(self):
        return super().get_config() | {"matrix": keras.ops.ones(2)}


def functional(call, *shapes, dtype="float32") -> keras.Model:
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes or [(4,)]]
    return keras.Model(inputs, call(*inputs))


def violated() -> keras.Model:
    model = sequential(L.Dense(3, kernel_constraint="non_neg", name="d"))
    model.layers[0].kernel.assign(-keras.ops.ones((4, 3)))
    return model


def renamed_backward_layer() -> keras.Model:
    backward = L.LSTM(3, go_backwards=True, name="other")
    return sequential(L.Bidirectional(L.LSTM(3, name="one"), backward_layer=backward))


IMAGE, VOLUME = (6, 8, 4), (4, 6, 5, 3)
ops = keras.ops


def within_steps(layer: keras.Layer, shape) -> keras.Model:
    """A layer in a TimeDistributed, where it has no composition."""
    return sequential(L.TimeDistributed(layer), shape=shape)


REFUSED = {
    "custom relu": (lambda: sequential(L.Dense(3, relu)), "is a custom function"),
    "custom class with a known name": (
        lambda: sequential(OwnReLU()),
        "has its own class ReLU",
    ),
    "subclass of Sequential": (
        lambda: OwnSequential([keras.Input((4,)), L.Dense(2)]),
        "no subclasses",
    ),
    "argument of 0": (
        lambda: functional(lambda x: Factor()(x, factor=0.0)),
        "called with more than its inputs: factor",
    ),
    "config": (lambda: sequential(Configured()), "its config cannot be written as JSON"),
    "constraint": (violated, "layer 'd': kernel does not meet its constraint"),
    "dilation": (
        lambda: sequential(L.DepthwiseConv2D(2, dilation_rate=2), shape=(5, 5, 1)),
        "dilation_rate: TensorFlow.js has .1, 1. only",
    ),
    "integers": (
        lambda: functional(L.BatchNormalization(), (4,), dtype="int32"),
        "is called on int32; only Embedding, Rescaling and layers that move values accept it",
    ),
    "integers in a Sequential": (
        lambda: keras.Sequential([keras.Input((4,), dtype="int32"), L.ReLU()]),
        "is called on int32; only Embedding, Rescaling and layers that move values accept it",
    ),
    "no size": (lambda: functional(L.Dense(3), (0,)), "has no inputs of shape"),
    "scalars": (lambda: functional(lambda x: L.Reshape((1,))(x), ()), "has no inputs of shape"),
    "name": (lambda: sequential(L.Dense(3, name="a b")), "takes names of letters, digits"),
    "backward name": (renamed_backward_layer, "backward_layer: differs from layer in name"),
    "outputs in a Sequential": (
        lambda: sequential(L.LSTM(3, return_state=True)),
        "needs a single output in a Sequential",
    ),
    "one to add": (lambda: functional(lambda x: L.Add()([x])), "needs at least two inputs"),
    "output twice": (lambda: functional(lambda x: [x, x]), "an output occurs twice"),
    "axis within TimeDistributed": (
        lambda: sequential(L.TimeDistributed(L.Softmax(axis=1))),
        "axis: must be -1, not 1",
    ),
    "hard_sigmoid": (
        lambda: sequential(L.LSTM(3, recurrent_activation="hard_sigmoid", name="l")),
        "layer 'l' .LSTM.: recurrent_activation: hard_sigmoid of Keras 3 is x / 6",
    ),
    "function": (lambda: sequential(L.Dense(3, lambda x: x)), "has no activation"),
    "GRU": (lambda: sequential(L.GRU(3, name="g")), "layer 'g' .GRU.: reset_after: must be False"),
    "stateful": (
        lambda: keras.Sequential([keras.Input(batch_shape=(2, 6, 4)), L.LSTM(3, stateful=True)]),
        "stateful: TensorFlow.js has False only",
    ),
    "dtype": (lambda: sequential(L.Dense(3, dtype="float16")), "its dtype is float16"),
    "mixed": (lambda: sequential(L.Dense(3, dtype="mixed_float16")), "dtype is mixed_float16"),
    "input dtype": (
        lambda: keras.Sequential([keras.Input((3,), dtype="uint8"), L.Flatten()]),
        "its dtype is uint8",
    ),
    "Lambda": (lambda: sequential(L.Lambda(lambda x: x)), "class is not in the table"),
    "custom with weights": (lambda: sequential(Scaled()), "custom layers with weights"),
    "not registered": (lambda: sequential(Unregistered()), "class is not in the table"),
    "subclass": (lambda: sequential(SpecialDense(2)), "class is not in the table"),
    "channels first": (
        lambda: sequential(L.GlobalMaxPooling1D(data_format="channels_first")),
        "data_format: must be 'channels_last'",
    ),
    "output padding": (
        lambda: sequential(L.Conv2DTranspose(2, 3, 2, output_padding=1), shape=(4, 4, 1)),
        "output_padding: TensorFlow.js has None only",
    ),
    "RMS": (lambda: sequential(L.LayerNormalization(rms_scaling=True)), "rms_scaling"),
    "initializer": (
        lambda: sequential(
            L.Dense(
                3,
                kernel_initializer=keras.initializers.VarianceScaling(
                    1, "fan_in", "untruncated_normal"
                ),
            )
        ),
        "kernel_initializer: TensorFlow.js has no distribution 'untruncated_normal'",
    ),
    "regularizer": (
        lambda: sequential(
            L.Dense(3, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())
        ),
        "kernel_regularizer: TensorFlow.js has no 'OrthogonalRegularizer'",
    ),
    "activity regularizer": (
        lambda: sequential(L.Dense(3, activity_regularizer="l2")),
        "activity_regularizer",
    ),
    "backward layer": (other_backward_layer, "backward_layer: differs from layer in activation"),
    "training": (
        always_training_model,
        "layer 'drop' .*called with more than its inputs: training",
    ),
    "two models": (layer_of_two_models, "two weights are named shared/kernel"),
    "subclassed": (subclassed_model, "only Sequential and functional models"),
    "not built": (lambda: keras.Sequential([L.Dense(2)]), "begin it with keras.Input"),
    "activation": (
        lambda: sequential(L.Dense(3, "exponential", name="d")),
        "layer 'd' .Dense.: activation: TensorFlow.js has no activation 'exponential'",
    ),
    "class": (
        lambda: sequential(L.UnitNormalization(name="unit")),
        "layer 'unit' .UnitNormalization.: the class is not in the table",
    ),
    "AlphaDropout": (lambda: sequential(L.AlphaDropout(0.1)), "drops to the wrong value"),
    "augmentation": (
        lambda: sequential(L.RandomFlip(name="flip"), shape=IMAGE),
        "layer 'flip' .RandomFlip.: acts in training only; remove it",
    ),
    "transposed 3D convolution": (
        lambda: sequential(L.Conv3DTranspose(2, 3), shape=VOLUME),
        "wasm backend computes wrong numbers",
    ),
    "3D pooling of steps": (
        lambda: within_steps(L.MaxPooling3D(2), (2, *VOLUME)),
        "wasm backend computes wrong numbers for negative values",
    ),
    "dropout of cells": (
        lambda: sequential(L.RNN(L.LSTMCell(3, dropout=0.1))),
        "layer 'lstm_cell.*' .LSTMCell.: dropout: TensorFlow.js has 0.0 only",
    ),
    "states of stacked cells": (
        lambda: functional(L.RNN([L.LSTMCell(2), L.LSTMCell(3)], return_state=True), (6, 4)),
        "return_state: TensorFlow.js has the states of stacked cells reversed",
    ),
    "bidirectional cells": (
        lambda: sequential(L.Bidirectional(L.RNN(L.SimpleRNNCell(3)))),
        "layer: TensorFlow.js has LSTM, GRU and SimpleRNN only",
    ),
    "states of a ConvLSTM2D": (
        lambda: functional(
            lambda x, h, c: L.ConvLSTM2D(2, 2, padding="same")(x, initial_state=[h, c]),
            (4, 6, 5, 3),
            (6, 5, 2),
            (6, 5, 2),
        ),
        "initial_state: TensorFlow.js fails to load the model",
    ),
    "dot product": (
        lambda: functional(lambda x, y: L.Dot(3)([x, y]), IMAGE, IMAGE),
        "has no dot product of more than 3 dimensions",
    ),
    "slope and maximum": (
        lambda: sequential(L.ReLU(6, negative_slope=0.1)),
        "cannot be written with a max_value",
    ),
    "unknown size": (
        lambda: sequential(L.UpSampling2D(interpolation="bilinear"), shape=(None, None, 3)),
        "the input size must be known",
    ),
    "crop": (lambda: sequential(L.CenterCrop(9, 9), shape=IMAGE), "image size must be known"),
    "operation": (
        lambda: functional(lambda x: ops.exp(x)),
        "is an operation of keras.src.ops.numpy, not a layer",
    ),
    "division": (lambda: functional(lambda x, y: x / y, (4,), (4,)), "divide by a number only"),
    "ranks": (
        lambda: functional(lambda x, y: x + y, (6, 4), (4,)),
        "broadcasts tensors of equal rank only",
    ),
    "batch axis": (
        lambda: functional(lambda x: ops.transpose(x, (1, 0)), (4,)),
        "cannot transpose the batch axis",
    ),
    "slice of the batch": (
        lambda: functional(lambda x: x[1:, :]),
        "can slice axes of known size only",
    ),
    "one tensor twice": (
        lambda: functional(lambda x, h: L.LSTM(3)(x, initial_state=[h, h]), (6, 4), (3,)),
        "is called on one tensor twice",
    ),
    "number": (
        lambda: functional(lambda x: x[:, 0]),
        "the result is a vector",
    ),
    "custom function in a composition": (
        lambda: functional(lambda x: L.Dense(3, lambda x: x)(x) + 1),
        "activation",
    ),
    "attention mask": (
        lambda: functional(
            lambda x, m: L.MultiHeadAttention(2, 2)(x, x, attention_mask=m), (6, 4), (6, 6)
        ),
        "cannot be written with attention_mask",
    ),
    "constant of another shape": (
        lambda: functional(lambda x: x * ops.ones(3), (1,)),
        "cannot broadcast a tensor to the shape of a larger constant",
    ),
    "masked composition": (
        lambda: functional(
            lambda x: L.Attention()([L.Masking()(x), x]),
            (6, 4),
        ),
        "no composition for inputs with a mask",
    ),
    "nan in metadata": (lambda: sequential(L.Dense(2)), "Out of range float values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unsupported_model_is_refused(tmp_path, name):
    make, pattern = REFUSED[name]
    metadata = {"x": float("nan")} if name == "nan in metadata" else None
    with pytest.raises(ValueError, match=pattern):
        layers_model.save(make(), tmp_path / "model", metadata)
    assert not (tmp_path / "model").exists()
