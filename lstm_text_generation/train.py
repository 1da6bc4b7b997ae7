"""Train a next-character model on a text (the original's train_node.js, `yarn train`)."""

import math
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from absl import flags

from lstm_text_generation import corpora
from training_run import command_line, devices
from training_run.command_line import (
    FLAGS,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Check,
    UserError,
    between,
    define,
)
from training_run.run_directory import describe, open_run, saved_settings

APP = "lstm_text_generation"
# A run keeps its flags in run.json. Those that decide its course stay as they are when it is
# resumed; the others may be given anew.
FIXED_FLAGS = [
    "sample_len",
    "sample_step",
    "lstm_layer_size",
    "init_from",
    "objective",
    "optimizer",
    "seed",
    "batch_size",
    "examples_per_epoch",
    "validation_split",
    "dropout",
]
FREE_FLAGS = [
    "epochs",
    "learning_rate",
    "clip_norm",
    "early_stopping",
    "display_length",
    "encoding",
    "data_dir",
]


def usage() -> str:
    """Return the text above the flags in --help."""
    return f"""{__doc__}

  python -m lstm_text_generation.train [CORPUS] [flags]

CORPUS is one of
{corpora.table()}
"""


def define_flags() -> None:
    """Define the flags of train_node.js with their defaults, and the port's own."""
    integer, number = flags.DEFINE_integer, flags.DEFINE_float
    command_line.define_run_flags(150, 128, f"saved_models/{APP}/CORPUS")
    define(
        integer,
        "sample_len",
        60,
        "Characters in an input window. Compiling takes a second for each ten of them.",
        check=between(1, 1000),
        alias="sampleLen",
    )
    define(
        integer,
        "sample_step",
        3,
        "Characters from one example to the next in the text.",
        check=between(1, 10**6),
        alias="sampleStep",
    )
    define(
        flags.DEFINE_list,
        "lstm_layer_size",
        "128,128",
        "Units of each LSTM layer, such as 128 or 256,128.",
        check=LAYER_SIZES,
        alias="lstmLayerSize",
    )
    define(number, "learning_rate", 1e-2, "Learning rate.", check=POSITIVE, alias="learningRate")
    define(
        integer,
        "examples_per_epoch",
        10_000,
        "Examples drawn from the text in each epoch.",
        check=between(1, 10**12),
        alias="examplesPerEpoch",
    )
    define(
        number,
        "validation_split",
        0.0625,
        "Fraction held out for validation: of the text, its end, and of each epoch's examples.",
        check=FRACTION,
        alias="validationSplit",
    )
    define(
        integer,
        "display_length",
        120,
        "Characters of each sample shown after an epoch.",
        check=between(1, 10**5),
        alias="displayLength",
    )
    _define_own_flags()


def _define_own_flags() -> None:
    """Define the flags that train_node.js has not."""
    integer, number, enum = flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum
    define(
        enum,
        "objective",
        "every_char",
        "Take the loss at every character of a window, or at the last only, as the original does.",
        values=["every_char", "last_char"],
    )
    define(
        flags.DEFINE_string,
        "init_from",
        None,
        "Go on from the weights of this model, a run's directory or a model.json of TensorFlow.js.",
        alias="initFrom",
    )
    define(enum, "optimizer", "rmsprop", "Optimizer.", values=["rmsprop", "adam"])
    define(
        number,
        "clip_norm",
        1.0,
        "Scale gradients down to this norm; 0 does not.",
        check=NOT_NEGATIVE,
    )
    define(
        number,
        "dropout",
        0.0,
        "Fraction of each LSTM layer's outputs dropped in training.",
        check=FRACTION,
    )
    define(
        integer,
        "early_stopping",
        0,
        "Stop after so many epochs without a lower val_loss; 0 does not.",
        check=between(0, 10**9),
    )
    corpora.define_flags()


def _are_layer_sizes(sizes: list[str]) -> bool:
    return bool(sizes) and all(s.strip().isdecimal() and 1 <= int(s) <= 16_384 for s in sizes)


LAYER_SIZES = Check(_are_layer_sizes, "must be whole numbers of 1 to 16384, such as 256,128")


def main(arguments: list[str]) -> None:
    """Train, and leave a complete run directory.

    Args:
      arguments: the corpus, or nothing.

    Raises:
      UserError: bad input, or a run that cannot go on.
    """
    if len(arguments) > 1:
        raise UserError(f"one corpus at a time, not {' and '.join(arguments)}")
    corpus = arguments[0] if arguments else corpora.DEFAULT
    path = command_line.run_path(f"saved_models/{APP}/{corpora.identifier(corpus)}")
    if FLAGS.resume:
        saved = saved_settings(path)
        command_line.adopt(saved, [*FIXED_FLAGS, *FREE_FLAGS])
        if not arguments:
            corpus = str(saved.get("corpus", corpus))
    command_line.make_log_dir()
    # Before the corpus, which TensorFlow Datasets may read: threads are set before the first use.
    devices.set_up(FLAGS.gpu, side_by_side=len(FLAGS.lstm_layer_size))
    from lstm_text_generation.data import TextData

    read = partial(corpora.read, corpus, FLAGS.data_dir, FLAGS.encoding)
    start, char_set = _load_start(read()) if FLAGS.init_from else (None, [])
    try:
        name = corpora.identifier(corpus)
        text_data = TextData(name, read(), FLAGS.sample_len, FLAGS.sample_step, char_set)
        if FLAGS.validation_split:
            text_data.validation_windows(FLAGS.validation_split)
    except ValueError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(
            f"no room for the encoded text in {tempfile.gettempdir()}: {error.strerror}; name "
            "another directory with TMPDIR=..."
        ) from None
    size = text_data.char_set_size()
    # One-hot characters and logits, with their gradients: six floats each, by measurement.
    each = 6 * 4 * text_data.sample_len() * size
    devices.check_memory(f"{size:,} distinct characters", each, FLAGS.batch_size)
    place = corpus if corpus in corpora.NAMES else str(Path(corpus).resolve())
    settings = {"app": APP, "corpus": place, "text": text_data.fingerprint()}
    settings |= {name: getattr(FLAGS, name) for name in [*FIXED_FLAGS, *FREE_FLAGS]}
    free = ["corpus", *FREE_FLAGS]  # a file may have moved; its text decides
    with open_run(path, settings, free, resume=FLAGS.resume, overwrite=FLAGS.overwrite) as run:
        _train(run, text_data, start)


