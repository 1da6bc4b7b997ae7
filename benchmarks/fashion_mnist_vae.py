"""Benchmark the VAE app against the Keras example, PyTorch and a matrix product.

python -m benchmarks.fashion_mnist_vae [flags]
"""

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable

from absl import flags

from benchmarks.measure import print_rates, rates, serve, start_process, table
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from training_run import tensorflow_setup

BATCH, STEPS = 256, 60  # the original's batch size; steps in a timed round
IMAGES = BATCH * STEPS
# Floating-point operations of an image's matrix products: forward, and twice as many backward,
# except for the gradient of the input, which is not computed.
IMAGE_FLOPS = 2 * (3 * (512 * 4 + 2 * 512 + 512 * 784) + 2 * 784 * 512)


CONTESTANTS = ["model.fit", "this loop", "torch", "matrix product"]

FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "Directory of Fashion-MNIST.", flag_values=FLAGS)
flags.DEFINE_integer("rounds", 9, "Number of timed rounds.", 1, 1000, flag_values=FLAGS)
flags.DEFINE_integer("epochs", 5, "Epochs of the quality runs.", 0, 1000, flag_values=FLAGS)
flags.DEFINE_integer("seeds", 3, "Number of quality runs.", 1, 100, flag_values=FLAGS)
_CONTESTANT = "Run this contestant for the benchmark's main process."
flags.DEFINE_enum("contestant", None, CONTESTANTS, _CONTESTANT, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Print all parts as Markdown."""
    if arguments:
        raise UserError(f"this command takes flags only, not {arguments[0]}")
    tensorflow_setup.set_up()
    import keras

    from fashion_mnist_vae import sources

    keras.utils.set_random_seed(0)
    image_data, _ = sources.find("fashion_mnist", FLAGS.data_dir)
    if FLAGS.contestant:
        run_contestant(FLAGS.contestant, image_data)
        return
    print("## Variational autoencoder\n\nFashion-MNIST, 512 hidden units, 2 latent dimensions.\n")
    speed()
    if FLAGS.epochs:
        quality(image_data)


def speed() -> None:
    """Compare the speeds of training steps and of a large matrix product."""
    matrix_images = 2 * 2048**3 * 5 / IMAGE_FLOPS
    images = dict.fromkeys(CONTESTANTS, float(IMAGES)) | {"matrix product": matrix_images}
    if not importlib.util.find_spec("torch"):
        del images["torch"]
    data = [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    command = [sys.executable, "-m", "benchmarks.fashion_mnist_vae", *data]
    contestants = {
        name: (start_process([*command, f"--contestant={name}"]), count)
        for name, count in images.items()
    }
    measured = rates(contestants, FLAGS.rounds)
    print(
        f"Training steps of {BATCH} images. `model.fit` is the keras.io example, a model with its "
        "own `train_step`. Matrix product (2048 x 2048, float32): its FLOP/s divided by the "
        f"{IMAGE_FLOPS / 1e6:.2f} MFLOP of an image.\n"
    )
    print_rates("images/s", measured, ["model.fit", "torch", "matrix product"])


def run_contestant(name: str, image_data) -> None:
    """Train on `IMAGES` images, or multiply matrices, at each request on stdin."""
    if name == "matrix product":
        serve(matrix_product(2048))
    elif name == "model.fit":
        serve(keras_recipe(image_data))
    elif name == "torch":
        serve(torch_loop(image_data))
    else:
        from benchmarks.training import ServedRun
        from fashion_mnist_vae.model import VaeOptions
        from fashion_mnist_vae.train import train

        some = image_data._replace(
            train_images=image_data.train_images[:IMAGES], test_images=image_data.test_images[:0]
        )
        train(some, VaeOptions(784), ServedRun(), batch_size=BATCH)


def matrix_product(size: int) -> Callable[[], object]:
    """Return a function that computes five products of square float32 matrices."""
    import tensorflow as tf

    matrix = tf.random.stateless_normal([size, size], seed=(0, 0))
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    return lambda: [float(multiply()) for _ in range(5)]


def keras_recipe(image_data) -> Callable[[], object]:
    """Return an epoch of the keras.io example: a subclassed model with `train_step`, and `fit`."""
    import keras
    import tensorflow as tf

    from fashion_mnist_vae.model import VaeOptions, decoder, encoder, vae_loss

    class Vae(keras.Model):
        """Encoder, decoder, three loss trackers and a training step."""

        def __init__(self):
            super().__init__()
            opts = VaeOptions(784)
            self.encoder, self.decoder = encoder(opts), decoder(opts)
            names = ("total_loss", "reconstruction_loss", "kl_loss")
            self.trackers = [keras.metrics.Mean(name=name) for name in names]

        @property
        def metrics(self):
            return self.trackers

        def train_step(self, data):
            with tf.GradientTape() as tape:
                z_mean, z_log_var, z = self.encoder(data)
                outputs = [self.decoder(z), z_mean, z_log_var]
                total, *terms = vae_loss(data, outputs)
            gradients = tape.gradient(total, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            for tracker, value in zip(self.trackers, (total, *terms), strict=True):
                tracker.update_state(value)
            return {tracker.name: tracker.result() for tracker in self.trackers}

    model = Vae()
    model.compile(optimizer=keras.optimizers.Adam())
    images = image_data.train_images[:IMAGES].astype("float32") / 255
    return lambda: model.fit(images, batch_size=BATCH, epochs=1, verbose=0)


def torch_loop(image_data) -> Callable[[], object]:
    """Return an epoch of the same steps in PyTorch, with the images as floats in memory."""
    import torch
    from torch import nn

    hidden, mean, log_var = nn.Linear(784, 512), nn.Linear(512, 2), nn.Linear(512, 2)
    decoder = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid())
    parts = nn.ModuleList([hidden, mean, log_var, decoder])
    optimizer = torch.optim.Adam(parts.parameters())
    images = torch.tensor(image_data.train_images[:IMAGES], dtype=torch.float32) / 255

    def run() -> None:
        for indices in torch.randperm(IMAGES).split(BATCH):
            x = images[indices]
            h = torch.relu(hidden(x))
            z_mean, z_log_var = mean(h), log_var(h)
            z = z_mean + torch.exp(z_log_var / 2) * torch.randn_like(z_mean)
            kl = -0.5 * (1 + z_log_var - z_mean**2 - torch.exp(z_log_var))
            loss = ((decoder(z) - x) ** 2).sum(-1).mean() + kl.sum(-1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()

    return run


def quality(image_data) -> None:
    """Print the test loss of a run for each seed."""
    import keras

    from fashion_mnist_vae.model import VaeOptions
    from fashion_mnist_vae.train import train
    from training_run.run import Run

    losses = []
    for seed in range(FLAGS.seeds):
        keras.utils.set_random_seed(seed)
        run = Run()
        with contextlib.redirect_stdout(io.StringIO()):
            train(image_data, VaeOptions(784), run, epochs=FLAGS.epochs, seed=seed)
        losses.append(run.history[-1]["val_loss"])
    print(f"Test loss after {FLAGS.epochs} epochs, with the squared error:\n")
    print(table(["seed", *range(FLAGS.seeds)], [["loss", *(f"{loss:.2f}" for loss in losses)]]))


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
