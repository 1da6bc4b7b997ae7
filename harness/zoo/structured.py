"""Tables: numbers and categories."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from harness.zoo.registry import choices, example, floats, images, integers

COLOURS = ["red", "green", "blue"]


def _normalization(*shape):
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(5).normal(2, 3, (50, *shape)).astype("float32"))
    return layer


@example(age=images(1, most=90), sex=integers(1, below=2), thal=integers(1, below=5))
def heart_disease():
    """Numbers, bins and categories, each with its preprocessing layer, from a dict."""
    inputs = {
        "age": keras.Input((1,), name="age"),
        "sex": keras.Input((1,), name="sex", dtype="int32"),
        "thal": keras.Input((1,), name="thal", dtype="int32"),
    }
    bins = layers.Discretization(bin_boundaries=[20.0, 40.0, 60.0], output_mode="one_hot")
    features = [
        _normalization(1)(inputs["age"]),
        bins(inputs["age"]),
        layers.CategoryEncoding(num_tokens=2, output_mode="one_hot")(inputs["sex"]),
        layers.CategoryEncoding(num_tokens=6, output_mode="multi_hot")(inputs["thal"]),
    ]
    x = layers.Dense(12, activation="relu")(layers.concatenate(features))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x)))


@example(integers(3, below=9))
def integer_lookup():
    """Integers by a vocabulary; unknown integers share one row."""
    inputs = keras.Input((3,), dtype="int64")
    x = layers.IntegerLookup(vocabulary=[2, 3, 5, 7], output_mode="multi_hot")(inputs)
    return keras.Model(inputs, layers.Dense(4)(x))


@example(choices(["red", "green", "blue", "violet"], 1))
def string_lookup():
    inputs = keras.Input((1,), dtype="string")
    x = layers.StringLookup(vocabulary=COLOURS)(inputs)
    return keras.Model(inputs, layers.Flatten()(layers.Embedding(4, 6)(x)))


@example(integers(1, below=10000))
def hashed_categories():
    inputs = keras.Input((1,), dtype="int32")
    x = layers.Flatten()(layers.Embedding(16, 6)(layers.Hashing(num_bins=16)(inputs)))
    return keras.Model(inputs, layers.Dense(3)(x))


@example(size=floats(1), rooms=integers(1, below=8))
def feature_space():
    """FeatureSpace with a cross of its features."""
    space = keras.utils.FeatureSpace(
        features={
            "size": keras.utils.FeatureSpace.float_discretized(num_bins=4),
            "rooms": keras.utils.FeatureSpace.integer_categorical(num_oov_indices=0),
        },
        crosses=[keras.utils.FeatureSpace.cross(("size", "rooms"), crossing_dim=8)],
        output_mode="concat",
    )
    rng = np.random.default_rng(6)
    table = {
        "size": rng.normal(size=(100, 1)).astype("float32"),
        "rooms": np.arange(100).reshape(100, 1) % 8,
    }
    space.adapt(tf.data.Dataset.from_tensor_slices(table).batch(20))
    encoded = space.get_encoded_features()
    x = layers.Dense(8, activation="relu")(encoded)
    return keras.Model(space.get_inputs(), layers.Dense(1)(x))


@example(floats(29))
def imbalanced_classes():
    return keras.Sequential(
        [
            keras.Input((29,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@example(floats(12), integers(2, below=20))
def deep_and_cross():
    numbers, categories = keras.Input((12,)), keras.Input((2,), dtype="int32")
    embedded = layers.Flatten()(layers.Embedding(20, 4)(categories))
    features = layers.concatenate([numbers, embedded])
    cross = features
    for _ in range(2):
        cross = features * layers.Dense(20)(cross) + cross
    cross = layers.BatchNormalization()(cross)
    deep = features
    for units in (16, 12):
        deep = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(deep)))
    merged = layers.concatenate([cross, layers.Dropout(0.1)(deep)])
    return keras.Model([numbers, categories], layers.Dense(3, activation="softmax")(merged))


@example(floats(6), floats(4))
def wide_and_deep():
    """A subclassed model that takes a pair, with two outputs."""

    class WideAndDeep(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = [layers.Dense(16, activation="relu") for _ in range(2)]
            self.main, self.auxiliary = layers.Dense(1), layers.Dense(1)

        def call(self, inputs):
            wide, x = inputs
            for layer in self.hidden:
                x = layer(x)
            return self.main(ops.concatenate([wide, x], axis=-1)), self.auxiliary(x)

    return WideAndDeep()


@example(integers(4, below=10), floats(5))
def tab_transformer():
    """The categories are a sequence for attention; each column has its own embedding."""
    categories, numbers = keras.Input((4,), dtype="int32"), keras.Input((5,))
    columns = [layers.Embedding(10, 8)(categories[:, index]) for index in range(4)]
    x = ops.stack(columns, axis=1) + layers.Embedding(4, 8)(ops.arange(4))
    for _ in range(2):
        attended = layers.MultiHeadAttention(num_heads=2, key_dim=8, dropout=0.2)(x, x)
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([attended, x]))
        y = layers.Dense(8)(layers.Dense(16, activation="gelu")(x))
        x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([y, x]))
    numbers_norm = layers.LayerNormalization(epsilon=1e-6)(numbers)
    x = layers.concatenate([layers.Flatten()(x), numbers_norm])
    x = layers.Dense(12, activation="selu")(layers.BatchNormalization()(x))
    return keras.Model([categories, numbers], layers.Dense(1, activation="sigmoid")(x))


@example(floats(5))
def gated_residual_network():
    """Variable selection: a gated residual network for each feature, weighed by a softmax."""

    def gated(x, units):
        y = layers.Dense(units, activation="elu")(x)
        y = layers.Dropout(0.1)(layers.Dense(units)(y))
        x = layers.Dense(units)(x) if x.shape[-1] != units else x
        y = layers.Dense(units)(y) * layers.Dense(units, activation="sigmoid")(y)
        return layers.LayerNormalization()(x + y)

    inputs = keras.Input((5,))
    columns = [layers.Dense(8)(column) for column in ops.split(inputs, 5, axis=1)]
    weights = layers.Dense(5, activation="softmax")(gated(layers.concatenate(columns), 8))
    mixed = ops.stack([gated(column, 8) for column in columns], axis=1)
    x = ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), mixed), axis=1)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


class DecisionTree(layers.Layer):
    """A tree whose inner nodes decide by a sigmoid of some of the features."""

    def __init__(self, depth, features, used, classes, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.leaves = depth, 2**depth
        chosen = np.random.default_rng(8).choice(features, used, replace=False)
        self.used_features = np.eye(features, dtype="float32")[chosen]
        self.outcomes = self.add_weight(shape=(self.leaves, classes), initializer="random_normal")
        self.decide = layers.Dense(self.leaves, activation="sigmoid")

    def call(self, features):
        batch = ops.shape(features)[0]
        features = ops.matmul(features, ops.transpose(self.used_features))
        decisions = ops.expand_dims(self.decide(features), axis=2)
        decisions = ops.concatenate([decisions, 1 - decisions], axis=2)
        reached = ops.ones([batch, 1, 1])
        for level in range(self.depth):
            reached = ops.reshape(reached, [batch, -1, 1])
            reached = ops.tile(reached, (1, 1, 2))
            reached = reached * decisions[:, 2**level : 2 ** (level + 1), :]
        return ops.matmul(ops.reshape(reached, [batch, self.leaves]), self.outcomes)


@example(floats(10))
def neural_decision_tree():
    inputs = keras.Input((10,))
    x = layers.BatchNormalization()(inputs)
    return keras.Model(inputs, ops.softmax(DecisionTree(3, 10, 6, 3)(x)))
