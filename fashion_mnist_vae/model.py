"""The variational autoencoder and its loss: a port of the original's model.js.

In docstrings, a name in parentheses is the original's name.

The equations are those of Kingma and Welling, "Auto-Encoding Variational Bayes" (2013).
"""

from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from training_run.distribution import num_replicas, shard

ReconstructionLoss = Literal["mse", "bce"]

_EVALUATION_BATCH = 2000
_EVALUATION_SEED = 1


class VaeOptions(NamedTuple):
    """The sizes of the layers (`vaeOpts`)."""

    original_dim: int
    intermediate_dim: int = 512
    latent_dim: int = 2


@keras.saving.register_keras_serializable(package="fashion_mnist_vae")
class ZLayer(keras.layers.Layer):
    """Draws z from N(z_mean, exp(z_log_var)) (`ZLayer`, the reparameterization trick).

    The noise multiplies the standard deviation, so gradients reach both inputs.
    """

    def __init__(self, **kwargs):
        """Create the layer; `keras.utils.set_random_seed` sets the seed of its training noise."""
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        """Check the number of inputs.

        Raises:
          ValueError: there are not exactly two inputs.
        """
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        """Return the shape of z, which is the shape of z_mean.

        Raises:
          ValueError: there are not exactly two inputs.
        """
        is_list_of_shapes = bool(input_shape) and isinstance(input_shape[0], list | tuple)
        shapes = input_shape if is_list_of_shapes else [input_shape]
        if len(shapes) != 2:
            raise ValueError(f"Expected exactly 2 input shapes. But got: {shapes}")
        return shapes[0]

    def call(self, inputs, training=False):
        """Map [z_mean, z_log_var], each [batch, latent_dim], to z."""
        z_mean, z_log_var = inputs
        if training:
            # A checkpoint holds the generator's state, so a resumed run draws the same noise. Each
            # replica draws the noise of all replicas and takes its own rows.
            rows = num_replicas() * tf.shape(z_mean)[0]
            epsilon = keras.random.normal([rows, z_mean.shape[1]], seed=self.seed_generator)
            return reparameterize(z_mean, z_log_var, shard(epsilon))
        # Exports trace this branch, because a graph model cannot update a seed generator.
        return reparameterize(z_mean, z_log_var, tf.random.normal(tf.shape(z_mean)))

    def get_config(self):
        """Return the name, the dtype and whether the layer is trainable."""
        return super().get_config()


def reparameterize(z_mean: tf.Tensor, z_log_var: tf.Tensor, epsilon: tf.Tensor) -> tf.Tensor:
    """Return z = z_mean + exp(z_log_var / 2) * epsilon, with epsilon drawn from N(0, 1)."""
    return z_mean + tf.exp(0.5 * z_log_var) * epsilon


def encoder(opts: VaeOptions) -> keras.Model:
    """Create the encoder (`encoder`).

    Returns:
      A model from images [batch, original_dim] to [z_mean, z_log_var, z], each
      [batch, latent_dim].
    """
    inputs = keras.Input((opts.original_dim,), name="encoder_input")
    x = keras.layers.Dense(opts.intermediate_dim, activation="relu", name="dense_Dense1")(inputs)
    z_mean = keras.layers.Dense(opts.latent_dim, name="z_mean")(x)
    z_log_var = keras.layers.Dense(opts.latent_dim, name="z_log_var")(x)
    z = ZLayer(name="z")([z_mean, z_log_var])
    return keras.Model(inputs, [z_mean, z_log_var, z], name="encoder")


def decoder(opts: VaeOptions) -> keras.Model:
    """Create the decoder (`decoder`).

    Returns:
      A model from z [batch, latent_dim] to images [batch, original_dim] of pixels from 0 to 1.
    """
    inputs = keras.Input((opts.latent_dim,), name="decoder_input")
    x = keras.layers.Dense(opts.intermediate_dim, activation="relu", name="dense_Dense2")(inputs)
    outputs = keras.layers.Dense(opts.original_dim, activation="sigmoid", name="dense_Dense3")(x)
    return keras.Model(inputs, outputs, name="decoder")


