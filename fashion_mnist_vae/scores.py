"""How well an autoencoder reconstructs images, and how many latent dimensions it uses."""

import keras
import numpy as np

from fashion_mnist_vae.model import ReconstructionLoss, evaluate
from fashion_mnist_vae.pictures import encode

_ACTIVE_VARIANCE = 0.01


def describe(
    vae_model: keras.Model,
    images: np.ndarray,
    reconstruction_loss: ReconstructionLoss = "mse",
    beta: float = 1.0,
) -> str:
    """Return the loss, its terms and the active dimensions on images, as lines of text.

    Args:
      images: uint8 [n, original_dim].
      reconstruction_loss, beta: see `vae_loss`.
    """
    loss, reconstruction, kl = evaluate(vae_model, images, reconstruction_loss, beta)
    error = "squared error" if reconstruction_loss == "mse" else "cross-entropy in nats"
    weight = "" if beta == 1 else f"{beta:g} * "
    active = active_dimensions(vae_model.get_layer("encoder"), images)
    return "\n".join(
        [
            f"  {reconstruction:8.4f} reconstruction: {error}, summed over the pixels",
            f"  {kl:8.4f} KL divergence from N(0, 1), in nats",
            f"  {loss:8.4f} loss: reconstruction + {weight}KL",
            f"  {active.sum()} of {len(active)} latent dimensions are active",
        ]
    )


def active_dimensions(encoder_model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return which latent dimensions are active: bool [latent_dim].

    A dimension is active if the variance of z_mean over the images is above 0.01 (Burda, Grosse and
    Salakhutdinov, "Importance Weighted Autoencoders", 2015, section 5.1).
    """
    z_mean, _ = encode(encoder_model, images)
    return z_mean.var(axis=0) > _ACTIVE_VARIANCE
