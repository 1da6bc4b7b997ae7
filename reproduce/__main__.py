"""Train both apps as the book does, and write docs/results.md, in about an hour on two cores.

  python -m reproduce [flags]

The runs are in saved_models/results. After an interruption, the same command goes on. Delete the
runs to start again.
"""

from pathlib import Path

from absl import flags

from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from reproduce import runs
from training_run import tensorflow_setup

ROOT = Path(__file__).parents[1]


_QUICK = "Train for minutes only, and write the page to the directory of the runs, not to docs."
FLAGS = flags.FlagValues()
flags.DEFINE_boolean("quick", False, _QUICK, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Train the runs that are missing, and write the page.

    Raises:
      UserError: an argument is not a flag, or a training failed.
    """
    if arguments:
        raise UserError(f"this command takes flags only, not {arguments[0]}")
    plan = runs.QUICK if FLAGS.quick else runs.CHAPTER
    directory = ROOT / "saved_models" / ("results-quick" if FLAGS.quick else "results")
    corpus = runs.choose_corpus(directory)
    for objective in runs.OBJECTIVES:
        runs.train_text(directory, corpus, objective, plan)
    for reconstruction in runs.RECONSTRUCTIONS:
        runs.train_images(directory, reconstruction, plan)
    tensorflow_setup.set_up()
    from reproduce import document

    page = (directory if FLAGS.quick else ROOT / "docs") / "results.md"
    document.write(page, directory, plan)
    print(f"\nWrote {page}.")


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
