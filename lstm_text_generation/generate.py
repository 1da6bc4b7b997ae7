"""Write text with a trained model (the original's gen_node.js, `yarn gen`)."""

import secrets
import sys
from pathlib import Path

from absl import flags

from lstm_text_generation import corpora
from training_run import command_line, devices
from training_run.command_line import FLAGS, NOT_NEGATIVE, UserError, between, define

USAGE = f"""{__doc__}

  python -m lstm_text_generation.generate [CORPUS] MODEL [flags]

MODEL is the directory of a finished run, or a model.json that this port or TensorFlow.js saved.
CORPUS, a name or path as for training, is where the seed text is taken from at random; without it
the model's own seed text is used, or --seed_text. A model.json of the original needs it to know
its characters.
"""


def define_flags() -> None:
    """Define the flags of gen_node.js with their defaults, and the port's own."""
    integer, number, string = flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_string
    define(
        integer,
        "gen_length",
        200,
        "Characters to generate.",
        check=between(1, 10**9),
        alias="genLength",
    )
    define(
        number,
        "temperature",
        0.5,
        "0 always takes the likeliest character; higher values look more random.",
        check=NOT_NEGATIVE,
    )
    define(string, "seed_text", None, "Text to go on from.")
    define(integer, "num_samples", 1, "Texts to generate.", check=between(1, 10**6))
    define(
        flags.DEFINE_enum,
        "mode",
        "stateful",
        "Carry the LSTM state on, or read the last "
        "sample_len characters anew for each character, as the original does.",
        values=["stateful", "windowed"],
    )
    define(
        integer,
        "top_k",
        0,
        "Draw only from the k likeliest characters; 0 draws from all.",
        check=between(0, 10**6),
    )
    define(
        integer,
        "seed",
        None,
        "Decides the draws. Default: another text every time.",
        check=between(0, 2**31 - 1),
    )
    define(
        integer,
        "sample_step",
        3,
        "Accepted as in the original; it does not matter here.",
        check=between(1, 10**6),
        alias="sampleStep",
    )
    corpora.define_flags()
    command_line.define_gpu_flag()


def main(arguments: list[str]) -> None:
    """Load the model and print what it writes, as it is made.

    Args:
      arguments: the corpus, or nothing, and the model.

    Raises:
      UserError: bad input.
    """
    if not 1 <= len(arguments) <= 2:
        raise UserError(
            "name the directory of a finished run, as in: python -m "
            "lstm_text_generation.generate saved_models/lstm_text_generation/python-docs"
        )
    devices.set_up(FLAGS.gpu)
    from lstm_text_generation import export
    from lstm_text_generation.data import unknown_characters
    from lstm_text_generation.generation import TextGenerator

    corpus = arguments[0] if len(arguments) == 2 else None
    text = corpora.load(corpus, FLAGS.data_dir, FLAGS.encoding) if corpus else None
    model, text_data = export.load_model(Path(arguments[-1]), text)
    char_set, sample_len = text_data["char_set"], text_data["sample_len"]
    if text is not None and len(text) < sample_len:
        raise UserError(f"{corpus} has {len(text)} characters; the model reads {sample_len}")
    seed = secrets.randbelow(2**31) if FLAGS.seed is None else FLAGS.seed
    seed_text = _seed_text(text, sample_len, seed, text_data["seed_text"])
    unknown = unknown_characters(seed_text, char_set)
    if unknown:
        raise UserError(f"the model does not know these characters of the seed text: {unknown}")
    print(f'Seed text:\n"{seed_text}"\n')
    index_of = {char: index for index, char in enumerate(char_set)}
    generator = TextGenerator(model, FLAGS.mode, FLAGS.top_k)
    indices = [index_of[char] for char in seed_text]
    for number in range(FLAGS.num_samples):
        print('Generated text:\n"', end="")
        try:
            generator.generate(
                char_set, indices, FLAGS.gen_length, FLAGS.temperature, _show, seed + number
            )
        except ValueError as error:
            raise UserError(str(error)) from None
        print('"\n')


def _seed_text(text: str | None, sample_len: int, seed: int, default: str) -> str:
    """Return --seed_text, else a random slice of the corpus if one is named, else the default."""
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
    command_line.run(main, define_flags, lambda: USAGE)


if __name__ == "__main__":
    cli()
