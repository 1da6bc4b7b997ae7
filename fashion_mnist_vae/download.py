"""Find the images, or fetch them, and say where they are (the original's download.js)."""

from fashion_mnist_vae import sources
from training_run import command_line, devices
from training_run.command_line import FLAGS, UserError

USAGE = f"""{__doc__}

  python -m fashion_mnist_vae.download [flags]
"""


def define_flags() -> None:
    """Define which dataset, and where."""
    sources.define_flags()


def main(arguments: list[str]) -> None:
    """Find the images and print where.

    Raises:
      UserError: they cannot be had.
    """
    if arguments:
        raise UserError(f"this command takes flags only, not {arguments[0]}")
    devices.set_up(gpu=False)
    sources.load(FLAGS.dataset, FLAGS.data_dir)


def cli() -> None:
    """Run the command."""
    command_line.run(main, define_flags, lambda: USAGE)


if __name__ == "__main__":
    cli()
