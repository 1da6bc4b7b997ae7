"""Benchmark the text generation app against the stock Keras recipe and against the original's way.

  python -m benchmarks.lstm_text_generation [CORPUS] [flags]

CORPUS is a name or path as for training; by default tiny_shakespeare.
"""

import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.measure import print_rates, process, rates, serve, table
from keras_tfjs import command_line
from lstm_text_generation.flags import PRESETS
from training_run import tensorflow_setup

SAMPLE_LEN, BATCH, SIZES = 60, 128, (128, 128)  # the original's defaults
# Multiplications and additions of an example's matrix products: at each of 60 characters those of
# two cells of 128 units, over 65 one-hot characters and over 128 outputs; forward, and twice that
# backward.
FLOPS = 3 * 60 * 2 * 512 * ((65 + 128) + (128 + 128))
TFJS_EXAMPLES = 4 * BATCH  # of a timed round, as an epoch would take a minute
EXAMPLES = 9375  # an epoch of the default flags
THRESHOLDS = (1.8, 1.65, 1.55, 1.5)
TFJS = Path(__file__).parents[1] / "node_modules/@tensorflow/tfjs-node/lib/napi-v8"
CONTESTANTS = ["model.fit", "last_char", "every_char", "torch.nn.LSTM", "matrix product"]


FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "TensorFlow Datasets directory.", flag_values=FLAGS)
flags.DEFINE_integer("rounds", 7, "Timed rounds.", 1, 1000, flag_values=FLAGS)
_EPOCHS = "Give up reaching a val_loss after this many epochs; 0 leaves that part out."
flags.DEFINE_integer("epochs", 60, _EPOCHS, 0, 10_000, flag_values=FLAGS)
_CONTESTANT = "Be this contestant of the training, for the process that measures."
flags.DEFINE_enum("contestant", None, CONTESTANTS, _CONTESTANT, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Print every part, as Markdown."""
    # The original and torch share operations between cores; one thread an operation is our own way.
    ours = FLAGS.contestant in (None, "last_char", "every_char")
    tensorflow_setup.set_up(parallel_ops=len(SIZES) if ours else 0)
    import keras

    from lstm_text_generation import corpora
    from lstm_text_generation.data import TextData

    name = arguments[0] if arguments else "tiny_shakespeare"
    text_data = TextData("benchmark", corpora.read(name, FLAGS.data_dir), SAMPLE_LEN, 3)
    keras.utils.set_random_seed(0)
    if FLAGS.contestant:
        contend(FLAGS.contestant, text_data)
        return
    print(f"## Text generation\n\nOn {name}, with 2 x 128 units and windows of 60 characters.\n")
    training_speed(name, text_data.char_set_size())
    generating_speed(text_data)
    if FLAGS.epochs:
        time_to_quality(name)


def training_speed(corpus: str, characters: int) -> None:
    """Compare training steps, and with the rate of a large matrix product."""
    units = dict.fromkeys(CONTESTANTS, float(EXAMPLES)) | {
        "matrix product": 5 * 2 * 2048**3 / FLOPS
    }
    if not importlib.util.find_spec("torch"):
        del units["torch.nn.LSTM"]
    data = [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    me = [sys.executable, "-m", "benchmarks.lstm_text_generation", corpus, *data]
    contestants = {n: (process([*me, f"--contestant={n}"]), u) for n, u in units.items()}
    if TFJS.exists():
        sizes = (TFJS_EXAMPLES, SAMPLE_LEN, characters, SIZES[0], len(SIZES), BATCH)
        line = ["node", str(Path(__file__).with_name("tfjs_lstm.mjs")), *map(str, sizes)]
        contestants["TensorFlow.js in Node"] = (process(line), TFJS_EXAMPLES)
    measured = rates(contestants, FLAGS.rounds)
    print(
        f"Training steps of {BATCH} examples. `model.fit` is the keras.io recipe, TensorFlow.js "
        "the original's, each with the library's own LSTM; like `last_char` they learn one "
        "character of an example, while `every_char` learns all 60. The matrix product (2048 x "
        f"2048, float32, on all cores) is counted in examples of {FLOPS / 1e6:.0f} MFLOP.\n"
    )
    bases = ["model.fit", "torch.nn.LSTM", "TensorFlow.js in Node", "matrix product"]
    print_rates("examples/s", measured, bases)


def contend(name: str, text_data) -> None:
    """Train on `EXAMPLES` examples, or multiply matrices, each time that is asked for."""
    from benchmarks.fashion_mnist_vae import matrix_product

    characters = text_data.char_set_size()
    batches = list(text_data.next_data_epoch(EXAMPLES, BATCH, epoch=0))
    if name == "matrix product":
        serve(matrix_product(2048))
    elif name == "model.fit":
        serve(keras_recipe(np.concatenate(batches), characters))
    elif name == "torch.nn.LSTM":
        from benchmarks import torch_lstm

        serve(torch_lstm.training(batches, characters, SIZES[0], len(SIZES)))
    else:
        from benchmarks.training import ServedRun, train_text

        train_text(ServedRun(), batches, characters, SIZES[0], name)


def keras_recipe(windows: np.ndarray, size: int):
    """Return the keras.io example's way: boolean one-hot arrays and `model.fit`."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SAMPLE_LEN, size)),
            layers.LSTM(SIZES[0], return_sequences=True),
            layers.LSTM(SIZES[1]),
            layers.Dense(size, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(0.01))
    one_hot = np.eye(size, dtype=np.bool_)[windows]
    xs, ys = one_hot[:, :-1], one_hot[:, -1]
    return lambda: model.fit(xs, ys, batch_size=BATCH, epochs=1, verbose=0)


def generating_speed(text_data) -> None:
    """Compare the three ways of writing, one text and 64 at a time."""
    import tensorflow as tf

    from lstm_text_generation.generation import Mode, begin_text, continue_text, sample

    model = new_model(text_data)
    _, indices = text_data.get_random_slice(np.random.default_rng(0))
    eye = np.eye(text_data.char_set_size(), dtype=np.float32)

    def in_graph(mode: Mode, batch: int, length: int):
        seed_texts = tf.constant([indices] * batch, tf.int32)

        def run() -> None:
            begun = begin_text(model, seed_texts, mode)
            seed = tf.constant([0, 0], tf.int64)
            arguments = (tf.constant(length), tf.constant(0.5), seed, mode, 0)
            continue_text(model, *begun, *arguments)[0].numpy()

        return run, batch * length

    def predict(batch: int, length: int):
        def run() -> None:
            windows = np.array([indices] * batch)
            for _ in range(length):
                drawn = sample(model.predict(eye[windows], verbose=0), 0.5)
                windows = np.concatenate([windows[:, 1:], drawn[:, None]], axis=1)

        return run, batch * length

    measured = rates(
        {
            "stateful": in_graph("stateful", 1, 2000),
            "stateful, 64 texts": in_graph("stateful", 64, 500),
            "windowed": in_graph("windowed", 1, 100),
            "windowed, 64 texts": in_graph("windowed", 64, 20),
            "model.predict": predict(1, 10),
            "model.predict, 64 texts": predict(64, 10),
        },
        FLAGS.rounds,
    )
    print("Writing, drawing included.\n")
    print_rates("characters/s", measured, ["model.predict", "windowed"])


def time_to_quality(corpus: str) -> None:
    """Run the training command in several ways until each val_loss is reached."""
    ways = [
        "--objective=last_char --clip_norm=0",
        "(the default flags)",
        *(f"--preset={preset} --seed={seed}" for preset in PRESETS for seed in range(3)),
    ]
    rows = []
    for way in ways:
        given = [flag for flag in way.split() if flag.startswith("--")]
        reached, best, when = reach(corpus, given)
        cells = [f"{reached[t]:.0f} s" if t in reached else "-" for t in THRESHOLDS]
        rows.append([f"`{way}`", *cells, f"{best:.3f} after {when:.0f} s"])
    print(
        "Seconds from the command to a val_loss (nats per character, held-out text), start-up, "
        "samples and checkpoints included, and the lowest one with its seconds. The first line is "
        f"the original's way. Training ends at the lowest threshold or after {FLAGS.epochs} "
        "epochs; the presets have epochs of their own and go to their end.\n"
    )
    print(table(["", *THRESHOLDS, "lowest"], rows))


def reach(corpus: str, given: list[str]) -> tuple[dict[float, float], float, float]:
    """Run the training command.

    Returns:
      The seconds at which each threshold was first reached; the lowest val_loss and its seconds.
    """
    preset = any(flag.startswith("--preset") for flag in given)
    given = [*given, *([] if preset else [f"--epochs={FLAGS.epochs}"])]
    given += [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    reached: dict[float, float] = {}
    best, when = float("inf"), 0.0
    with tempfile.TemporaryDirectory() as directory:
        line = [sys.executable, "-m", "lstm_text_generation.train", corpus, *given]
        started = time.perf_counter()
        train = subprocess.Popen(
            [*line, f"--save_path={Path(directory) / 'run'}"], stdout=subprocess.PIPE, text=True
        )
        assert train.stdout
        for output in train.stdout:
            if found := re.match(r"Epoch .* val_loss ([\d.]+)", output):
                loss, now = float(found[1]), time.perf_counter() - started
                best, when = min((best, when), (loss, now))
                for threshold in THRESHOLDS:
                    if loss <= threshold:
                        reached.setdefault(threshold, now)
            if len(reached) == len(THRESHOLDS) and not preset:
                train.terminate()
                break
        train.wait()
    return reached, best, when


def new_model(text_data):
    """Return the model of the default flags."""
    from lstm_text_generation import model as lstm

    model = lstm.create_model(SAMPLE_LEN, text_data.char_set_size(), SIZES)
    lstm.compile_model(model, 0.01)
    return model


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
