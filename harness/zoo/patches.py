"""Images as sequences of patches, and points in space."""

import keras
import numpy as np
from keras import layers, ops

from harness.zoo.blocks import PatchEncoder, Patches, mlp
from harness.zoo.registry import example, floats, images


def _augmented(inputs):
    augmentation = keras.Sequential(
        [layers.Normalization(mean=0.4, variance=0.3), layers.RandomFlip("horizontal")]
    )
    return augmentation(inputs)


@example(images(24, 24, 3))
def vision_transformer():
    inputs = keras.Input((24, 24, 3))
    x = PatchEncoder(16, 16)(Patches(6)(_augmented(inputs)))
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.MultiHeadAttention(num_heads=2, key_dim=16, dropout=0.1)(y, y)
        x = layers.Add()([y, x])
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([mlp(y, [32, 16], activation=keras.activations.gelu), x])
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    x = mlp(layers.Dropout(0.5)(layers.Flatten()(x)), [32, 16], 0.5)
    return keras.Model(inputs, layers.Dense(6)(x))


@example(images(24, 24, 3))
def mlp_mixer():
    inputs = keras.Input((24, 24, 3))
    x = layers.Dense(12)(Patches(6)(_augmented(inputs)))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        y = ops.transpose(y, (0, 2, 1))
        y = layers.Dense(16)(layers.Dense(16, activation="gelu")(y))
        x = x + ops.transpose(y, (0, 2, 1))
        y = layers.LayerNormalization()(x)
        x = x + layers.Dense(12)(layers.Dense(12, activation="gelu")(y))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, layers.Dense(6, activation="softmax")(x))


class SpatialGating(layers.Layer):
    """gMLP: half of the channels, mixed over the patches, gate the other half."""

    def __init__(self, patches, hidden, width, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(hidden * 2, activation="gelu")
        self.second = layers.Dense(width)
        self.spatial = layers.Dense(patches, bias_initializer="ones")
        self.norm = layers.LayerNormalization(epsilon=1e-6)
        self.gate_norm = layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs):
        u, v = ops.split(self.first(self.norm(inputs)), 2, axis=-1)
        v = ops.transpose(self.gate_norm(v), (0, 2, 1))
        v = ops.transpose(self.spatial(v), (0, 2, 1))
        return inputs + self.second(u * v)


@example(images(24, 24, 3))
def gmlp():
    inputs = keras.Input((24, 24, 3))
    x = layers.Dense(12)(Patches(6)(inputs))
    for _ in range(2):
        x = SpatialGating(16, 12, 12)(x)
    return keras.Model(inputs, layers.Dense(6)(layers.GlobalAveragePooling1D()(x)))


@example(images(20, 20, 3, most=255))
def convmixer():
    def activated(x):
        return layers.BatchNormalization()(layers.Activation("gelu")(x))

    inputs = keras.Input((20, 20, 3))
    x = layers.Rescaling(scale=1.0 / 255)(inputs)
    x = activated(layers.Conv2D(12, kernel_size=2, strides=2)(x))
    for _ in range(3):
        y = layers.DepthwiseConv2D(kernel_size=5, padding="same")(x)
        x = layers.Add()([activated(y), x])
        x = activated(layers.Conv2D(12, kernel_size=1)(x))
    x = layers.GlobalAvgPool2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x))


@example(images(24, 24, 3))
def compact_transformer():
    """A convolutional tokenizer and pooling of the sequence by attention weights."""
    inputs = keras.Input((24, 24, 3))
    x = inputs
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, padding="valid", use_bias=False, activation="relu")(x)
        x = layers.ZeroPadding2D(1)(x)
        x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.Reshape((36, 16))(x)
    x = x + layers.Embedding(36, 16)(ops.arange(36))
    y = layers.LayerNormalization(epsilon=1e-5)(x)
    x = layers.Add()([layers.MultiHeadAttention(2, 16)(y, y), x])
    y = layers.LayerNormalization(epsilon=1e-5)(x)
    x = layers.Add()([mlp(y, [16, 16]), x])
    weights = ops.softmax(layers.Dense(1)(x), axis=1)
    pooled = ops.matmul(ops.transpose(weights, (0, 2, 1)), x)
    return keras.Model(inputs, layers.Dense(5)(ops.squeeze(pooled, axis=1)))