def vae(encoder_model: keras.Model, decoder_model: keras.Model) -> keras.Model:
    """Join encoder and decoder (`vae`).

    Returns:
      A model from images [batch, original_dim] to [decoded, z_mean, z_log_var, z].
    """
    inputs = keras.Input(encoder_model.input_shape[1:], name="encoder_input")
    z_mean, z_log_var, z = encoder_model(inputs)
    return keras.Model(inputs, [decoder_model(z), z_mean, z_log_var, z], name="vae_mlp")


def vae_loss(
    inputs: tf.Tensor,
    outputs: list[tf.Tensor],
    reconstruction_loss: ReconstructionLoss = "mse",
    beta: float = 1.0,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the loss and its two terms, means over the batch (`vaeLoss`).

    Args:
      inputs: images [batch, original_dim].
      outputs: the outputs of `vae` for these images.
      reconstruction_loss: `mse`, the squared error, or `bce`, the binary cross-entropy in nats;
        both summed over the pixels.
      beta: weight of the KL term; 1 as in the original.

    Returns:
      The loss, reconstruction + beta * kl; the reconstruction term; and the KL divergence of
      N(z_mean, exp(z_log_var)) from N(0, 1), in nats, summed over the latent dimensions.
    """
    decoded, z_mean, z_log_var = outputs[:3]
    if reconstruction_loss == "mse":
        error = tf.math.squared_difference(inputs, decoded)
    else:
        p = tf.clip_by_value(decoded, 1e-7, 1 - 1e-7)
        error = -(inputs * tf.math.log(p) + (1 - inputs) * tf.math.log1p(-p))
    reconstruction = tf.reduce_mean(tf.reduce_sum(error, axis=-1))
    kl = tf.reduce_mean(tf.reduce_sum(kl_divergence(z_mean, z_log_var), axis=-1))
    return reconstruction + beta * kl, reconstruction, kl


def kl_divergence(z_mean: tf.Tensor, z_log_var: tf.Tensor) -> tf.Tensor:
    """Return the KL divergence, in nats, of each latent dimension from N(0, 1)."""
    return -0.5 * (1 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var))


def scale(images: tf.Tensor) -> tf.Tensor:
    """Return uint8 pixels as floats from 0 to 1."""
    return tf.cast(images, tf.float32) / 255.0


class LossTerms(NamedTuple):
    """The loss and its two terms, means over images; see `vae_loss`."""

    loss: float
    reconstruction: float
    kl: float


def evaluate(
    vae_model: keras.Model,
    images: np.ndarray,
    reconstruction_loss: ReconstructionLoss = "mse",
    beta: float = 1.0,
) -> LossTerms:
    """Return the mean loss on uint8 images [n, original_dim].

    Each call draws the same noise, unlike `ZLayer`, so a resumed run has the same history.
    """
    totals = np.zeros(3)
    for start in range(0, len(images), _EVALUATION_BATCH):
        batch = images[start : start + _EVALUATION_BATCH]
        seed = tf.constant([_EVALUATION_SEED, start])
        terms = _loss_terms(vae_model, batch, seed, reconstruction_loss, beta)
        totals += len(batch) * np.array([float(term) for term in terms])
    return LossTerms(*(totals / len(images)).tolist())


@tf.function(reduce_retracing=True, autograph=False)
def _loss_terms(
    vae_model: keras.Model,
    images: tf.Tensor,
    seed: tf.Tensor,
    reconstruction_loss: ReconstructionLoss,
    beta: float,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the results of `vae_loss` for the images, with noise from a seed."""
    inputs = scale(images)
    encoder_model, decoder_model = (vae_model.get_layer(name) for name in ("encoder", "decoder"))
    z_mean, z_log_var, _ = encoder_model(inputs)
    epsilon = tf.random.stateless_normal(tf.shape(z_mean), seed)
    decoded = decoder_model(reparameterize(z_mean, z_log_var, epsilon))
    return vae_loss(inputs, [decoded, z_mean, z_log_var], reconstruction_loss, beta)
