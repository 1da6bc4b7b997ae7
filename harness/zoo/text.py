"""Text: classification, tagging, similarity and language models."""

import keras
import numpy as np
from keras import layers, ops

from harness.zoo.blocks import PositionEmbedding, TransformerBlock, causal_mask
from harness.zoo.registry import example, integers, padded_tokens

VOCABULARY, LENGTH = 60, 16


@example(integers(LENGTH, below=VOCABULARY))
def text_convolutions():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 16)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(16, 7, padding="valid", activation="relu", strides=2)(x)
    x = layers.Conv1D(16, 3, padding="valid", activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(16, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


@example(integers(LENGTH, below=VOCABULARY))
def text_cnn():
    """Parallel convolutions of several widths (Kim, 2014)."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 12)(inputs)
    pooled = []
    for width in (3, 4, 5):
        y = layers.Conv1D(8, width, activation="relu")(x)
        y = layers.MaxPooling1D(LENGTH - width + 1)(y)
        pooled.append(layers.Flatten()(y))
    x = layers.Dropout(0.5)(layers.Concatenate()(pooled))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


@example(integers(LENGTH, below=VOCABULARY))
def text_lstm():
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            layers.Embedding(VOCABULARY, 12),
            layers.LSTM(16, dropout=0.2, recurrent_dropout=0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@example(integers(LENGTH, below=VOCABULARY))
def text_bidirectional_lstm():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 12)(inputs)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(8))(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


@example(padded_tokens(LENGTH, VOCABULARY))
def text_masked_bidirectional():
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            layers.Embedding(VOCABULARY, 12, mask_zero=True),
            layers.Bidirectional(layers.LSTM(8, return_sequences=True)),
            layers.Bidirectional(layers.GRU(8)),
            layers.Dense(8, activation="relu"),
            layers.Dense(1),
        ]
    )


@example(padded_tokens(LENGTH, VOCABULARY))
def text_masked_gru():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 12, mask_zero=True)(inputs)
    x = layers.SpatialDropout1D(0.2)(x)
    x = layers.GRU(16, return_sequences=True)(x)
    x = layers.GRU(16)(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


@example(integers(LENGTH, below=VOCABULARY))
def text_gru():
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            layers.Embedding(VOCABULARY, 12),
            layers.GRU(16, return_sequences=True),
            layers.SimpleRNN(12),
            layers.Dense(3, activation="softmax"),
        ]
    )


@example(integers(LENGTH, below=VOCABULARY))
def text_transformer():
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = PositionEmbedding(LENGTH, VOCABULARY, 16)(inputs)
    x = TransformerBlock(16, 2, 24)(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(12, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


@example(padded_tokens(LENGTH, VOCABULARY))
def text_masked_average():
    """A bag of embeddings, in which padding does not count."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 16, mask_zero=True)(inputs)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dense(12, activation="gelu")(x)
    return keras.Model(inputs, layers.Dense(5)(x))


@example(padded_tokens(LENGTH, VOCABULARY))
def named_entities_transformer():
    """A tag for each token."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = PositionEmbedding(LENGTH, VOCABULARY, 16, mask_zero=True)(inputs)
    x = TransformerBlock(16, 4, 24)(x)
    x = layers.Dense(12, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(7, activation="softmax")(x))


@example(padded_tokens(LENGTH, VOCABULARY))
def masked_language_model():
    """BERT in small: exact GELU, and the padding is masked for the attention by hand."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    visible = ops.expand_dims(ops.not_equal(inputs, 0), 1)
    x = PositionEmbedding(LENGTH, VOCABULARY, 16)(inputs)
    for _ in range(2):
        attended = layers.MultiHeadAttention(2, 8)(x, x, x, attention_mask=visible)
        x = layers.LayerNormalization(epsilon=1e-6)(x + attended)
        y = layers.Dense(32, activation=lambda v: keras.activations.gelu(v))(x)
        x = layers.LayerNormalization(epsilon=1e-6)(x + layers.Dense(16)(y))
    return keras.Model(inputs, layers.Dense(VOCABULARY, activation="softmax")(x))


@example(integers(LENGTH, below=VOCABULARY))
def mini_gpt():
    """A decoder with a causal mask that is written by hand."""
    inputs = keras.Input((None,), dtype="int32")
    x = PositionEmbedding(LENGTH, VOCABULARY, 16)(inputs)
    x = TransformerBlock(16, 2, 24, mask=causal_mask)(x)
    return keras.Model(inputs, [layers.Dense(VOCABULARY)(x), x])


@example(integers(LENGTH, below=VOCABULARY))
def gpt():
    """Normalization first, `use_causal_mask`, and the embedding again as the output layer."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    embedding = layers.Embedding(VOCABULARY, 16)
    x = embedding(inputs) + layers.Embedding(LENGTH, 16)(ops.arange(LENGTH))
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(4, 4)(y, y, use_causal_mask=True)
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        y = layers.Dense(64, activation=lambda v: keras.activations.gelu(v, approximate=True))(y)
        x = x + layers.Dense(16)(y)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(inputs, ops.matmul(x, ops.transpose(embedding.embeddings)))


@example(integers(LENGTH, below=VOCABULARY))
def llama():
    """RMSNormalization, rotary positions, grouped queries and SwiGLU."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 16)(inputs)
    angles = ops.outer(ops.arange(LENGTH, dtype="float32"), 10.0 ** -np.arange(0, 4, 0.5))
    y = layers.RMSNormalization()(x)
    first, second = ops.split(y, 2, axis=-1)
    cos, sin = ops.cos(angles), ops.sin(angles)
    y = ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
    x = x + layers.GroupQueryAttention(4, 4, 2)(y, y, use_causal_mask=True)
    y = layers.RMSNormalization()(x)
    y = layers.Dense(32, activation="silu")(y) * layers.Dense(32)(y)
    x = x + layers.Dense(16)(y)
    return keras.Model(inputs, layers.Dense(VOCABULARY)(x))


@example(integers(LENGTH, below=VOCABULARY), integers(LENGTH, below=VOCABULARY))
def text_similarity():
    """Both texts go through the same recurrent encoder."""
    first, second = keras.Input((LENGTH,), dtype="int32"), keras.Input((LENGTH,), dtype="int32")
    encoder = keras.Sequential(
        [layers.Embedding(VOCABULARY, 12), layers.Bidirectional(layers.LSTM(8))], name="encoder"
    )
    a, b = encoder(first), encoder(second)
    x = layers.Concatenate()([a, b, ops.abs(a - b), a * b])
    return keras.Model([first, second], layers.Dense(3, activation="softmax")(x))


@example(padded_tokens(LENGTH, VOCABULARY))
def text_attention_pooling():
    """A GRU whose steps are weighed by Attention with a learned query."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 12, mask_zero=True)(inputs)
    x = layers.Bidirectional(layers.GRU(6, return_sequences=True))(x)
    scores = layers.Dense(1, activation="tanh")(x)
    x = ops.sum(ops.softmax(scores, axis=1) * x, axis=1)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


@example(integers(LENGTH, below=VOCABULARY))
def switch_transformer():
    """Each token goes to the expert that the router is most sure of."""
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = PositionEmbedding(LENGTH, VOCABULARY, 16)(inputs)
    gates = layers.Dense(4, activation="softmax")(x)
    chosen = ops.one_hot(ops.argmax(gates, axis=-1), 4) * gates
    experts = [layers.Dense(16, activation="relu")(x) for _ in range(4)]
    mixed = ops.sum(ops.stack(experts, axis=-1) * ops.expand_dims(chosen, -2), axis=-1)
    x = layers.LayerNormalization()(x + mixed)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(2)(x))
