"""Train a variational autoencoder on small images (the original's train.js, `yarn train`).

`train` has the model, the training step and the loop; `main` is the command. TensorFlow is imported
inside the functions, because `--help` takes 0.1 s without it and several seconds with it.
"""

import math
from typing import TYPE_CHECKING

from fashion_mnist_vae.flags import PRESETS, TRAIN_GROUPS, grid_of
from fashion_mnist_vae.flags import TRAIN as FLAGS
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from training_run import run_flags, tensorflow_setup
from training_run.run_directory import saved_settings

if TYPE_CHECKING:
    import keras

    from fashion_mnist_vae.data import ImageData
    from fashion_mnist_vae.grid import Grid
    from fashion_mnist_vae.model import ReconstructionLoss, VaeOptions
    from training_run.run import Run
    from training_run.schedule import Schedule

APP = "fashion_mnist_vae"
PREVIEW_INDICES = (5, 50, 500)  # of the training images that the original shows first

USAGE = f"""Train a variational autoencoder on small images (the original's train.js, `yarn train`).

  python -m {APP}.train [flags]
"""


def train(
    image_data: "ImageData",
    opts: "VaeOptions",
    run: "Run | None" = None,
    *,
    epochs: int = 100,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    schedule: "Schedule" = "constant",
    warmup_steps: int = 0,
    reconstruction_loss: "ReconstructionLoss" = "mse",
    beta: float = 1.0,
    seed: int = 0,
    grid: "Grid | None" = None,
) -> "keras.Model":
    """Train the autoencoder (`train`).

    Args:
      image_data: the images to train on, and those for `val_loss`.
      opts: the sizes of the layers; `original_dim` is the number of pixels of an image.
      run: the training run, for one model only; by default a new run that writes no files.
      epochs: epochs of the run, including those before it was resumed.
      batch_size: images in a step.
      learning_rate: learning rate of Adam.
      schedule, warmup_steps: how the learning rate changes; see `training_run.schedule`.
      reconstruction_loss, beta: see `vae_loss`.
      seed: random seed of the order of the images; `keras.utils.set_random_seed` sets the seed of
        the weights and the noise.
      grid: the part of the latent space that TensorBoard shows after each epoch.

    Returns:
      A copy of the model with the weights of the best epoch, which has the lowest `val_loss`, or
      the lowest training loss if there are no test images. `run.history` has the metrics of each
      epoch. `val_loss` is the mean loss of the test images.

    Raises:
      UserError: the loss is NaN or infinite.
    """
    import keras
    import tensorflow as tf

    from fashion_mnist_vae.formation import add_map
    from fashion_mnist_vae.grid import Grid
    from fashion_mnist_vae.model import decoder, encoder, evaluate, scale, vae, vae_loss
    from fashion_mnist_vae.pictures import latent_space
    from training_run.distribution import all_reduce_mean
    from training_run.run import Run

    run = run or Run()
    with run.strategy.scope():
        encoder_model, decoder_model = encoder(opts), decoder(opts)
        vae_model = vae(encoder_model, decoder_model)
        optimizer = keras.optimizers.Adam(learning_rate)

    @run.on_each_replica
    def train_step(batch: tf.Tensor) -> dict[str, tf.Tensor]:  # uint8 [batch, original_dim]
        inputs = scale(batch)
        with tf.GradientTape() as tape:
            outputs = vae_model(inputs, training=True)  # through ZLayer
            loss, reconstruction, kl = vae_loss(inputs, outputs, reconstruction_loss, beta)
        gradients = tape.gradient(loss, vae_model.trainable_variables)
        # Average the gradients over the replicas. The decorator averages the metrics.
        gradients = all_reduce_mean(gradients, batch)
        optimizer.apply(gradients, vae_model.trainable_variables)
        return {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    run.restore(vae_model, optimizer)  # a new run has nothing to restore
    for epoch in run.epochs(epochs):
        for batch in run.steps(image_data.batch_images(epoch, batch_size, seed)):
            run.schedule_learning_rate(learning_rate, schedule, warmup_steps)
            run.log_step(train_step(batch))
        metrics = {}
        if len(image_data.test_images):
            test_images = image_data.test_images
            metrics = {"val_loss": evaluate(vae_model, test_images, reconstruction_loss, beta).loss}
        add_map(run, vae_model, image_data)  # for the page
        run.log_epoch(metrics)
        generate(decoder_model, image_data.image_shape)
        if run.tensorboard.enabled:
            picture = latent_space(vae_model, image_data, grid or Grid())
            run.tensorboard.image("latent_space", picture, epoch + 1)
    return run.best_model(vae_model)


def generate(decoder_model: "keras.Model", image_shape: tuple[int, int]) -> None:
    """Draw the decoder's image of z = 0 in the terminal (`generate`)."""
    import tensorflow as tf

    from fashion_mnist_vae.preview import preview_image

    target_z = tf.zeros([1, decoder_model.input_shape[1]])
    preview_image(decoder_model(target_z).numpy().reshape(image_shape))


def main(arguments: list[str]) -> None:
    """Train a model, and write a complete run directory (`run`).

    Raises:
      UserError: bad input, or a run that cannot be resumed.
    """
    if arguments:
        raise UserError(f"this command takes flags only, not {arguments[0]}")
    default = f"saved_models/{FLAGS.dataset.replace('/', '_')}_vae"
    path = run_flags.run_path(FLAGS.save_path, default)
    saved = saved_settings(path) if FLAGS.resume else {}
    run_flags.set_flag_defaults(FLAGS, saved or PRESETS.get(FLAGS.preset, {}), TRAIN_GROUPS)
    grid = grid_of(FLAGS)
    tensorflow_setup.set_up(FLAGS.gpu)
    import keras

    from fashion_mnist_vae import export, sources
    from fashion_mnist_vae.model import VaeOptions
    from fashion_mnist_vae.preview import preview_image
    from training_run.distribution import join
    from training_run.open_run import open_run

    with join(FLAGS.distribution) as workers:
        # The other workers may lack the run's directory, so they take the chief's settings.
        saved = workers.broadcast(saved)
        run_flags.set_flag_defaults(FLAGS, saved, TRAIN_GROUPS)
        image_data = sources.load(FLAGS.dataset, FLAGS.data_dir)
        settings = {"app": APP, "images": image_data.fingerprint(), **TRAIN_GROUPS.settings()}
        with open_run(
            path,
            settings,
            TRAIN_GROUPS.changeable_names(),
            workers,
            local=["data_dir"],
            resume=FLAGS.resume,
            overwrite=FLAGS.overwrite,
            log_dir=FLAGS.log_dir,
            max_minutes=run_flags.max_minutes(FLAGS),
        ) as run:
            keras.utils.set_random_seed(FLAGS.seed)
            for index in PREVIEW_INDICES:
                image = image_data.train_images[index % len(image_data.train_images)] / 255
                preview_image(image.reshape(image_data.image_shape))
            original_dim = math.prod(image_data.image_shape)
            vae_model = train(
                image_data,
                VaeOptions(original_dim, FLAGS.intermediate_dim, FLAGS.latent_dim),
                run,
                epochs=FLAGS.epochs,
                batch_size=FLAGS.batch_size,
                learning_rate=FLAGS.learning_rate,
                schedule=FLAGS.schedule,
                warmup_steps=FLAGS.warmup_steps,
                reconstruction_loss=FLAGS.reconstruction_loss,
                beta=FLAGS.beta,
                seed=FLAGS.seed,
                grid=grid,
            )
            if workers.is_chief:
                print_scores(vae_model, image_data)
                files = export.export_run(run, vae_model, image_data, grid)
                run.finish(files, next_commands(str(path), run.num_epochs))


def print_scores(vae_model: "keras.Model", image_data: "ImageData") -> None:
    """Print how well the model reconstructs the test images, if there are any."""
    from fashion_mnist_vae import scores

    images = image_data.test_images
    if len(images):
        print(f"Scores of the best epoch on {len(images):,} test images:")
        print(scores.describe(vae_model, images, FLAGS.reconstruction_loss, FLAGS.beta))


def next_commands(path: str, epochs: int) -> list[list[str]]:
    """Return the next commands to try, each as a module and its arguments."""
    longer = f"--epochs={2 * epochs}"
    return [
        [f"{APP}.generate", path, *["--z=1.5,-0.5"] * (FLAGS.latent_dim == 2)],
        [f"{APP}.evaluate", path],
        [f"{APP}.train", "--resume", longer, f"--save_path={path}"],
        [f"{APP}.train", "--help"],
    ]


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
