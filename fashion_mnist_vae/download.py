"""Find or download the images, and print where they are (the original's download.js)."""

from pathlib import Path

from fashion_mnist_vae.flags import DOWNLOAD as FLAGS
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from training_run import tensorflow_setup

USAGE = f"""{__doc__}

  python -m fashion_mnist_vae.download [flags]

--output=dataset also writes the training images to the file that the original program reads.
"""


def main(arguments: list[str]) -> None:
    """Find or download the images, and print where they are.

    Raises:
      UserError: the images cannot be found, downloaded or written.
    """
    if arguments:
        raise UserError(f"this command takes flags only, not {arguments[0]}")
    tensorflow_setup.import_tensorflow()
    from fashion_mnist_vae import data, sources

    image_data = sources.load(FLAGS.dataset, FLAGS.data_dir)
    if FLAGS.output:
        file = Path(FLAGS.output) / data.TRAIN_IMAGES_FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        data.write_images(file, image_data.train_images.reshape(-1, *image_data.image_shape))
        print(f"Wrote {file}.")
        if FLAGS.dataset == "fashion_mnist" and data.md5_of(file) != data.IDX_FILES[file.name]:
            print(
                "Its images have another order than in the original's file. To train on the file "
                "here, give the dataset another name, such as --dataset=fashion."
            )


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
