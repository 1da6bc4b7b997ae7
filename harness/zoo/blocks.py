"""Layers that several examples share."""

import keras
from keras import layers, ops


class PositionEmbedding(layers.Layer):
    """The sum of a token's and its position's embedding."""

    def __init__(self, length, vocabulary, width, mask_zero=False, **kwargs):
        super().__init__(**kwargs)
        self.tokens = layers.Embedding(vocabulary, width, mask_zero=mask_zero)
        self.positions = layers.Embedding(length, width)

    def call(self, inputs):
        positions = ops.arange(0, ops.shape(inputs)[-1], 1)
        return self.tokens(inputs) + self.positions(positions)

    def compute_mask(self, inputs, mask=None):
        return self.tokens.compute_mask(inputs)


class TransformerBlock(layers.Layer):
    """Attention and two dense layers, each followed by a residual and a normalization."""

    def __init__(self, width, heads, hidden, mask=None, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.make_mask = mask
        self.attention = layers.MultiHeadAttention(heads, width // heads)
        self.hidden = keras.Sequential([layers.Dense(hidden, "relu"), layers.Dense(width)])
        self.first_norm = layers.LayerNormalization(epsilon=1e-6)
        self.second_norm = layers.LayerNormalization(epsilon=1e-6)
        self.dropout = layers.Dropout(0.1)

    def call(self, inputs, training=False):
        mask = self.make_mask(inputs) if self.make_mask else None
        attended = self.attention(inputs, inputs, attention_mask=mask)
        x = self.first_norm(inputs + self.dropout(attended, training=training))
        return self.second_norm(x + self.dropout(self.hidden(x), training=training))


def causal_mask(inputs):
    """Return the mask [batch, length, length] that hides later tokens, from shapes only."""
    batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
    rows, columns = ops.arange(length)[:, None], ops.arange(length)
    mask = ops.cast(rows >= columns, "int32")
    return ops.tile(ops.reshape(mask, (1, length, length)), (batch, 1, 1))


def mlp(x, widths, dropout=0.1, activation="gelu"):
    """Dense layers, each followed by dropout."""
    for width in widths:
        x = layers.Dense(width, activation=activation)(x)
        x = layers.Dropout(dropout)(x)
    return x


class Patches(layers.Layer):
    """Cut images into square patches: [batch, patches, size * size * channels]."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, images):
        patches = ops.image.extract_patches(images, size=self.size)
        batch, rows, columns, depth = ops.shape(patches)
        return ops.reshape(patches, (batch, rows * columns, depth))


class PatchEncoder(layers.Layer):
    """Project patches, and add an embedding of their positions."""

    def __init__(self, count, width, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.projection = layers.Dense(width)
        self.positions = layers.Embedding(count, width)

    def call(self, patches):
        positions = ops.expand_dims(ops.arange(0, self.count, 1), 0)
        return self.projection(patches) + self.positions(positions)


class Sampling(layers.Layer):
    """Draw z from a normal distribution in training; at inference z is the mean."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs, training=False):
        mean, log_var = inputs
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_var) * noise
