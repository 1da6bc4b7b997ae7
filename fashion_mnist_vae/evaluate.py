"""Print how well a trained autoencoder reconstructs the test images."""

from pathlib import Path

from fashion_mnist_vae.flags import EVALUATE as FLAGS
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from training_run import tensorflow_setup
from training_run.settings_file import SETTINGS_FILE, holds_settings, read_settings

APP = "fashion_mnist_vae"
USAGE = f"""{__doc__}

  python -m {APP}.evaluate RUN [flags]

RUN is the directory of a finished run. The images are the test images of its dataset.
"""


def main(arguments: list[str]) -> None:
    """Load the models and the images, and print the scores.

    Raises:
      UserError: bad input.
    """
    if len(arguments) != 1:
        raise UserError(
            f"name the directory of a finished run, as in: python -m {APP}.evaluate "
            f"saved_models/{APP}"
        )
    tensorflow_setup.set_up(FLAGS.gpu)
    import keras

    from fashion_mnist_vae import load, scores, sources

    keras.utils.set_random_seed(0)  # ZLayer draws with deterministic operations, which need a seed
    path = Path(arguments[0])
    vae_model = load.load_vae(path)
    if not holds_settings(path):
        raise UserError(f"{path} does not say which dataset it was trained on: name a finished run")
    settings = read_settings(path)
    try:
        dataset, fingerprint = str(settings["dataset"]), settings["images"]
        reconstruction_loss, beta = settings["reconstruction_loss"], float(settings["beta"])
        if reconstruction_loss not in ("mse", "bce"):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path / SETTINGS_FILE} is damaged: a setting is missing or invalid"
        ) from None
    image_data = sources.load(dataset, FLAGS.data_dir or settings.get("data_dir"))
    if image_data.fingerprint() != fingerprint:
        raise UserError(
            f"{dataset} has changed since {path} was trained on it: name the old images with "
            "--data_dir"
        )
    if not len(image_data.test_images):
        raise UserError(f"{dataset} has no test images")
    print(f"{len(image_data.test_images):,} test images of {image_data.name}:")
    print(scores.describe(vae_model, image_data.test_images, reconstruction_loss, beta))


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
