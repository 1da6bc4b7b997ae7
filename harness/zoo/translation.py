"""Sequences to sequences: translation, addition, captions of images."""

import keras
from keras import layers, ops

from harness.zoo.blocks import PositionEmbedding, causal_mask
from harness.zoo.registry import example, floats, images, integers, padded_tokens

VOCABULARY, LENGTH, WIDTH = 40, 10, 16


@example(floats(LENGTH, 12), floats(LENGTH - 2, 14))
def seq2seq_lstm():
    """The decoder begins with the encoder's states; lengths are unknown."""
    encoder_inputs = keras.Input((None, 12))
    _, h, c = layers.LSTM(16, return_state=True)(encoder_inputs)
    decoder_inputs = keras.Input((None, 14))
    decoder = layers.LSTM(16, return_sequences=True, return_state=True)
    x, _, _ = decoder(decoder_inputs, initial_state=[h, c])
    outputs = layers.Dense(14, activation="softmax")(x)
    return keras.Model([encoder_inputs, decoder_inputs], outputs)


@example(integers(1, below=VOCABULARY), floats(16), floats(16))
def seq2seq_decoder_step():
    """The decoder alone: one token, and states in and out."""
    token = keras.Input((1,), dtype="int32")
    states = [keras.Input((16,)), keras.Input((16,))]
    x = layers.Embedding(VOCABULARY, 12)(token)
    x, h, c = layers.LSTM(16, return_sequences=True, return_state=True)(x, initial_state=states)
    x = layers.Dense(VOCABULARY, activation="softmax")(x)
    return keras.Model([token, *states], [x, h, c])


@example(padded_tokens(LENGTH, VOCABULARY), padded_tokens(LENGTH, VOCABULARY))
def seq2seq_gru_masked():
    """Padded source and target, a bidirectional encoder whose states are added."""
    source, target = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 12, mask_zero=True)(source)
    encoded = layers.Bidirectional(layers.GRU(16), merge_mode="sum")(x)
    x = layers.Embedding(VOCABULARY, 12, mask_zero=True)(target)
    x = layers.GRU(16, return_sequences=True)(x, initial_state=encoded)
    x = layers.Dropout(0.5)(x)
    return keras.Model([source, target], layers.Dense(VOCABULARY, activation="softmax")(x))


@example(floats(7, 12))
def addition_rnn():
    """Digits of a sum in, digits of the result out."""
    return keras.Sequential(
        [
            keras.Input((7, 12)),
            layers.LSTM(16),
            layers.RepeatVector(4),
            layers.LSTM(16, return_sequences=True),
            layers.TimeDistributed(layers.Dense(12, activation="softmax")),
        ]
    )


@example(integers(LENGTH, below=VOCABULARY), integers(LENGTH - 3, below=VOCABULARY))
def seq2seq_additive_attention():
    """Bahdanau's attention of the decoder's steps to the encoder's."""
    source, target = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, 12)(source)
    encoded, state = layers.GRU(16, return_sequences=True, return_state=True)(x)
    x = layers.Embedding(VOCABULARY, 12)(target)
    x = layers.GRU(16, return_sequences=True)(x, initial_state=state)
    context = layers.AdditiveAttention()([x, encoded])
    x = layers.Dense(16, activation="tanh")(layers.Concatenate()([x, context]))
    return keras.Model([source, target], layers.Dense(VOCABULARY)(x))


