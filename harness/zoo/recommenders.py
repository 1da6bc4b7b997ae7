"""Recommendations, graphs and agents."""

import keras
import numpy as np
from keras import layers, ops

from harness.zoo.registry import example, floats, images, integers, padded_tokens

USERS, ITEMS = 30, 40


class Recommender(keras.Model):
    """Collaborative filtering: a dot product of embeddings and two biases."""

    def __init__(self):
        super().__init__()
        self.user_embedding = layers.Embedding(USERS, 12, embeddings_initializer="he_normal")
        self.user_bias = layers.Embedding(USERS, 1)
        self.item_embedding = layers.Embedding(ITEMS, 12, embeddings_initializer="he_normal")
        self.item_bias = layers.Embedding(ITEMS, 1)

    def call(self, inputs):
        user, item = inputs[:, 0], inputs[:, 1]
        match = ops.sum(
            self.user_embedding(user) * self.item_embedding(item), axis=1, keepdims=True
        )
        return ops.nn.sigmoid(match + self.user_bias(user) + self.item_bias(item))


@example(integers(2, below=USERS))
def collaborative_filtering():
    return Recommender()


@example(user=integers(below=USERS), item=integers(below=ITEMS))
def two_towers():
    """A functional model with scalar inputs and a normalized Dot."""
    user = keras.Input((), dtype="int32", name="user")
    item = keras.Input((), dtype="int32", name="item")
    first = layers.Dense(8)(layers.Embedding(USERS, 12)(user))
    second = layers.Dense(8)(layers.Embedding(ITEMS, 12)(item))
    return keras.Model(
        {"user": user, "item": item}, layers.Dot(axes=1, normalize=True)([first, second])
    )


class Retrieval(keras.Model):
    """A subclassed model with dicts of inputs and outputs: the best of all items."""

    def __init__(self):
        super().__init__()
        self.users = layers.Embedding(USERS, 8)
        self.items = layers.Embedding(ITEMS, 8)
        self.tower = keras.Sequential([layers.Dense(12, activation="relu"), layers.Dense(8)])

    def call(self, inputs):
        query = self.tower(self.users(inputs["user"]) + inputs["context"])
        scores = ops.matmul(query, ops.transpose(self.items(ops.arange(ITEMS))))
        best, indices = ops.top_k(scores, 4)
        return {"scores": best, "items": indices}


@example(user=integers(below=USERS), context=floats(8))
def retrieval():
    return Retrieval()


@example(padded_tokens(8, ITEMS), integers(1, below=ITEMS))
def behaviour_transformer():
    """A sequence of the user's items and the candidate item, with masked padding."""
    seen, target = keras.Input((8,), dtype="int32"), keras.Input((1,), dtype="int32")
    sequence = layers.Concatenate(axis=1)([seen, target])
    x = layers.Embedding(ITEMS, 12, mask_zero=True)(sequence)
    x = x + layers.Embedding(9, 12)(ops.arange(9))
    y = layers.MultiHeadAttention(3, 4, dropout=0.1)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    x = layers.LeakyReLU()(layers.BatchNormalization()(layers.Dense(16)(layers.Flatten()(x))))
    return keras.Model([seen, target], layers.Dense(1)(x))


@example(integers(below=1000))
def compact_embeddings():
    """Quotient and remainder choose two rows whose product is the embedding."""
    inputs = keras.Input((), dtype="int32")
    quotient = layers.Embedding(32, 8)(ops.floor_divide(inputs, 32))
    remainder = layers.Embedding(32, 8)(ops.mod(inputs, 32))
    x = layers.Multiply()([quotient, remainder])
    return keras.Model(inputs, layers.Dense(4)(x))


class GraphAttention(layers.Layer):
    """Attention of nodes along the edges of one graph: gathers and sums of segments."""

    def __init__(self, units, edges, nodes, **kwargs):
        super().__init__(**kwargs)
        self.units, self.nodes = units, nodes
        self.edges = edges

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.attention = self.add_weight(shape=(self.units * 2, 1), name="attention")

    def call(self, states):
        states = ops.matmul(states, self.kernel)
        pairs = ops.reshape(ops.take(states, self.edges, axis=0), (-1, self.units * 2))
        scores = ops.leaky_relu(ops.squeeze(ops.matmul(pairs, self.attention), -1))
        scores = ops.exp(ops.clip(scores, -2, 2))
        totals = ops.segment_sum(scores, self.edges[:, 0], num_segments=self.nodes)
        weights = scores / ops.take(totals, self.edges[:, 0])
        messages = ops.take(states, self.edges[:, 1], axis=0) * weights[:, None]
        return ops.segment_sum(messages, self.edges[:, 0], num_segments=self.nodes)


@example(integers(below=12))
def graph_attention():
    """Classes of the requested nodes; the graph is part of the model."""
    rng = np.random.default_rng(9)
    features = rng.normal(size=(12, 6)).astype("float32")
    edges = np.concatenate([rng.integers(0, 12, (30, 2)), np.arange(12)[:, None].repeat(2, 1)])

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = GraphAttention(8, edges, 12)
            self.second = GraphAttention(8, edges, 12)
            self.head = layers.Dense(3)

        def call(self, nodes):
            x = ops.relu(self.first(ops.convert_to_tensor(features)))
            x = x + self.second(x)
            return self.head(ops.take(x, nodes, axis=0))

    return Network()


@example(floats(9, 6), images(9, 9))
def message_passing():
    """Molecules: features of atoms and a matrix of bonds, with a GRU cell as the update."""
    atoms, bonds = keras.Input((9, 6)), keras.Input((9, 9))
    x = layers.Dense(8, activation="relu")(atoms)
    cell = layers.GRUCell(8)
    for _ in range(3):
        messages = ops.reshape(ops.matmul(bonds, layers.Dense(8)(x)), (-1, 8))
        _, (x,) = cell(messages, [ops.reshape(x, (-1, 8))])
        x = ops.reshape(x, (-1, 9, 8))
    x = layers.GlobalAveragePooling1D()(layers.Dense(12, activation="relu")(x))
    return keras.Model([atoms, bonds], layers.Dense(1, activation="sigmoid")(x))


@example(floats(4))
def actor_critic():
    inputs = keras.Input((4,))
    common = layers.Dense(24, activation="relu")(inputs)
    action = layers.Dense(2, activation="softmax")(common)
    return keras.Model(inputs, [action, layers.Dense(1)(common)])


@example(images(36, 36, 4, most=255))
def deep_q_network():
    """Frames of a game to the values of its actions, with the best action."""
    inputs = keras.Input((36, 36, 4))
    x = layers.Lambda(lambda t: ops.transpose(t, [0, 2, 1, 3]) / 255.0)(inputs)
    x = layers.Conv2D(8, 8, strides=4, activation="relu")(x)
    x = layers.Conv2D(12, 4, strides=2, activation="relu")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    values = layers.Dense(4, activation="linear")(x)
    return keras.Model(inputs, {"values": values, "action": ops.argmax(values, axis=1)})
