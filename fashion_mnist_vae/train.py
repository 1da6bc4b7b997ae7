"""Train a variational autoencoder on small images (the original's train.js, `yarn train`)."""

import math
from pathlib import Path

from fashion_mnist_vae import grid, sources
from fashion_mnist_vae.train_flags import FIXED_FLAGS, FREE_FLAGS, define_flags
from training_run import command_line, devices
from training_run.command_line import FLAGS, UserError
from training_run.run_directory import describe, open_run, saved_settings

APP = "fashion_mnist_vae"
PREVIEWED = (5, 50, 500)  # the training images that the original shows first

USAGE = f"""{__doc__}

  python -m fashion_mnist_vae.train [flags]
"""


def main(arguments: list[str]) -> None:
    """Train, and leave a complete run directory.

    Raises:
      UserError: bad input, or a run that cannot go on.
    """
    if arguments:
        raise UserError(f"this command takes flags only, not {arguments[0]}")
    path = command_line.run_path(f"saved_models/{FLAGS.dataset.replace('/', '_')}_vae")
    saved = saved_settings(path) if FLAGS.resume else {}
    command_line.adopt(saved, [*FIXED_FLAGS, *FREE_FLAGS])
    grid.from_flags()
    devices.set_up(FLAGS.gpu)
    from training_run.cluster import join

    with join(FLAGS.distribution) as cluster:
        saved = cluster.json_from_chief(saved)  # it may be the only one that sees the run
        command_line.adopt(saved, [*FIXED_FLAGS, *FREE_FLAGS])
        if cluster.is_chief:
            command_line.make_log_dir()
        image_data = sources.load(FLAGS.dataset, FLAGS.data_dir)
        settings = {"app": APP, "images": image_data.fingerprint()}
        settings |= {name: getattr(FLAGS, name) for name in [*FIXED_FLAGS, *FREE_FLAGS]}
        if FLAGS.data_dir:
            settings["data_dir"] = str(Path(FLAGS.data_dir).resolve())
        cluster.agree(settings, places=["data_dir"])
        opening = open_run(
            path, settings, FREE_FLAGS, resume=FLAGS.resume, overwrite=FLAGS.overwrite
        )
        with cluster.by_chief(opening) as run:
            with cluster.strategy.scope():
                model, progress = _train(run, cluster, image_data)
            if run:
                _finish(run, model, image_data, progress)


def _train(run, cluster, image_data) -> tuple:
    """Build the model and train it.

    Args:
      run: the run's directory; None on a worker that is not the chief, and writes nothing.

    Returns:
      The model and the progress.
    """
    import keras

    from fashion_mnist_vae import model as m
    from training_run import callbacks as hooks
    from training_run.loop import Progress

    keras.utils.set_random_seed(FLAGS.seed)
    original_dim = math.prod(image_data.image_shape)
    opts = m.VaeOptions(original_dim, FLAGS.intermediate_dim, FLAGS.latent_dim)
    model = m.vae(m.encoder(opts), m.decoder(opts))
    model.compile(optimizer=keras.optimizers.Adam(FLAGS.learning_rate))
    model.optimizer.build(model.trainable_variables)
    progress = Progress()
    checkpoints = hooks.Checkpoints(run and run.work / "checkpoints", progress, cluster)
    for warning in checkpoints.restore(model):
        print(f"warning: {warning}")
    callbacks = [checkpoints]
    if run:
        model.summary(expand_nested=True, print_fn=print)
        report, *rest = _reports(run, model, image_data, progress)
        callbacks = [report, checkpoints, *rest]  # what was learned is kept before it is shown
    m.fit_model(
        model,
        image_data,
        FLAGS.epochs,
        FLAGS.batch_size,
        callbacks,
        reconstruction_loss=FLAGS.reconstruction_loss,
        beta=FLAGS.beta,
        mixed_precision=FLAGS.mixed_precision,
        seed=FLAGS.seed,
        progress=progress,
    )
    if run:
        report.write_files()  # also where a resumed run had no epoch left to train
    return model, progress


