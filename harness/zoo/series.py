"""Time series, sound and video."""

import keras
from keras import layers, ops

from harness.zoo.registry import example, floats, images, padded_mask

LENGTH = 20


@example(floats(LENGTH, 7))
def weather_forecast():
    inputs = keras.Input((LENGTH, 7))
    x = layers.LSTM(16)(inputs)
    return keras.Model(inputs, layers.Dense(1)(x))


@example(floats(LENGTH, 5))
def stacked_recurrent_cells():
    cells = [layers.LSTMCell(12), layers.GRUCell(10), layers.SimpleRNNCell(8)]
    inputs = keras.Input((None, 5))
    x = layers.RNN(cells, return_sequences=True)(inputs)
    x = layers.TimeDistributed(layers.Dense(6, activation="relu"))(x)
    return keras.Model(inputs, layers.GlobalMaxPooling1D()(x))


class MinimalCell(layers.Layer):
    """A custom recurrent cell, as in the guide to RNNs."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), name="recurrent_kernel"
        )

    def call(self, inputs, states):
        output = ops.tanh(
            ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel)
        )
        return output, [output]


@example(floats(LENGTH, 5))
def custom_cell():
    inputs = keras.Input((LENGTH, 5))
    x = layers.RNN(MinimalCell(12), go_backwards=True, return_sequences=True)(inputs)
    return keras.Model(inputs, layers.Dense(2)(layers.RNN(MinimalCell(8))(x)))


@example(floats(LENGTH, 5))
def masked_series():
    """Steps that are all zero are skipped."""
    inputs = keras.Input((LENGTH, 5))
    x = layers.Masking()(layers.ReLU(threshold=0.3)(inputs))
    x = layers.LSTM(10, return_sequences=True)(x)
    return keras.Model(inputs, layers.Dense(3)(layers.LSTM(8)(x)))


@example(floats(LENGTH, 1))
def series_convolutions():
    inputs = keras.Input((LENGTH, 1))
    x = inputs
    for _ in range(3):
        x = layers.Conv1D(12, kernel_size=3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


@example(floats(LENGTH, 3))
def series_transformer():
    inputs = keras.Input((LENGTH, 3))
    x = inputs
    for _ in range(2):
        y = layers.MultiHeadAttention(key_dim=8, num_heads=2, dropout=0.25)(x, x)
        y = layers.LayerNormalization(epsilon=1e-6)(layers.Dropout(0.25)(y))
        residual = y + x
        y = layers.Conv1D(4, kernel_size=1, activation="relu")(residual)
        y = layers.Conv1D(3, kernel_size=1)(layers.Dropout(0.25)(y))
        x = layers.LayerNormalization(epsilon=1e-6)(y) + residual
    x = layers.GlobalAveragePooling1D(data_format="channels_last")(x)
    x = layers.Dense(12, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


@example(floats(LENGTH, 4))
def anomaly_autoencoder():
    inputs = keras.Input((LENGTH, 4))
    x = layers.Conv1D(16, 7, padding="same", strides=2, activation="relu")(inputs)
    x = layers.Dropout(0.2)(x)
    x = layers.Conv1D(8, 7, padding="same", strides=2, activation="relu")(x)
    x = layers.Conv1DTranspose(8, 7, padding="same", strides=2, activation="relu")(x)
    x = layers.Conv1DTranspose(16, 7, padding="same", strides=2, activation="relu")(x)
    return keras.Model(inputs, layers.Conv1DTranspose(4, 7, padding="same")(x))


@example(floats(32, 1))
def wavenet():
    """Causal dilated convolutions with gates, residuals and skips."""
    inputs = keras.Input((None, 1))
    x = layers.Conv1D(8, 2, padding="causal")(inputs)
    skips = []
    for rate in (1, 2, 4, 8):
        gate = layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        value = layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
        z = layers.Multiply()([gate, value])
        skips.append(layers.Conv1D(8, 1)(z))
        x = layers.Add()([x, layers.Conv1D(8, 1)(z)])
    x = layers.ReLU()(layers.Add()(skips))
    x = layers.Conv1D(16, 1, activation="relu")(x)
    return keras.Model(inputs, layers.Conv1D(16, 1, activation="softmax")(x))


@example(floats(40, 1))
def speaker_recognition():
    inputs = keras.Input((40, 1))
    x = inputs
    for filters, count in ((4, 2), (8, 2), (12, 3)):
        shortcut = layers.Conv1D(filters, 1, padding="same")(x)
        for _ in range(count - 1):
            x = layers.Conv1D(filters, 3, padding="same")(x)
            x = layers.Activation("relu")(x)
        x = layers.Conv1D(filters, 3, padding="same")(x)
        x = layers.Activation("relu")(layers.Add()([x, shortcut]))
        x = layers.MaxPooling1D(pool_size=2, strides=2)(x)
    x = layers.AveragePooling1D(pool_size=3, strides=3)(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


@example(floats(24, 16))
def deep_speech():
    """CTC: convolutions over the spectrogram, then bidirectional GRUs."""
    inputs = keras.Input((None, 16))
    x = layers.Reshape((-1, 16, 1))(inputs)
    for size, strides in (((5, 7), (2, 2)), ((5, 5), (1, 2))):
        x = layers.Conv2D(4, size, strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Reshape((-1, x.shape[-2] * x.shape[-1]))(x)
    for index in range(2):
        recurrent = layers.GRU(8, return_sequences=True, reset_after=True, name=f"gru_{index}")
        x = layers.Bidirectional(recurrent)(x)
        x = layers.Dropout(0.5)(x)
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(12, activation="softmax")(x))


@example(images(5, 12, 12, 1))
def next_frame():
    inputs = keras.Input((None, 12, 12, 1))
    x = layers.ConvLSTM2D(6, 5, padding="same", return_sequences=True, activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ConvLSTM2D(6, 3, padding="same", return_sequences=True, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv3D(1, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(inputs, x)


@example(images(4, 16, 16, 3))
def video_convolutions():
    """(2+1)D convolutions: in space, then in time."""
    inputs = keras.Input((4, 16, 16, 3))
    x = layers.Conv3D(8, (1, 7, 7), padding="same")(inputs)
    x = layers.Conv3D(8, (3, 1, 1), padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.LayerNormalization()(layers.Conv3D(8, (1, 3, 3), padding="same")(x))
    x = layers.MaxPooling3D((1, 2, 2))(layers.Add()([x, y]))
    x = layers.Flatten()(layers.GlobalAveragePooling3D()(x))
    return keras.Model(inputs, layers.Dense(5)(x))


@example(floats(6, 24), padded_mask(6))
def video_frames_gru():
    """Features of frames and a mask of the frames that exist."""
    frames, mask = keras.Input((6, 24)), keras.Input((6,), dtype="bool")
    x = layers.GRU(16, return_sequences=True)(frames, mask=mask)
    x = layers.Dropout(0.4)(layers.GRU(8)(x))
    x = layers.Dense(8, activation="relu")(x)
    return keras.Model([frames, mask], layers.Dense(5, activation="softmax")(x))


@example(images(8, 16, 16, 3))
def video_transformer():
    """ViViT: tubelets of a 3D convolution, then attention."""
    inputs = keras.Input((8, 16, 16, 3))
    x = layers.Conv3D(16, 4, strides=4, padding="valid")(inputs)
    x = layers.Reshape((-1, 16))(x)
    x = x + layers.Embedding(32, 16)(ops.arange(32))
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.Add()([layers.MultiHeadAttention(2, 8, dropout=0.1)(y, y), x])
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    y = layers.Dense(16, activation="gelu")(layers.Dense(32, activation="gelu")(y))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([y, x]))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(layers.GlobalAvgPool1D()(x)))


@example(floats(8, 5, 2))
def traffic_forecast():
    """A graph convolution of sensors at each step, then an LSTM: [batch, time, sensor, feature]."""
    adjacency = ops.softmax(keras.random.normal((5, 5), seed=3))
    inputs = keras.Input((8, 5, 2))
    neighbours = ops.einsum("ij,btjf->btif", adjacency, inputs)
    x = layers.Dense(6, activation="relu")(ops.concatenate([inputs, neighbours], axis=-1))
    x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, 8, 6))
    x = layers.Dense(3)(layers.LSTM(8, activation="relu")(x))
    return keras.Model(inputs, ops.transpose(ops.reshape(x, (-1, 5, 3)), (0, 2, 1)))
