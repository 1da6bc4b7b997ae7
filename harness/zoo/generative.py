"""Autoencoders, adversarial networks, diffusion and style."""

import keras
import numpy as np
from keras import layers, ops

from harness.zoo.blocks import Sampling
from harness.zoo.registry import example, floats, images, integers


@example(images(64))
def dense_autoencoder():
    inputs = keras.Input((64,))
    encoded = layers.Dense(16, activation="relu", activity_regularizer="l1")(inputs)
    return keras.Model(inputs, layers.Dense(64, activation="sigmoid")(encoded))


@example(images(16, 16, 1))
def denoising_autoencoder():
    inputs = keras.Input((16, 16, 1))
    x = layers.GaussianNoise(0.4)(inputs)
    x = layers.Conv2D(8, (3, 3), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = layers.Conv2D(8, (3, 3), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = layers.Conv2DTranspose(8, (3, 3), strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2DTranspose(8, (3, 3), strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)
    return keras.Model(inputs, x)


@example(images(28, 28, 1))
def vae_encoder():
    """Three outputs, the last of a layer that draws in training only."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, activation="relu", strides=2, padding="same")(inputs)
    x = layers.Conv2D(12, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    z_mean, z_log_var = layers.Dense(2, name="z_mean")(x), layers.Dense(2, name="z_log_var")(x)
    return keras.Model(inputs, [z_mean, z_log_var, Sampling()([z_mean, z_log_var])])


class VAE(keras.Model):
    """A subclassed autoencoder of two functional models, with a metric of its own."""

    def __init__(self):
        super().__init__()
        inputs = keras.Input((8, 8, 1))
        x = layers.Dense(12, activation="relu")(layers.Flatten()(inputs))
        self.encoder = keras.Model(inputs, [layers.Dense(3)(x), layers.Dense(3)(x)])
        latent = keras.Input((3,))
        x = layers.Reshape((4, 4, 4))(layers.Dense(64, activation="relu")(latent))
        x = layers.Conv2DTranspose(1, 3, 2, padding="same", activation="sigmoid")(x)
        self.decoder = keras.Model(latent, x)
        self.sampling = Sampling()
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def call(self, inputs, training=False):
        return self.decoder(self.sampling(self.encoder(inputs), training=training))


@example(images(8, 8, 1))
def vae_subclassed():
    return VAE()


@example(floats(8))
def gan_generator():
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(4 * 4 * 8),
            layers.Reshape((4, 4, 8)),
            layers.Conv2DTranspose(12, kernel_size=4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2DTranspose(16, kernel_size=4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(3, kernel_size=5, padding="same", activation="sigmoid"),
        ]
    )


@example(images(16, 16, 3))
def gan_discriminator():
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, kernel_size=4, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.SpectralNormalization(
                layers.Conv2D(8, kernel_size=4, strides=2, padding="same")
            ),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )


@example(floats(8))
def wgan_generator():
    """Upsampling, cropping, tanh."""
    inputs = keras.Input((8,))
    x = layers.Dense(4 * 4 * 8, use_bias=False)(inputs)
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
    x = layers.Reshape((4, 4, 8))(x)
    for filters in (8, 6):
        x = layers.UpSampling2D((2, 2))(x)
        x = layers.Conv2D(filters, (3, 3), padding="same", use_bias=False)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
    x = layers.Conv2D(1, (3, 3), padding="same", activation="tanh")(x)
    return keras.Model(inputs, layers.Cropping2D((2, 2))(x))


@example(floats(8), integers(1, below=5))
def conditional_gan():
    """The class's one-hot vector beside the noise."""
    noise, label = keras.Input((8,)), keras.Input((1,), dtype="int32")
    one_hot = ops.one_hot(ops.squeeze(label, axis=-1), 5)
    x = layers.Concatenate()([noise, one_hot])
    x = layers.Reshape((7, 7, 4))(layers.LeakyReLU(0.2)(layers.Dense(7 * 7 * 4)(x)))
    x = layers.Conv2DTranspose(8, (4, 4), strides=(2, 2), padding="same")(x)
    x = layers.Conv2D(1, (7, 7), padding="same", activation="sigmoid")(layers.LeakyReLU(0.2)(x))
    return keras.Model([noise, label], x)


class ReflectionPadding2D(layers.Layer):
    def call(self, inputs):
        return ops.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")


@example(images(16, 16, 3))
def cyclegan_generator():
    """Reflection padding, and a normalization of each channel of each image."""

    def normalized(x):
        return layers.Activation("relu")(layers.GroupNormalization(groups=-1)(x))

    inputs = keras.Input((16, 16, 3))
    x = normalized(layers.Conv2D(6, 3, use_bias=False)(ReflectionPadding2D()(inputs)))
    x = normalized(layers.Conv2D(8, 3, 2, padding="same", use_bias=False)(x))
    for _ in range(2):
        y = normalized(layers.Conv2D(8, 3, use_bias=False)(ReflectionPadding2D()(x)))
        y = layers.Conv2D(8, 3, use_bias=False)(ReflectionPadding2D()(y))
        x = layers.add([x, layers.GroupNormalization(groups=-1)(y)])
    x = normalized(layers.Conv2DTranspose(6, 3, 2, padding="same", use_bias=False)(x))
    return keras.Model(inputs, layers.Activation("tanh")(layers.Conv2D(3, 1)(x)))


class VectorQuantizer(layers.Layer):
    """Replace each vector by the nearest one of a code book."""

    def __init__(self, count, width, **kwargs):
        super().__init__(**kwargs)
        self.count, self.width = count, width
        self.codes = self.add_weight(shape=(width, count), initializer="random_uniform")

    def call(self, x):
        flat = ops.reshape(x, (-1, self.width))
        distances = (
            ops.sum(flat**2, axis=1, keepdims=True)
            + ops.sum(self.codes**2, axis=0)
            - 2 * ops.matmul(flat, self.codes)
        )
        chosen = ops.one_hot(ops.argmin(distances, axis=1), self.count)
        quantized = ops.matmul(chosen, ops.transpose(self.codes))
        return x + ops.stop_gradient(ops.reshape(quantized, ops.shape(x)) - x)


@example(images(12, 12, 1))
def vq_vae():
    inputs = keras.Input((12, 12, 1))
    x = layers.Conv2D(8, 3, activation="relu", strides=2, padding="same")(inputs)
    x = VectorQuantizer(16, 6)(layers.Conv2D(6, 1)(x))
    x = layers.Conv2DTranspose(8, 3, activation="relu", strides=2, padding="same")(x)
    return keras.Model(inputs, layers.Conv2DTranspose(1, 3, padding="same")(x))


class MaskedConvolution(layers.Layer):
    """PixelCNN: a convolution that sees only earlier pixels; type B also sees the pixel itself."""

    def __init__(self, mask_type, filters, size, **kwargs):
        super().__init__(**kwargs)
        self.mask_type, self.size = mask_type, size
        self.convolution = layers.Conv2D(filters, size, padding="same", activation="relu")

    def build(self, input_shape):
        self.convolution.build(input_shape)
        middle = self.size // 2
        self.mask = np.zeros(self.convolution.kernel.shape, "float32")
        self.mask[:middle] = 1
        self.mask[middle, : middle + (self.mask_type == "B")] = 1

    def call(self, inputs):
        kernel = ops.multiply(self.convolution.kernel, self.mask)
        x = ops.conv(inputs, kernel, padding="same")
        return ops.relu(x + self.convolution.bias)


@example(images(12, 12, 1))
def pixelcnn():
    inputs = keras.Input((12, 12, 1))
    x = MaskedConvolution("A", 8, 7)(inputs)
    for _ in range(2):
        y = layers.Conv2D(4, 1, activation="relu")(x)
        y = layers.Conv2D(8, 1, activation="relu")(MaskedConvolution("B", 4, 3)(y))
        x = layers.add([x, y])
    x = MaskedConvolution("B", 8, 1)(x)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


@example(images(16, 16, 3), images(1, 1, 1))
def diffusion_unet():
    """DDIM: a sinusoidal code of the noise's variance, swish blocks, bilinear upsampling."""

    def block(x, width):
        residual = x if x.shape[-1] == width else layers.Conv2D(width, 1)(x)
        x = layers.BatchNormalization(center=False, scale=False)(x)
        x = layers.Conv2D(width, 3, padding="same", activation="swish")(x)
        return layers.Add()([layers.Conv2D(width, 3, padding="same")(x), residual])

    def sinusoids(x):
        speeds = 2.0 * np.pi * np.exp(np.linspace(0.0, 3.0, 4)).astype("float32")
        return ops.concatenate([ops.sin(speeds * x), ops.cos(speeds * x)], axis=3)

    noisy, variance = keras.Input((16, 16, 3)), keras.Input((1, 1, 1))
    code = layers.Lambda(sinusoids, output_shape=(1, 1, 8))(variance)
    code = layers.UpSampling2D(size=16, interpolation="nearest")(code)
    x = layers.Concatenate()([layers.Conv2D(8, 1)(noisy), code])
    skip = block(x, 8)
    x = block(layers.AveragePooling2D(2)(skip), 12)
    x = layers.UpSampling2D(size=2, interpolation="bilinear")(x)
    x = block(layers.Concatenate()([x, skip]), 8)
    return keras.Model([noisy, variance], layers.Conv2D(3, 1, kernel_initializer="ones")(x))


@example(images(8, 8, 4), integers(below=1000), floats(6, 12))
def latent_diffusion():
    """Group normalization, time embedding and attention to the text's vectors."""
    latent, text = keras.Input((8, 8, 4)), keras.Input((6, 12))
    time = keras.Input((), dtype="int32")
    rates = ops.exp(-np.log(10000.0) * ops.arange(8, dtype="float32") / 8)
    angles = ops.cast(time, "float32")[:, None] * rates
    code = ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)
    code = layers.Dense(16)(layers.Dense(16, activation="swish")(code))
    x = layers.Conv2D(16, 3, padding="same")(latent)
    y = ops.silu(layers.GroupNormalization(groups=4, epsilon=1e-5)(x))
    y = layers.Conv2D(16, 3, padding="same")(y) + layers.Dense(16)(code)[:, None, None]
    x = x + y
    tokens = ops.reshape(layers.GroupNormalization(groups=4)(x), (-1, 64, 16))
    tokens = tokens + layers.MultiHeadAttention(2, 8)(tokens, text)
    value, gate = ops.split(layers.Dense(48)(layers.LayerNormalization()(tokens)), 2, axis=-1)
    tokens = tokens + layers.Dense(16)(value * ops.gelu(gate, approximate=False))
    x = x + ops.reshape(tokens, (-1, 8, 8, 16))
    return keras.Model([latent, time, text], layers.Conv2D(4, 3, padding="same")(x))


@example(images(24, 24, 3, most=255))
def style_features():
    """Neural style: Gram matrices of a network's features and their differences from pixels."""
    inputs = keras.Input((24, 24, 3))
    x = (inputs[..., ::-1] - ops.array([103.939, 116.779, 123.68])) / 64.0
    grams = {}
    for name, filters in (("block1", 6), ("block2", 8)):
        x = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(x)
        flat = layers.Reshape((-1, filters))(x)
        grams[name] = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / flat.shape[1]
    return keras.Model(inputs, grams)
