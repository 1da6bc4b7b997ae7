"""Train a next-character model on a text (the original's train_node.js, `yarn train`)."""

import math
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lstm_text_generation import corpora
from lstm_text_generation.train_flags import FIXED_FLAGS, FREE_FLAGS, PRESETS, define_flags
from training_run import command_line, devices
from training_run.command_line import FLAGS, UserError
from training_run.run_directory import describe, open_run, saved_settings

APP = "lstm_text_generation"


def usage() -> str:
    """Return the text above the flags in --help."""
    return f"""{__doc__}

  python -m lstm_text_generation.train [CORPUS] [flags]

CORPUS is one of
{corpora.table()}
"""


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
    saved = saved_settings(path) if FLAGS.resume else {}
    defaults = saved or PRESETS.get(FLAGS.preset, {})
    command_line.adopt(defaults, [*FIXED_FLAGS, *FREE_FLAGS])
    # Before the corpus, which TensorFlow Datasets may read: threads are set before the first use.
    devices.set_up(FLAGS.gpu, side_by_side=len(FLAGS.lstm_layer_size))
    from training_run.cluster import join

    with join(FLAGS.distribution) as cluster:
        defaults = cluster.json_from_chief(defaults)  # it may be the only one that sees the run
        command_line.adopt(defaults, [*FIXED_FLAGS, *FREE_FLAGS])
        if not arguments:
            corpus = str(defaults.get("corpus", corpus))
        if cluster.is_chief:
            command_line.make_log_dir()
        text_data, start = _load_text(corpus)
        place = corpus if corpus in corpora.NAMES else str(Path(corpus).resolve())
        settings = {"app": APP, "corpus": place, "text": text_data.fingerprint()}
        settings |= {name: getattr(FLAGS, name) for name in [*FIXED_FLAGS, *FREE_FLAGS]}
        cluster.agree(settings, places=["corpus", "data_dir", "init_from"])
        free = ["corpus", *FREE_FLAGS]  # a file may have moved; its text decides
        opening = open_run(path, settings, free, resume=FLAGS.resume, overwrite=FLAGS.overwrite)
        with cluster.by_chief(opening) as run:
            with cluster.strategy.scope():
                model, progress = _train(run, cluster, text_data, start)
            if run:
                _finish(run, model, text_data, progress)


def _load_text(corpus: str) -> tuple:
    """Load the corpus, and the model of --init_from, if any."""
    from lstm_text_generation.data import TextData

    read = partial(corpora.read, corpus, FLAGS.data_dir, FLAGS.encoding)
    start, char_set = _load_start(read()) if FLAGS.init_from else (None, [])
    name, text = corpora.identifier(corpus), read()
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
    size = text_data.char_set_size()
    # One-hot characters and logits, with their gradients: six floats each, by measurement.
    each = 6 * 4 * text_data.sample_len() * size
    devices.check_memory(f"{size:,} distinct characters", each, FLAGS.batch_size)
    return text_data, start


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


def _train(run, cluster, text_data, start) -> tuple:
    """Train a new model, or go on from the weights of `start`.

    Args:
      run: the run's directory; None on a worker that is not the chief, and writes nothing.

    Returns:
      The model and the progress.
    """
    import keras

    from lstm_text_generation import model as lstm
    from training_run import callbacks as hooks
    from training_run.loop import Progress

    keras.utils.set_random_seed(FLAGS.seed)
    if start:
        model = keras.models.clone_model(start)
        model.set_weights(start.get_weights())
    else:
        sizes = [int(size) for size in FLAGS.lstm_layer_size]
        model = lstm.create_model(
            text_data.sample_len(), text_data.char_set_size(), sizes, FLAGS.dropout
        )
    lstm.compile_model(model, FLAGS.learning_rate, FLAGS.optimizer)
    progress = Progress()
    checkpoints = hooks.Checkpoints(run and run.work / "checkpoints", progress, cluster)
    for warning in checkpoints.restore(model):
        print(f"warning: {warning}")
    callbacks = [checkpoints]
    if run:
        model.summary(print_fn=print)
        report, *rest = _reports(run, text_data, progress)
        callbacks = [report, checkpoints, *rest]  # what was learned is kept before it is shown
    if FLAGS.schedule == "cosine":
        rate = lstm.cosine(FLAGS.learning_rate, FLAGS.epochs)
        callbacks.append(keras.callbacks.LearningRateScheduler(rate))
    lstm.fit_model(
        model,
        text_data,
        FLAGS.epochs,
        FLAGS.examples_per_epoch,
        FLAGS.batch_size,
        FLAGS.validation_split,
        callbacks,
        objective=FLAGS.objective,
        clip_norm=FLAGS.clip_norm,
        mixed_precision=FLAGS.mixed_precision,
        seed=FLAGS.seed,
        progress=progress,
        patience=FLAGS.early_stopping,
    )
    if run:
        report.write_files()  # also where a resumed run had no epoch left to train
    return model, progress


def _reports(run, text_data, progress) -> list:
    """Return the callbacks that show and write what happens."""
    from lstm_text_generation.model import training_examples
    from lstm_text_generation.report import EpochReport
    from training_run import callbacks as hooks

    seed_text = _seed_text(text_data)
    print(f'Seed text:\n"{seed_text}"\n')
    report = EpochReport(run.work, progress, text_data, seed_text, FLAGS.display_length, FLAGS.seed)
    examples = training_examples(FLAGS.examples_per_epoch, FLAGS.validation_split)
    steps = math.ceil(examples / FLAGS.batch_size)
    bar = hooks.ProgressBar(FLAGS.epochs, steps, progress, report.summary)
    board = [hooks.TensorBoard(FLAGS.log_dir)] if FLAGS.log_dir else []
    return [report, bar, *board]


def _seed_text(text_data) -> str:
    """Return a piece of the text, the same one whenever the run is resumed."""
    import numpy as np

    return text_data.get_random_slice(np.random.default_rng(FLAGS.seed))[0]


def _finish(run, model, text_data, progress) -> None:
    """Write the best weights in every format, put the run in its place, and say what is there."""
    import keras

    from lstm_text_generation import export
    from lstm_text_generation import model as lstm
    from training_run import history

    if progress.epoch < FLAGS.epochs:
        print(f"Stopping early: no lower val_loss for {FLAGS.early_stopping} epochs.")
    print(f"Saving the weights of epoch {progress.best_epoch}, the best.", flush=True)
    best = keras.models.clone_model(model)  # of plain variables, whatever the strategy made
    best.set_weights(progress.best_weights)
    lstm.compile_model(best, FLAGS.learning_rate, FLAGS.optimizer)
    files = export.export_model(run.work, best, text_data, _seed_text(text_data))
    title = f"{text_data.data_identifier()}, LSTM {','.join(map(str, FLAGS.lstm_layer_size))}"
    history.plot_loss(run.work / "loss.png", progress.history, title, "nats per character")
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
