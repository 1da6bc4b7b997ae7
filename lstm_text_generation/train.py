"""Train a next-character model on a text (the original's train_node.js, `yarn train`).

TensorFlow is imported inside the functions, because `--help` takes 0.1 s without it and several
seconds with it.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from keras_tfjs import command_line
from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora
from lstm_text_generation.flags import PRESETS, TRAIN_GROUPS
from lstm_text_generation.flags import TRAIN as FLAGS
from training_run import run_flags, tensorflow_setup
from training_run.run_directory import saved_settings

if TYPE_CHECKING:
    import keras

    from lstm_text_generation.data import TextData

APP = "lstm_text_generation"
MAX_SCORED_CHARACTERS = 200_000  # at the end of a run: 15 seconds with 2 x 256 units


def usage() -> str:
    """Return the text above the flags in --help."""
    return f"""Train a next-character model on a text (the original's train_node.js, `yarn train`).

  python -m {APP}.train [CORPUS] [flags]

CORPUS is one of
{corpora.table()}
"""


def main(arguments: list[str]) -> None:
    """Train a model, and write a complete run directory.

    Args:
      arguments: optionally a corpus.

    Raises:
      UserError: bad input, or a run that cannot be resumed.
    """
    if len(arguments) > 1:
        raise UserError(f"this command takes one corpus, not {' and '.join(arguments)}")
    corpus = arguments[0] if arguments else corpora.DEFAULT
    default = f"saved_models/{APP}/{corpora.identifier(corpus)}"
    path = run_flags.run_path(FLAGS.save_path, default)
    saved = saved_settings(path) if FLAGS.resume else {}
    run_flags.set_flag_defaults(FLAGS, saved or PRESETS.get(FLAGS.preset, {}), TRAIN_GROUPS)
    # `sequence_logits` computes the layers in parallel. With --init_from, the number of layers is
    # not known yet. Then always use 2, so that a resumed run has the same number of threads.
    layers = 2 if FLAGS.init_from else len(FLAGS.lstm_layer_size)
    tensorflow_setup.set_up(FLAGS.gpu, parallel_ops=layers)
    import keras
    import numpy as np

    from lstm_text_generation import export
    from lstm_text_generation.model import compile_model, fit_model
    from training_run.distribution import join
    from training_run.open_run import open_run

    with join(FLAGS.distribution) as workers:
        # The other workers may lack the run's directory, so they take the chief's settings.
        saved = workers.broadcast(saved)
        run_flags.set_flag_defaults(FLAGS, saved, TRAIN_GROUPS)
        if not arguments:
            corpus = str(saved.get("corpus", corpus))
        text_data, start_model = load_text(corpus)
        settings = {
            "app": APP,
            "corpus": corpus if corpus in corpora.NAMES else str(Path(corpus).resolve()),
            "text": text_data.fingerprint(),
            **TRAIN_GROUPS.settings(),
        }
        with open_run(
            path,
            settings,
            # The file may have moved; the fingerprint of its text must be the same.
            ["corpus", *TRAIN_GROUPS.changeable_names()],
            workers,
            local=["corpus", "data_dir", "init_from"],
            resume=FLAGS.resume,
            overwrite=FLAGS.overwrite,
            log_dir=FLAGS.log_dir,
            max_minutes=run_flags.max_minutes(FLAGS),
        ) as run:
            keras.utils.set_random_seed(FLAGS.seed)
            with run.strategy.scope():
                model = make_model(text_data, start_model)
                compile_model(model, FLAGS.learning_rate, FLAGS.optimizer, FLAGS.weight_decay)
            model.summary(print_fn=print)

            seed_text, _ = text_data.get_random_slice(np.random.default_rng(FLAGS.seed))
            print(f'Seed text:\n"{seed_text}"\n')

            best_model = fit_model(
                model,
                text_data,
                FLAGS.epochs,
                FLAGS.examples_per_epoch,
                FLAGS.batch_size,
                FLAGS.validation_split,
                run,
                objective=FLAGS.objective,
                schedule=FLAGS.schedule,
                warmup_steps=FLAGS.warmup_steps,
                clip_norm=FLAGS.clip_norm,
                patience=FLAGS.early_stopping,
                seed=FLAGS.seed,
                seed_text=seed_text,
                display_length=FLAGS.display_length,
            )
            if run.progress.epoch < run.num_epochs:
                print(f"Stopping early: no lower loss for {FLAGS.early_stopping} epochs.")
            if workers.is_chief:
                print_scores(best_model, text_data)
                # Compile the model, so that a user of model.keras can train it further.
                compile_model(best_model, FLAGS.learning_rate, FLAGS.optimizer, FLAGS.weight_decay)
                files = export.export_run(run, best_model, text_data, seed_text)
                run.finish(files, next_commands(str(path), run.num_epochs))


def make_model(text_data: "TextData", start_model: "keras.Model | None") -> "keras.Model":
    """Return a copy of the model of --init_from if there is one, else a new model."""
    import keras

    from lstm_text_generation.model import create_model

    if start_model:
        model = keras.models.clone_model(start_model)
        model.set_weights(start_model.get_weights())
        return model
    lstm_layer_sizes = [int(size) for size in FLAGS.lstm_layer_size]
    return create_model(
        text_data.sample_len(), text_data.char_set_size(), lstm_layer_sizes, FLAGS.dropout
    )


def print_scores(model: "keras.Model", text_data: "TextData") -> None:
    """Print how well the model predicts at most `MAX_SCORED_CHARACTERS` of the held-out text."""
    from lstm_text_generation import scores

    if FLAGS.validation_split:
        held_out = text_data.held_out(FLAGS.validation_split)[:MAX_SCORED_CHARACTERS]
        print(f"Scores of the best epoch on {len(held_out):,} held-out characters:")
        print(scores.describe(scores.score(model, held_out)))


def next_commands(path: str, epochs: int) -> list[list[str]]:
    """Return the next commands to try, each as a module and its arguments."""
    longer = f"--epochs={2 * epochs}"
    return [
        [f"{APP}.generate", path, "--temperature=0.8", "--gen_length=500"],
        [f"{APP}.evaluate", path],
        [f"{APP}.train", "--resume", longer, f"--save_path={path}"],
        [f"{APP}.train", "a_text_of_your_own.txt"],
    ]


def load_text(corpus: str) -> "tuple[TextData, keras.Model | None]":
    """Load the corpus, and the model of --init_from if there is one.

    Raises:
      UserError: the corpus or the model cannot be used.
    """
    from lstm_text_generation.data import TextData

    read = partial(corpora.read, corpus, FLAGS.data_dir, FLAGS.encoding)
    start_model, char_set = load_start_model(read()) if FLAGS.init_from else (None, [])
    name, text = corpora.title(corpus), read()
    try:
        text_data = TextData(name, text, FLAGS.sample_len, FLAGS.sample_step, char_set)
        if FLAGS.validation_split:
            text_data.validation_windows(FLAGS.validation_split)
    except ValueError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(
            f"no room for the encoded text in {tempfile.gettempdir()}: {error.strerror}; name "
            "another directory with TMPDIR=..."
        ) from None
    check_memory(text_data, FLAGS.batch_size)
    return text_data, start_model


def load_start_model(text: Iterator[str]) -> "tuple[keras.Model, list[str]]":
    """Load the model of --init_from, and set the flags to its sizes.

    Returns:
      The model and its character set.

    Raises:
      UserError: the model cannot be trained, or a flag contradicts its sizes.
    """
    import keras

    from lstm_text_generation.cells import lstm_layers
    from lstm_text_generation.load import load_model

    path = Path(FLAGS.init_from).resolve()
    if FLAGS.resume and not path.exists():
        raise UserError(f"the run began with the model {path}, which is missing: put it back")
    model, text_data = load_model(path, text)
    recurrent = lstm_layers(model)
    if any(layer.dropout or layer.recurrent_dropout for layer in recurrent):
        raise UserError(
            f"{FLAGS.init_from} has dropout inside its LSTM layers, which this port cannot train"
        )
    if not model.trainable_variables:
        raise UserError(f"{FLAGS.init_from} is frozen: none of its layers is trainable")
    FLAGS["init_from"].value = str(path)
    dropout = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    model_flags = {
        "sample_len": text_data["sample_len"],
        "lstm_layer_size": [str(layer.units) for layer in recurrent],
        "dropout": dropout[0] if dropout else 0.0,
    }
    for name, value in model_flags.items():
        if not FLAGS[name].using_default_value and getattr(FLAGS, name) != value:
            raise UserError(f"--{name} is set by --init_from; leave it out")
        FLAGS[name].value = value
    return model, text_data["char_set"]


def check_memory(text_data: "TextData", batch_size: int) -> None:
    """Check that a training step fits into the machine's memory.

    Raises:
      UserError: the step does not fit; the message names a batch size that fits.
    """
    # Measured: one-hot characters, logits and their gradients take six floats per entry.
    bytes_per_example = 6 * 4 * text_data.sample_len() * text_data.char_set_size()
    memory = psutil.virtual_memory().total
    if batch_size * bytes_per_example > memory:
        raise UserError(
            f"{text_data.char_set_size():,} distinct characters need about "
            f"{bytes_per_example / 1e6:,.0f} MB for each example of a batch, and this "
            f"machine has {memory / 1e6:,.0f} MB: "
            f"--batch_size={max(1, memory // (2 * bytes_per_example))} fits"
        )


def cli() -> None:
    """Run the command."""
    command_line.run(main, FLAGS, usage)


if __name__ == "__main__":
    cli()