def _load_start(text: Iterator[str]) -> tuple:
    """Load the model of --init_from; what it fixes may be given as a flag, but not otherwise.

    Returns:
      The model and its character set.
    """
    import keras

    from lstm_text_generation import export
    from lstm_text_generation.cells import lstm_layers

    path = Path(FLAGS.init_from).resolve()
    if FLAGS.resume and not path.exists():
        raise UserError(f"the run began with {path}: put it back, for its layers are needed")
    FLAGS["init_from"].value = str(path)
    model, text_data = export.load_model(path, text)
    recurrent = lstm_layers(model)
    if any(layer.dropout or layer.recurrent_dropout for layer in recurrent):
        raise UserError(
            f"{FLAGS.init_from} has dropout within its LSTM layers, which is not trained here"
        )
    if not model.trainable_variables:
        raise UserError(f"{FLAGS.init_from} is frozen: none of its layers is trainable")
    dropout = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    fixed = {
        "sample_len": text_data["sample_len"],
        "lstm_layer_size": [str(layer.units) for layer in recurrent],
        "dropout": dropout[0] if dropout else 0.0,
    }
    for name, value in fixed.items():
        if command_line.is_given(name) and getattr(FLAGS, name) != value:
            raise UserError(f"--{name} follows from --init_from; leave it out")
        setattr(FLAGS, name, value)
    return model, text_data["char_set"]


def _train(run, text_data, model) -> None:
    """Train the model, or a new one if it is None, and export the best weights."""
    import keras
    import numpy as np

    from lstm_text_generation import export
    from lstm_text_generation import model as lstm
    from lstm_text_generation.report import EpochReport
    from training_run import callbacks as hooks
    from training_run import history
    from training_run.loop import Progress

    keras.utils.set_random_seed(FLAGS.seed)
    sizes = [int(size) for size in FLAGS.lstm_layer_size]
    model = model or lstm.create_model(
        text_data.sample_len(), text_data.char_set_size(), sizes, FLAGS.dropout
    )
    lstm.compile_model(model, FLAGS.learning_rate, FLAGS.optimizer, FLAGS.clip_norm)
    model.summary(print_fn=print)
    seed_text, _ = text_data.get_random_slice(np.random.default_rng(FLAGS.seed))
    print(f'Seed text:\n"{seed_text}"\n')

    progress = Progress()
    checkpoints = hooks.Checkpoints(run.work / "checkpoints", progress)
    for warning in checkpoints.restore(model):
        print(f"warning: {warning}")
    examples = lstm.training_examples(FLAGS.examples_per_epoch, FLAGS.validation_split)
    steps = math.ceil(examples / FLAGS.batch_size)
    report = EpochReport(run.work, progress, text_data, seed_text, FLAGS.display_length, FLAGS.seed)
    bar = hooks.ProgressBar(FLAGS.epochs, steps, progress, report.summary)
    board = [hooks.TensorBoard(FLAGS.log_dir)] if FLAGS.log_dir else []
    lstm.fit_model(
        model,
        text_data,
        FLAGS.epochs,
        FLAGS.examples_per_epoch,
        FLAGS.batch_size,
        FLAGS.validation_split,
        [report, checkpoints, bar, *board],  # what was learned is kept before it is shown
        objective=FLAGS.objective,
        seed=FLAGS.seed,
        progress=progress,
        patience=FLAGS.early_stopping,
    )
    if progress.epoch < FLAGS.epochs:
        print(f"Stopping early: no lower val_loss for {FLAGS.early_stopping} epochs.")
    model.set_weights(progress.best_weights)
    print(f"Saving the weights of epoch {progress.best_epoch}, the best.", flush=True)
    files = export.export_model(run.work, model, text_data, seed_text)
    title = f"{text_data.data_identifier()}, LSTM {','.join(map(str, sizes))}"
    history.plot_loss(run.work / "loss.png", progress.history, title, "nats per character")
    report.write_files()
    run.finish()
    files |= {
        "samples.txt": "what it wrote after each epoch",
        "history.csv": "loss, val_loss and bits per character of each epoch",
        "loss.png": "the same as a picture",
        "checkpoints": "what --resume goes on from",
    }
    train = ["-m", f"{APP}.train"]
    try_next = [
        ["-m", f"{APP}.generate", str(run.path), "--temperature=0.8", "--gen_length=500"],
        [*train, "--resume", f"--epochs={2 * FLAGS.epochs}", f"--save_path={run.path}"],
        [*train, "a_text_of_your_own.txt"],
    ]
    print(describe(run.path, files, try_next))


def cli() -> None:
    """Run the command."""
    command_line.run(main, define_flags, usage)


if __name__ == "__main__":
    cli()
