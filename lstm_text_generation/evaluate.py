"""Print how well a trained model predicts a text, in nats and bits per character."""

from pathlib import Path
from typing import TYPE_CHECKING

from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from lstm_text_generation.flags import EVALUATE as FLAGS
from training_run import tensorflow_setup
from training_run.settings_file import SETTINGS_FILE, holds_settings, read_settings

if TYPE_CHECKING:
    from lstm_text_generation.data import TextData

APP = "lstm_text_generation"
USAGE = f"""{__doc__}

  python -m {APP}.evaluate MODEL [CORPUS] [flags]

MODEL is the directory of a finished run, or a model.json that this port or TensorFlow.js saved.
CORPUS is a name or path, as in training; the model predicts all of its text. Without CORPUS, the
model predicts the held-out end of the run's own corpus, which training did not see.
"""


def main(arguments: list[str]) -> None:
    """Load the model and the text, and print the scores.

    Args:
      arguments: the model, and optionally a corpus.

    Raises:
      UserError: bad input.
    """
    if not 1 <= len(arguments) <= 2:
        raise UserError(
            f"name the directory of a finished run, as in: python -m {APP}.evaluate "
            f"saved_models/{APP}/python-docs"
        )
    tensorflow_setup.set_up(FLAGS.gpu, parallel_ops=2)
    from lstm_text_generation import scores
    from lstm_text_generation.load import load_model

    path, corpus = Path(arguments[0]), arguments[1] if len(arguments) == 2 else None
    # A model.json of the original lacks its character set, so use that of the corpus.
    text = corpora.read(corpus, FLAGS.data_dir, FLAGS.encoding) if corpus else None
    model, description = load_model(path, text)
    if corpus:
        text_data = encode_corpus(corpus, FLAGS.data_dir, FLAGS.encoding, description["char_set"])
        indices, what = text_data.indices(), f"all of {text_data.data_identifier()}"
    else:
        text_data, split = load_run_corpus(path, description["char_set"])
        indices = text_data.held_out(split)
        what = f"the end of {text_data.data_identifier()}, which training did not see"
    print(f"{len(indices):,} characters, {what}:")
    print(scores.describe(scores.score(model, indices)))


def load_run_corpus(path: Path, char_set: list[str]) -> "tuple[TextData, float]":
    """Return the corpus of a run, and the fraction that the run held out.

    Raises:
      UserError: the run held out no text; its `run.json` is missing or damaged; or its corpus
        cannot be read or has changed.
    """
    if not holds_settings(path):
        raise UserError(
            f"{path} does not say which corpus it was trained on: name a corpus after it"
        )
    settings = read_settings(path)
    try:
        corpus, encoding = str(settings["corpus"]), str(settings["encoding"])
        split, fingerprint = float(settings["validation_split"]), settings["text"]
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path / SETTINGS_FILE} is damaged: a setting is missing or invalid"
        ) from None
    if not 0 < split < 1:
        raise UserError(f"{path} held out no text (validation_split=0): name a corpus after it")
    text_data = encode_corpus(
        corpus, FLAGS.data_dir or settings.get("data_dir"), encoding, char_set
    )
    if text_data.fingerprint() != fingerprint:
        raise UserError(
            f"{corpus} has changed since {path} was trained on it: name a corpus after the run"
        )
    return text_data, split


def encode_corpus(
    corpus: str, data_dir: str | None, encoding: str, char_set: list[str]
) -> "TextData":
    """Return a corpus, encoded in the character set of a model.

    Raises:
      UserError: the corpus cannot be read, is too short, or has characters that the model does not
        know.
    """
    from lstm_text_generation.data import TextData

    text = corpora.read(corpus, data_dir, encoding)
    try:
        return TextData(corpora.title(corpus), text, 1, 1, char_set)
    except ValueError as error:
        raise UserError(str(error)) from None


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
