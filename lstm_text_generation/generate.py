"""Generate text with a trained model (the original's gen_node.js, `yarn gen`)."""

import secrets
import sys
from pathlib import Path

from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from lstm_text_generation.flags import GENERATE as FLAGS
from training_run import tensorflow_setup

USAGE = f"""{__doc__}

  python -m lstm_text_generation.generate [CORPUS] MODEL [flags]

MODEL is the directory of a finished run, or a model.json that this port or TensorFlow.js saved.
CORPUS is a name or path, as in training. The seed text is --seed_text, else a random part of
CORPUS, else the model's own seed text. For a model.json of the original, name its corpus, because
the file does not contain its character set.
"""


def main(arguments: list[str]) -> None:
    """Load the model, and print the text while it is generated.

    Args:
      arguments: optionally a corpus, and the model.

    Raises:
      UserError: bad input.
    """
    if not 1 <= len(arguments) <= 2:
        raise UserError(
            "name the directory of a finished run, as in: python -m "
            "lstm_text_generation.generate saved_models/lstm_text_generation/python-docs"
        )
    tensorflow_setup.set_up(FLAGS.gpu)
    from lstm_text_generation.data import unknown_characters
    from lstm_text_generation.generation import check_seed_length, generate_text
    from lstm_text_generation.load import load_model

    corpus = arguments[0] if len(arguments) == 2 else None
    text = corpora.load(corpus, FLAGS.data_dir, FLAGS.encoding) if corpus else None
    model, text_data = load_model(Path(arguments[-1]), text)
    char_set, sample_len = text_data["char_set"], text_data["sample_len"]
    if text is not None and len(text) < sample_len:
        raise UserError(f"{corpus} has {len(text)} characters, but the model needs {sample_len}")
    seed = secrets.randbelow(2**31) if FLAGS.seed is None else FLAGS.seed
    seed_text = _seed_text(text, sample_len, seed, text_data["seed_text"])
    unknown = unknown_characters(seed_text, char_set)
    if unknown:
        raise UserError(f"the model does not know these characters of the seed text: {unknown}")
    try:
        check_seed_length(len(seed_text), sample_len, FLAGS.mode)
    except ValueError as error:
        raise UserError(str(error)) from None
    print(f'Seed text:\n"{seed_text}"\n')
    index_of = {char: index for index, char in enumerate(char_set)}
    indices = [index_of[char] for char in seed_text]
    for number in range(FLAGS.num_samples):
        print('Generated text:\n"', end="")
        generate_text(
            model,
            char_set,
            indices,
            FLAGS.gen_length,
            FLAGS.temperature,
            _show,
            mode=FLAGS.mode,
            top_k=FLAGS.top_k,
            seed=seed + number,
        )
        print('"\n')


def _seed_text(text: str | None, sample_len: int, seed: int, default: str) -> str:
    """Return --seed_text, else a random slice of the corpus, else the default."""
    if FLAGS.seed_text is not None:
        return FLAGS.seed_text
    if text is None:
        return default
    import numpy as np

    start = np.random.default_rng(seed).integers(0, len(text) - sample_len + 1)
    return text[start : start + sample_len]


def _show(char: str) -> None:
    sys.stdout.write(char)
    sys.stdout.flush()


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, lambda: USAGE)


if __name__ == "__main__":
    cli()
