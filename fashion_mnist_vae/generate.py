"""Draw images with a trained decoder (the original's client.js)."""

import shutil
from pathlib import Path

from fashion_mnist_vae.flags import GENERATE as FLAGS
from fashion_mnist_vae.flags import grid_of
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from training_run import tensorflow_setup

USAGE = f"""{__doc__}

  python -m fashion_mnist_vae.generate MODEL [flags]

MODEL is the directory of a finished run, or a decoder's model.json that this port or TensorFlow.js
saved. The command draws the image of --z, or without --z a grid of the latent space. The picture
goes to the terminal, or with --output to a PNG file. In the terminal, a grid has only as many
images as fit.
"""


def main(arguments: list[str]) -> None:
    """Load the decoder, and draw the image or the grid.

    Raises:
      UserError: bad input.
    """
    if len(arguments) != 1:
        raise UserError(
            "name the directory of a finished run, as in: python -m fashion_mnist_vae.generate "
            "saved_models/fashion_mnist_vae"
        )
    grid = grid_of(FLAGS)
    if FLAGS.output is not None and (Path(FLAGS.output).is_dir() or not Path(FLAGS.output).name):
        raise UserError(f"--output={FLAGS.output} is a directory; name a PNG file")
    tensorflow_setup.set_up(FLAGS.gpu)
    from fashion_mnist_vae import load, pictures
    from fashion_mnist_vae.preview import preview_image

    decoder, image_data = load.load_decoder(Path(arguments[0]))
    image_shape, dimensions = image_data["image_shape"], image_data["grid_dimensions"]
    latent_dim = decoder.input_shape[1]
    if FLAGS.z is None:
        if latent_dim > 2:
            print(f"The grid shows the latent dimensions {dimensions[0]} and {dimensions[1]}.")
        grid = grid._replace(dimensions=tuple(dimensions))
        if FLAGS.output is None:
            fitting = max(1, shutil.get_terminal_size().columns // image_shape[1])
            grid = grid._replace(points=min(grid.points, fitting))
        image = pictures.decode_grid(decoder, grid, image_shape)
    else:
        image = _decode(decoder, latent_dim).reshape(image_shape)
    if FLAGS.output is None:
        preview_image(image)
        return
    try:
        pictures.save_image(Path(FLAGS.output), image)
    except OSError as error:
        raise UserError(f"cannot write {FLAGS.output}: {error.strerror}") from None
    print(f"Wrote {FLAGS.output}, {image.shape[1]} x {image.shape[0]} pixels.")


def _decode(decoder, latent_dim: int):
    """Return the image of --z, [pixels]."""
    import numpy as np

    if len(FLAGS.z) != latent_dim:
        raise UserError(
            f"--z has {len(FLAGS.z)} numbers; this model's latent space has {latent_dim}"
        )
    return decoder.predict_on_batch(np.array([FLAGS.z], np.float32))[0]


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