def _windows(x, size, rows, columns):
    channels = x.shape[-1]
    x = ops.reshape(x, (-1, rows // size, size, columns // size, size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, size * size, channels))


def _unwindowed(x, size, rows, columns):
    channels = x.shape[-1]
    x = ops.reshape(x, (-1, rows // size, columns // size, size, size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, rows, columns, channels))


@example(images(32, 32, 3))
def swin_transformer():
    """Attention in windows that are shifted (roll), and merging of patches."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(12, 4, strides=4)(inputs)
    for shift in (0, 2):
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        y = ops.roll(y, (-shift, -shift), axis=(1, 2)) if shift else y
        y = _windows(y, 4, 8, 8)
        y = _unwindowed(layers.MultiHeadAttention(2, 6)(y, y), 4, 8, 8)
        y = ops.roll(y, (shift, shift), axis=(1, 2)) if shift else y
        x = x + y
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(12)(layers.Dense(24, activation="gelu")(y))
    corners = [x[:, i::2, j::2] for i in range(2) for j in range(2)]
    x = layers.Dense(16, use_bias=False)(ops.concatenate(corners, axis=-1))
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(ops.mean(x, axis=(1, 2))))


@example(images(16, 16, 3))
def mobilevit():
    """Convolutions whose pixels are regrouped for attention, then put back."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(12, 3, 2, padding="same", activation="silu")(inputs)
    local = layers.Conv2D(12, 1, activation="silu")(x)
    y = layers.Reshape((4, 16, 12))(local)
    z = layers.LayerNormalization(epsilon=1e-6)(y)
    y = y + layers.MultiHeadAttention(2, 12)(z, z)
    y = layers.Reshape((8, 8, 12))(y)
    y = layers.Conv2D(12, 1, activation="silu")(y)
    x = layers.Conv2D(12, 3, padding="same", activation="silu")(layers.Concatenate()([x, y]))
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAvgPool2D()(x)))


@example(images(16, 16, 3))
def external_attention():
    """EANet: attention to two memories, normalized twice."""
    inputs = keras.Input((16, 16, 3))
    x = PatchEncoder(16, 12)(Patches(4)(inputs))
    y = layers.LayerNormalization(epsilon=1e-5)(x)
    y = layers.Dense(24)(y)
    y = ops.transpose(ops.reshape(y, (-1, 16, 4, 6)), (0, 2, 1, 3))
    weights = layers.Activation("softmax")(layers.Dense(8)(y))
    weights = weights / (1e-9 + ops.sum(weights, axis=-1, keepdims=True))
    y = layers.Dense(6)(weights)
    y = ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, 16, 24))
    x = x + layers.Dense(12)(y)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(ops.mean(x, axis=1)))


@example(images(16, 16, 3))
def perceiver():
    """A trainable latent array attends to the pixels."""

    class Latents(layers.Layer):
        def build(self, input_shape):
            self.latents = self.add_weight(shape=(8, 12), initializer="random_normal")

        def call(self, inputs):
            return ops.repeat(self.latents[None], ops.shape(inputs)[0], axis=0)

    inputs = keras.Input((16, 16, 3))
    data = PatchEncoder(64, 12)(Patches(2)(inputs))
    x = Latents()(data)
    for _ in range(2):
        y = layers.Attention(use_scale=True)([x, data, data], use_causal_mask=False)
        x = layers.LayerNormalization(epsilon=1e-6)(x + layers.Dense(12)(y))
        x = x + layers.MultiHeadAttention(2, 6)(x, x)
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling1D()(x)))


@example(images(12, 12, 3))
def involution():
    """A kernel for each place, made from its own values."""
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    kernel = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 1)(x)))
    kernel = layers.Reshape((12, 12, 9, 1, 2))(layers.Conv2D(18, 1)(kernel))
    patches = ops.image.extract_patches(x, size=3, strides=1, padding="same")
    patches = layers.Reshape((12, 12, 9, 4, 2))(patches)
    x = layers.Reshape((12, 12, 8))(ops.sum(kernel * patches, axis=3))
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(layers.MaxPooling2D(2)(x))))


class Rotation(layers.Layer):
    """PointNet's transformation: a matrix for each cloud of points."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.first = layers.Conv1D(16, 1, activation="relu")
        self.pool = layers.GlobalMaxPooling1D()
        self.second = layers.Dense(size * size, bias_initializer=self.identity)

    def identity(self, shape, dtype=None):
        return ops.convert_to_tensor(np.eye(self.size).ravel(), dtype)

    def call(self, points):
        matrix = self.second(self.pool(self.first(points)))
        return ops.matmul(points, ops.reshape(matrix, (-1, self.size, self.size)))


@example(floats(24, 3))
def pointnet():
    inputs = keras.Input((24, 3))
    x = Rotation(3)(inputs)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.0)(layers.Conv1D(8, 1)(x)))
    x = Rotation(8)(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.0)(layers.Conv1D(16, 1)(x)))
    x = layers.Dropout(0.3)(layers.Dense(12, activation="relu")(layers.GlobalMaxPooling1D()(x)))
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


class BesideEach(layers.Layer):
    """Concatenate the features of the whole cloud to those of each point."""

    def call(self, inputs):
        points, whole = inputs
        return ops.concatenate([points, ops.tile(whole, [1, ops.shape(points)[1], 1])], axis=-1)


@example(floats(12, 3))
def pointnet_segmentation():
    """A class for each point, from its features and those of the whole cloud."""
    inputs = keras.Input((None, 3))
    x = layers.Conv1D(8, 1, activation="relu")(inputs)
    whole = ops.max(layers.Conv1D(16, 1, activation="relu")(x), axis=1, keepdims=True)
    x = layers.Conv1D(12, 1, activation="relu")(BesideEach()([x, whole]))
    return keras.Model(inputs, layers.Conv1D(4, 1, activation="softmax")(x))


@example(floats(10, 6))
def nerf():
    """Rays: sines and cosines of coordinates, a skip, and weights from a cumulative product."""
    inputs = keras.Input((10, 6))
    encoded = [inputs]
    for power in range(3):
        encoded += [ops.sin(2.0**power * inputs), ops.cos(2.0**power * inputs)]
    encoded = ops.concatenate(encoded, axis=-1)
    x = layers.Dense(16, activation="relu")(encoded)
    x = layers.Dense(16, activation="relu")(ops.concatenate([x, encoded], axis=-1))
    raw = layers.Dense(4)(x)
    alpha = 1.0 - ops.exp(-ops.relu(raw[..., 3]) * 0.1)
    weights = alpha * ops.cumprod(1.0 - alpha + 1e-10, axis=-1)
    return keras.Model(inputs, ops.sum(weights[..., None] * ops.sigmoid(raw[..., :3]), axis=-2))
