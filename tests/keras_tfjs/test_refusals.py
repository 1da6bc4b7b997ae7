"""What TensorFlow.js cannot compute exactly is refused, by the layer's name and the reason."""

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


def operation_model() -> keras.Model:
    x = keras.Input((4,))
    return keras.Model(x, L.Dense(3)(x) + 1.0)


def initial_state_model() -> keras.Model:
    x, h, c = keras.Input((6, 4)), keras.Input((3,)), keras.Input((3,))
    return keras.Model([x, h, c], L.LSTM(3, name="lstm")(x, initial_state=[h, c]))


def always_training_model() -> keras.Model:
    x = keras.Input((4,))
    return keras.Model(x, L.Dropout(0.5, name="drop")(x, training=True))


def layer_of_two_models() -> keras.Model:
    """A layer that stands in a model and in another one within it: TensorFlow.js makes two."""
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


REFUSED = {
    "own relu": (lambda: sequential(L.Dense(3, relu)), "is a function of your own"),
    "own class of a known name": (lambda: sequential(OwnReLU()), "has a class ReLU of its own"),
    "own Sequential": (lambda: OwnSequential([keras.Input((4,)), L.Dense(2)]), "no subclasses"),
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
        "is called on int32; only Embedding can be",
    ),
    "integers in a Sequential": (
        lambda: keras.Sequential([keras.Input((4,), dtype="int32"), L.ReLU()]),
        "is called on int32; only Embedding can be",
    ),
    "no size": (lambda: functional(L.Dense(3), (0,)), "has no inputs of shape"),
    "scalars": (lambda: functional(lambda x: L.Reshape((1,))(x), ()), "has no inputs of shape"),
    "name": (lambda: sequential(L.Dense(3, name="a b")), "takes names of letters, digits"),
    "backward name": (renamed_backward_layer, "backward_layer: differs from layer in name"),
    "outputs in a Sequential": (
        lambda: sequential(L.LSTM(3, return_state=True)),
        "needs a single output in a Sequential",
    ),
    "flat already": (lambda: sequential(L.Flatten(), shape=(4,)), "cannot flatten .None, 4."),
    "one to add": (lambda: functional(lambda x: L.Add()([x])), "needs at least two inputs"),
    "rank": (lambda: sequential(L.BatchNormalization(), shape=(2, 2, 2, 2)), "cannot normalize"),
    "output twice": (lambda: functional(lambda x: [x, x]), "cannot put out one tensor twice"),
    "axis within TimeDistributed": (
        lambda: sequential(L.TimeDistributed(L.Softmax(axis=1))),
        "axis: must be -1, not 1",
    ),
    "hard_sigmoid": (
        lambda: sequential(L.LSTM(3, recurrent_activation="hard_sigmoid", name="l")),
        "layer 'l' .LSTM.: recurrent_activation: hard_sigmoid of Keras 3 is x / 6",
    ),
    "activation": (
        lambda: sequential(L.Dense(3, "leaky_relu", name="d")),
        "layer 'd' .Dense.: activation: TensorFlow.js has no activation 'leaky_relu'",
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
    "class": (
        lambda: sequential(L.GaussianNoise(0.1, name="noise")),
        "layer 'noise' .GaussianNoise.: the class is not in the table",
    ),
    "Lambda": (lambda: sequential(L.Lambda(lambda x: x)), "class is not in the table"),
    "custom with weights": (lambda: sequential(Scaled()), "custom layers with weights"),
    "not registered": (lambda: sequential(Unregistered()), "class is not in the table"),
    "subclass": (lambda: sequential(SpecialDense(2)), "class is not in the table"),
    "causal": (lambda: sequential(L.Conv1D(3, 2, padding="causal")), "padding: must be 'valid'"),
    "groups": (lambda: sequential(L.Conv1D(4, 2, groups=2)), "groups: TensorFlow.js has 1 only"),
    "channels first": (
        lambda: sequential(L.GlobalMaxPooling1D(data_format="channels_first")),
        "data_format: must be 'channels_last'",
    ),
    "bilinear": (
        lambda: sequential(L.UpSampling2D(interpolation="bilinear"), shape=(4, 4, 1)),
        "interpolation: must be 'nearest'",
    ),
    "keepdims": (lambda: sequential(L.GlobalMaxPooling1D(keepdims=True)), "keepdims"),
    "output padding": (
        lambda: sequential(L.Conv2DTranspose(2, 3, 2, output_padding=1), shape=(4, 4, 1)),
        "output_padding: TensorFlow.js has None only",
    ),
    "axis of a BatchNormalization": (
        lambda: sequential(L.BatchNormalization(axis=1)),
        "axis: must be -1, not 1",
    ),
    "axis of a Softmax": (lambda: sequential(L.Softmax(axis=1)), "axis: must be -1, not 1"),
    "RMS": (lambda: sequential(L.LayerNormalization(rms_scaling=True)), "rms_scaling"),
    "slope": (lambda: sequential(L.ReLU(negative_slope=0.1)), "negative_slope"),
    "alpha": (lambda: sequential(L.ELU(0.5)), "alpha: TensorFlow.js has 1.0 only, not 0.5"),
    "mask": (
        lambda: sequential(L.Embedding(5, 2, mask_zero=True), L.LSTM(2), shape=(6,)),
        "mask_zero: TensorFlow.js has False only",
    ),
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
    "operation": (operation_model, "is an operation of keras.src.ops.numpy, not a layer"),
    "initial state": (initial_state_model, "layer 'lstm' .*called with more than its inputs: init"),
    "training": (
        always_training_model,
        "layer 'drop' .*called with more than its inputs: training",
    ),
    "two models": (layer_of_two_models, "two weights are named shared/kernel"),
    "subclassed": (subclassed_model, "only Sequential and functional models"),
    "not built": (lambda: keras.Sequential([L.Dense(2)]), "begin it with keras.Input"),
    "nan in metadata": (lambda: sequential(L.Dense(2)), "Out of range float values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_tensorflow_js_cannot_compute_is_refused(tmp_path, name):
    make, pattern = REFUSED[name]
    metadata = {"x": float("nan")} if name == "nan in metadata" else None
    with pytest.raises(ValueError, match=pattern):
        layers_model.save(make(), tmp_path / "model", metadata)
    assert not (tmp_path / "model").exists()