def _reports(run, model, image_data, progress) -> list:
    """Show some images, and return the callbacks that show and write what happens."""
    from fashion_mnist_vae.preview import preview, terminal_style
    from fashion_mnist_vae.report import EpochReport
    from training_run import callbacks as hooks

    for index in PREVIEWED:
        image = image_data.train_images[index % len(image_data.train_images)] / 255.0
        print(preview(image.reshape(image_data.image_shape), terminal_style()))
    report = EpochReport(run.work, progress, image_data.image_shape)
    steps = math.ceil(len(image_data.train_images) / FLAGS.batch_size)
    bar = hooks.ProgressBar(FLAGS.epochs, steps, progress, report.summary)
    board = []
    if FLAGS.log_dir:
        board = [hooks.TensorBoard(FLAGS.log_dir, lambda: _board_pictures(model, image_data))]
    return [report, bar, *board]


def _finish(run, model, image_data, progress) -> None:
    """Write the best models and pictures, put the run in its place, and say what is there."""
    import keras

    from fashion_mnist_vae import export, pictures
    from training_run import history

    print(f"Saving the weights of epoch {progress.best_epoch}, the best.", flush=True)
    best = keras.models.clone_model(model)  # of plain variables, whatever the strategy made
    best.set_weights(progress.best_weights)
    best.compile(optimizer=keras.optimizers.Adam(FLAGS.learning_rate))
    encoder, decoder = best.get_layer("encoder"), best.get_layer("decoder")
    dimensions, divergence = pictures.widest_dimensions(encoder, image_data)
    if FLAGS.latent_dim > 2:
        nats = ", ".join(f"{divergence[d]:.2f}" for d in dimensions)
        print(
            f"The pictures show the latent dimensions {dimensions[0]} and {dimensions[1]}, which "
            f"have the largest KL divergence ({nats} nats)."
        )
    files = export.export_models(run.work, best, image_data, dimensions)
    square = grid.from_flags(dimensions)
    montage = pictures.decode_grid(decoder, square, image_data.image_shape)
    pictures.save_grid(run.work / "latent_space.png", montage, square)
    pictures.save_clusters(run.work / "latent_clusters.png", encoder, image_data, dimensions)
    pictures.save_reconstructions(run.work / "reconstructions.png", encoder, decoder, image_data)
    history.plot_loss(
        run.work / "loss.png", progress.history, f"VAE of {image_data.name}", "per image"
    )
    run.finish()
    files |= {
        "latent_space.png": "images drawn from all over the latent space",
        "latent_clusters.png": "where the test images lie in it",
        "reconstructions.png": "test images, and what comes out for them",
        "history.csv": "the loss, its two terms and the test loss (val_loss) of each epoch",
        "loss.png": "the same as a picture",
        "checkpoints": "what --resume goes on from",
    }
    train = ["-m", f"{APP}.train"]
    try_next = [
        ["-m", f"{APP}.generate", str(run.path), *["--z=1.5,-0.5"] * (FLAGS.latent_dim == 2)],
        [*train, "--resume", f"--epochs={2 * FLAGS.epochs}", f"--save_path={run.path}"],
        [*train, "--help"],
    ]
    print(describe(run.path, files, try_next))


def _board_pictures(model, image_data) -> dict:
    """Return the latent space as it is now, for TensorBoard."""
    from fashion_mnist_vae import pictures

    dimensions, _ = pictures.widest_dimensions(model.get_layer("encoder"), image_data)
    square, decoder = grid.from_flags(dimensions), model.get_layer("decoder")
    return {"latent_space": pictures.decode_grid(decoder, square, image_data.image_shape)}


def cli() -> None:
    """Run the command."""
    command_line.run(main, define_flags, lambda: USAGE)


if __name__ == "__main__":
    cli()
