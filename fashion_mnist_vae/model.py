"""The variational autoencoder, its loss and its training: a port of the original's model.js.

The equations are those of Kingma and Welling, "Auto-Encoding Variational Bayes" (2013).
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from fashion_mnist_vae.data import ImageData
from training_run import loop, replicas

Reconstruction = Literal["mse", "bce"]

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

    The randomness enters as a factor, so gradients reach both inputs.
    """

    def build(self, input_shape):
        """Check the inputs before they are used.

        Raises:
          ValueError: there are not exactly two.
        """
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def compute_output_shape(self, input_shape):
        """Return the shape of z, that of z_mean.

        Raises:
          ValueError: there are not exactly two inputs.
        """
        several = bool(input_shape) and isinstance(input_shape[0], list | tuple)
        shapes = input_shape if several else [input_shape]
        if len(shapes) != 2:
            raise ValueError(f"Expected exactly 2 input shapes. But got: {shapes}")
        return shapes[0]

    def call(self, inputs):
        """Map [z_mean, z_log_var], each [batch, latent_dim], to z."""
        z_mean, z_log_var = inputs
        # Not keras.random.normal: TensorFlow.js has this operation, and not that one's.
        return reparameterize(z_mean, z_log_var, tf.random.normal(tf.shape(z_mean)))


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
    reconstruction_loss: Reconstruction = "mse",
    beta: float = 1.0,
) -> tf.Tensor:
    """Return the mean loss of a batch (`vaeLoss`): reconstruction + beta * KL divergence.

    Args:
      inputs: images [batch, original_dim].
      outputs: what `vae` returns for them.
      reconstruction_loss: see `loss_terms`.
      beta: weight of the KL term; 1 as in the original.
    """
    reconstruction, kl = loss_terms(inputs, outputs, reconstruction_loss)
    return tf.reduce_mean(reconstruction + beta * kl)


