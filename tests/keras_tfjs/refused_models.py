"""Models that TensorFlow.js cannot compute, for test_refusals.py."""

import keras
from keras import layers


def sequential(*layers, shape=(6, 4)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *layers])


@keras.saving.register_keras_serializable(package="tests")
class Scaled(layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=())

    def call(self, x):
        return x * self.factor


class Unregistered(layers.Layer):
    def call(self, x):
        return x


class SpecialDense(layers.Dense):
    def call(self, x):
        return super().call(x) + 1


def always_training_model() -> keras.Model:
    x = keras.Input((4,))
    return keras.Model(x, layers.Dropout(0.5, name="drop")(x, training=True))


def layer_of_two_models() -> keras.Model:
    """A layer in a model and in a nested model: TensorFlow.js would create two layers."""
    shared = layers.Dense(4, name="shared")
    x = keras.Input((4,))
    inner = keras.Model(x, shared(x), name="inner")
    y = keras.Input((4,))
    return keras.Model(y, inner(shared(y)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def subclassed_model() -> keras.Model:
    model = Subclassed()
    model.build((None, 4))
    return model


def other_backward_layer() -> keras.Model:
    backward = layers.LSTM(3, go_backwards=True, activation="relu")
    return sequential(layers.Bidirectional(layers.LSTM(3), backward_layer=backward))


def relu(x):
    return -x


@keras.saving.register_keras_serializable(package="tests", name="ReLU")
class CustomReLU(layers.Layer):
    def call(self, x):
        return -x


class CustomSequential(keras.Sequential):
    def call(self, x, **kwargs):
        return 2 * super().call(x, **kwargs)


@keras.saving.register_keras_serializable(package="tests")
class Factor(layers.Layer):
    def call(self, x, factor=1.0):
        return x * factor


@keras.saving.register_keras_serializable(package="tests")
class Configured(layers.Layer):
    def call(self, x):
        return x

    def get_config(self):
        return super().get_config() | {"matrix": keras.ops.ones(2)}


def functional(call, *shapes, dtype="float32") -> keras.Model:
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes or [(4,)]]
    return keras.Model(inputs, call(*inputs))


def violated_constraint() -> keras.Model:
    model = sequential(layers.Dense(3, kernel_constraint="non_neg", name="d"))
    model.layers[0].kernel.assign(-keras.ops.ones((4, 3)))
    return model


def renamed_backward_layer() -> keras.Model:
    backward = layers.LSTM(3, go_backwards=True, name="other")
    return sequential(layers.Bidirectional(layers.LSTM(3, name="one"), backward_layer=backward))


IMAGE, VOLUME = (6, 8, 4), (4, 6, 5, 3)


def within_steps(layer: keras.Layer, shape) -> keras.Model:
    """A layer in a TimeDistributed, where it has no composition."""
    return sequential(layers.TimeDistributed(layer), shape=shape)