class TransformerDecoder(layers.Layer):
    """Causal attention to itself, attention to the encoder, two dense layers."""

    def __init__(self, width, heads, hidden, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.self_attention = layers.MultiHeadAttention(heads, width // heads)
        self.cross_attention = layers.MultiHeadAttention(heads, width // heads)
        self.hidden = keras.Sequential([layers.Dense(hidden, "relu"), layers.Dense(width)])
        self.norms = [layers.LayerNormalization() for _ in range(3)]

    def call(self, inputs, mask=None):
        x, encoded = inputs
        target_mask, source_mask = mask if mask is not None else (None, None)
        causal = causal_mask(x)
        if target_mask is not None:
            causal = ops.minimum(ops.cast(target_mask[:, None, :], "int32"), causal)
        cross = None if source_mask is None else source_mask[:, None, :]
        x = self.norms[0](x + self.self_attention(x, x, attention_mask=causal))
        x = self.norms[1](x + self.cross_attention(x, encoded, attention_mask=cross))
        return self.norms[2](x + self.hidden(x))

    def compute_output_shape(self, input_shape):
        return input_shape[0]


@example(
    encoder_inputs=padded_tokens(LENGTH, VOCABULARY),
    decoder_inputs=padded_tokens(LENGTH, VOCABULARY),
)
def translation_transformer():
    """Encoder and decoder with the masks of both paddings, in a model with a dict of inputs."""
    source = keras.Input((None,), dtype="int32", name="encoder_inputs")
    target = keras.Input((None,), dtype="int32", name="decoder_inputs")
    x = PositionEmbedding(LENGTH, VOCABULARY, WIDTH, mask_zero=True)(source)
    y = layers.MultiHeadAttention(2, 8)(x, x)
    x = layers.LayerNormalization()(x + y)
    y = layers.Dense(WIDTH)(layers.Dense(32, activation="relu")(x))
    encoded = layers.LayerNormalization()(x + y)
    x = PositionEmbedding(LENGTH, VOCABULARY, WIDTH, mask_zero=True)(target)
    x = TransformerDecoder(WIDTH, 2, 32)([x, encoded])
    x = layers.Dropout(0.5)(x)
    outputs = layers.Dense(VOCABULARY, activation="softmax")(x)
    return keras.Model({"encoder_inputs": source, "decoder_inputs": target}, outputs)


class Translator(keras.Model):
    """A subclassed transformer with a sinusoidal position code, called on a tuple."""

    def __init__(self):
        super().__init__()
        self.source_embedding = layers.Embedding(VOCABULARY, WIDTH)
        self.target_embedding = layers.Embedding(VOCABULARY, WIDTH)
        self.encoder = layers.MultiHeadAttention(2, 8)
        self.norm = layers.LayerNormalization()
        self.decoder = TransformerDecoder(WIDTH, 2, 32)
        self.head = layers.Dense(VOCABULARY)

    def call(self, inputs):
        source, target = inputs
        x = self.source_embedding(source)
        x = x * ops.sqrt(ops.cast(WIDTH, x.dtype)) + self.positions(x)
        encoded = self.norm(x + self.encoder(x, x))
        x = self.target_embedding(target)
        x = x * ops.sqrt(ops.cast(WIDTH, x.dtype)) + self.positions(x)
        return self.head(self.decoder([x, encoded]))

    def positions(self, x):
        steps = ops.arange(ops.shape(x)[1], dtype="float32")[:, None]
        rates = ops.exp(-ops.arange(WIDTH // 2, dtype="float32"))
        return ops.concatenate([ops.sin(steps * rates), ops.cos(steps * rates)], axis=-1)


@example(integers(LENGTH, below=VOCABULARY), integers(LENGTH, below=VOCABULARY))
def translation_subclassed():
    return Translator()


@example(images(32, 32, 3), padded_tokens(LENGTH, VOCABULARY))
def image_captioning():
    """Image features as the keys of a decoder's attention."""
    image, caption = keras.Input((32, 32, 3)), keras.Input((LENGTH,), dtype="int32")
    x = layers.Conv2D(16, 3, strides=4, padding="same", activation="relu")(image)
    x = layers.Conv2D(WIDTH, 3, strides=2, padding="same", activation="relu")(x)
    features = layers.LayerNormalization()(layers.Reshape((-1, WIDTH))(x))
    features = layers.Dense(WIDTH, activation="relu")(features)
    x = PositionEmbedding(LENGTH, VOCABULARY, WIDTH, mask_zero=True)(caption)
    x = TransformerDecoder(WIDTH, 2, 24)([x, features])
    return keras.Model([image, caption], layers.Dense(VOCABULARY, activation="softmax")(x))


@example(images(16, 16, 3), integers(8, below=VOCABULARY))
def visual_question_answering():
    """An image and a question, combined by a product."""
    image, question = keras.Input((16, 16, 3)), keras.Input((8,), dtype="int32")
    x = layers.Conv2D(8, 3, activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(16, activation="tanh")(layers.Flatten()(x))
    y = layers.LSTM(16)(layers.Embedding(VOCABULARY, 12)(question))
    x = layers.Dense(12, activation="relu")(layers.Multiply()([x, y]))
    return keras.Model([image, question], layers.Dense(6, activation="softmax")(x))


@example(floats(24, 8), integers(LENGTH, below=VOCABULARY))
def speech_transformer():
    """Strided convolutions of the sound, then an encoder and a decoder."""
    sound, text = keras.Input((24, 8)), keras.Input((LENGTH,), dtype="int32")
    x = sound
    for _ in range(2):
        x = layers.Conv1D(WIDTH, 11, strides=2, padding="same", activation="relu")(x)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x))
    y = PositionEmbedding(LENGTH, VOCABULARY, WIDTH)(text)
    y = TransformerDecoder(WIDTH, 2, 24)([y, x])
    return keras.Model([sound, text], layers.Dense(VOCABULARY)(y))