def loss_terms(
    inputs: tf.Tensor, outputs: list[tf.Tensor], reconstruction_loss: Reconstruction = "mse"
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the two terms of the loss for each image.

    Args:
      reconstruction_loss: `mse`, the squared error summed over the pixels, or `bce`, the binary
        cross-entropy in nats summed over them.

    Returns:
      The reconstruction term, and the KL divergence of N(z_mean, exp(z_log_var)) from N(0, 1), in
      nats, summed over the latent dimensions; each [batch].
    """
    decoded, z_mean, z_log_var = outputs[:3]
    if reconstruction_loss == "mse":
        error = tf.math.squared_difference(inputs, decoded)
    else:
        p = tf.clip_by_value(decoded, 1e-7, 1 - 1e-7)
        error = -(inputs * tf.math.log(p) + (1 - inputs) * tf.math.log1p(-p))
    kl = kl_divergence(z_mean, z_log_var)
    return tf.reduce_sum(error, axis=-1), tf.reduce_sum(kl, axis=-1)


def kl_divergence(z_mean: tf.Tensor, z_log_var: tf.Tensor) -> tf.Tensor:
    """Return the KL divergence, in nats, of each latent dimension from N(0, 1)."""
    return -0.5 * (1 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var))


def fit_model(
    vae_model: keras.Model,
    image_data: ImageData,
    num_epochs: int,
    batch_size: int,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    *,
    reconstruction_loss: Reconstruction = "mse",
    beta: float = 1.0,
    mixed_precision: bool = False,
    seed: int = 0,
    progress: loop.Progress | None = None,
) -> loop.Progress:
    """Train a compiled model that `vae` made (the loop of train.js).

    Args:
      callbacks: Keras callbacks.
      mixed_precision: let the hidden layers compute in bfloat16.
      seed: decides the order of the images and all draws, together with the epoch and the step.
      progress: where to go on; by default from the start.

    Returns:
      The history, the best epoch and its weights. `val_loss` is the loss on the test images.

    Raises:
      UserError: the loss is not a number any more.
    """
    return loop.fit(
        vae_model,
        epochs=num_epochs,
        batches=lambda epoch, skip: image_data.training_batches(epoch, batch_size, seed, skip),
        train_step=make_train_step(
            vae_model, image_data.train_images, reconstruction_loss, beta, mixed_precision, seed
        ),
        evaluate=lambda: {
            "val_loss": evaluate_model(vae_model, image_data.test_images, reconstruction_loss, beta)
        },
        callbacks=callbacks,
        progress=progress,
    )


def make_train_step(
    vae_model: keras.Model,
    images: np.ndarray,
    reconstruction_loss: Reconstruction = "mse",
    beta: float = 1.0,
    mixed_precision: bool = False,
    seed: int = 0,
) -> Callable[[np.ndarray], dict[str, tf.Tensor]]:
    """Return a function that takes one gradient step on the images with the indices [batch].

    Args:
      images: uint8 [n, original_dim]. They stay in memory as they are; a batch at a time becomes
        floats, in the graph.
    """
    resident = tf.constant(images)
    # The output layers stay as they are, as Keras's guide to mixed precision advises.
    places = {"encoder": "dense_Dense1", "decoder": "dense_Dense2"}
    hidden = [vae_model.get_layer(part).get_layer(name) for part, name in places.items()]

    def replica_step(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = scale(replicas.share(batch))
        step = tf.cast(vae_model.optimizer.iterations.value, tf.int32)
        whole = tf.shape(batch)[0]
        with tf.GradientTape() as tape:
            with replicas.mixed_precision(hidden, mixed_precision):
                outputs = _apply(vae_model, inputs, whole, (seed, step))
            terms = loss_terms(inputs, outputs, reconstruction_loss)
            reconstruction, kl = (tf.reduce_sum(x) / tf.cast(whole, tf.float32) for x in terms)
            loss = reconstruction + beta * kl
        variables = vae_model.trainable_variables
        gradients = tape.gradient(loss, variables)
        summed = replicas.total([loss, reconstruction, kl, *gradients])
        replicas.update(vae_model.optimizer, summed[3:], variables)
        return dict(zip(("loss", "reconstruction", "kl"), summed[:3], strict=True))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)], autograph=False)
    def train_step(indices: tf.Tensor) -> dict[str, tf.Tensor]:
        return replicas.run(replica_step, tf.gather(resident, indices))

    return train_step


def evaluate_model(
    vae_model: keras.Model,
    images: np.ndarray,
    reconstruction_loss: Reconstruction = "mse",
    beta: float = 1.0,
) -> float:
    """Return the mean loss on uint8 images [n, original_dim], with the same draws at any time."""
    total = 0.0
    for start in range(0, len(images), _EVALUATION_BATCH):
        batch = tf.constant(images[start : start + _EVALUATION_BATCH])
        seed = tf.constant([_EVALUATION_SEED, start])  # the same draws at any time
        total += float(_loss(vae_model, batch, seed, reconstruction_loss, beta))
    return total / len(images)


def scale(images: tf.Tensor) -> tf.Tensor:
    """Return uint8 pixels as floats from 0 to 1."""
    return tf.cast(images, tf.float32) / 255.0


@tf.function(reduce_retracing=True, autograph=False)
def _loss(
    vae_model: keras.Model,
    images: tf.Tensor,
    seed: tf.Tensor,
    reconstruction_loss: Reconstruction,
    beta: float,
) -> tf.Tensor:
    """Return the loss of the images, summed."""

    def replica_loss(images: tf.Tensor) -> tf.Tensor:
        inputs = scale(replicas.share(images))
        outputs = _apply(vae_model, inputs, tf.shape(images)[0], seed)
        reconstruction, kl = loss_terms(inputs, outputs, reconstruction_loss)
        return replicas.total([tf.reduce_sum(reconstruction + beta * kl)])[0]

    return replicas.run(replica_loss, images)


def _apply(
    vae_model: keras.Model, inputs: tf.Tensor, whole: tf.Tensor, seed: Any
) -> list[tf.Tensor]:
    """Return the model's outputs for a replica's share of `whole` images, with z from a seed.

    `ZLayer` draws from TensorFlow's hidden state, which a resumed run could not restore.
    """
    encoder_model, decoder_model = (vae_model.get_layer(name) for name in ("encoder", "decoder"))
    z_mean, z_log_var, _ = encoder_model(inputs)
    epsilon = tf.random.stateless_normal([whole, z_mean.shape[1]], seed=seed)
    z = reparameterize(z_mean, z_log_var, replicas.share(epsilon))
    return [decoder_model(z), z_mean, z_log_var, z]
