"""Benchmark the text generation app against the Keras example, PyTorch and the original.

  python -m benchmarks.lstm_text_generation [CORPUS] [flags]

CORPUS is a name or path as for training; by default tiny_shakespeare.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.measure import print_rates, rates, serve, start_process
from harness import ROOT
from keras_tfjs import command_line
from training_run import tensorflow_setup

SAMPLE_LEN, BATCH, LAYER_SIZES = 60, 128, (128, 128)  # the original's defaults
# Floating-point operations of an example's matrix products: at each of 60 characters, two cells of
# 128 units with 65 and 128 inputs; forward, and twice as many backward.
EXAMPLE_FLOPS = 3 * 60 * 2 * 512 * ((65 + 128) + (128 + 128))
TFJS_EXAMPLES = 4 * BATCH  # in a timed round, because an epoch takes a minute
EXAMPLES = 9375  # in an epoch with the default flags
TFJS = ROOT / "node_modules/@tensorflow/tfjs-node/lib/napi-v8"
CONTESTANTS = ["model.fit", "last_char", "every_char", "torch.nn.LSTM", "matrix product"]


FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "TensorFlow Datasets directory.", flag_values=FLAGS)
flags.DEFINE_integer("rounds", 7, "Number of timed rounds.", 1, 1000, flag_values=FLAGS)
_CONTESTANT = "Run this contestant for the benchmark's main process."
flags.DEFINE_enum("contestant", None, CONTESTANTS, _CONTESTANT, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Print all parts as Markdown."""
    # The port gives each operation one thread. The other contestants give it all cores.
    is_port = FLAGS.contestant in (None, "last_char", "every_char")
    tensorflow_setup.set_up(parallel_ops=len(LAYER_SIZES) if is_port else 0)
    import keras

    from lstm_text_generation import corpora
    from lstm_text_generation.data import TextData

    name = arguments[0] if arguments else "tiny_shakespeare"
    text_data = TextData("benchmark", corpora.read(name, FLAGS.data_dir), SAMPLE_LEN, 3)
    keras.utils.set_random_seed(0)
    if FLAGS.contestant:
        run_contestant(FLAGS.contestant, text_data)
        return
    print(f"## Text generation\n\nOn {name}, with 2 x 128 units and windows of 60 characters.\n")
    training_speed(name, text_data.char_set_size())
    generating_speed(text_data)


def training_speed(corpus: str, characters: int) -> None:
    """Compare the speeds of training steps and of a large matrix product."""
    examples = dict.fromkeys(CONTESTANTS, float(EXAMPLES)) | {
        "matrix product": 5 * 2 * 2048**3 / EXAMPLE_FLOPS
    }
    if not importlib.util.find_spec("torch"):
        del examples["torch.nn.LSTM"]
    data = [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    command = [sys.executable, "-m", "benchmarks.lstm_text_generation", corpus, *data]
    contestants = {
        name: (start_process([*command, f"--contestant={name}"]), count)
        for name, count in examples.items()
    }
    if TFJS.exists():
        sizes = (TFJS_EXAMPLES, SAMPLE_LEN, characters, LAYER_SIZES[0], len(LAYER_SIZES), BATCH)
        line = ["node", str(Path(__file__).with_name("tfjs_lstm.mjs")), *map(str, sizes)]
        contestants["TensorFlow.js in Node"] = (start_process(line), TFJS_EXAMPLES)
    measured = rates(contestants, FLAGS.rounds)
    print(
        f"Training steps of {BATCH} examples. `model.fit` is the keras.io example, TensorFlow.js "
        "the original's program; each uses its library's LSTM. `every_char` learns all 60 "
        "characters of an example, and the others learn one. Matrix product (2048 x 2048, float32, "
        f"all cores): its FLOP/s divided by the {EXAMPLE_FLOPS / 1e6:.0f} MFLOP of an example.\n"
    )
    bases = ["model.fit", "torch.nn.LSTM", "TensorFlow.js in Node", "matrix product"]
    print_rates("examples/s", measured, bases)


def run_contestant(name: str, text_data) -> None:
    """Train on `EXAMPLES` examples, or multiply matrices, at each request on stdin."""
    from benchmarks.fashion_mnist_vae import matrix_product

    characters = text_data.char_set_size()
    batches = list(text_data.next_data_epoch(EXAMPLES, BATCH, epoch=0))
    if name == "matrix product":
        serve(matrix_product(2048))
    elif name == "model.fit":
        serve(keras_recipe(np.concatenate(batches), characters))
    elif name == "torch.nn.LSTM":
        from benchmarks import torch_lstm

        serve(torch_lstm.training(batches, characters, LAYER_SIZES[0], len(LAYER_SIZES)))
    else:
        from benchmarks.training import ServedRun, train_text

        train_text(ServedRun(), batches, characters, LAYER_SIZES[0], name)


def keras_recipe(windows: np.ndarray, size: int):
    """Return an epoch of the keras.io example: boolean one-hot arrays and `model.fit`."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SAMPLE_LEN, size)),
            layers.LSTM(LAYER_SIZES[0], return_sequences=True),
            layers.LSTM(LAYER_SIZES[1]),
            layers.Dense(size, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(0.01))
    one_hot = np.eye(size, dtype=np.bool_)[windows]
    xs, ys = one_hot[:, :-1], one_hot[:, -1]
    return lambda: model.fit(xs, ys, batch_size=BATCH, epochs=1, verbose=0)


def generating_speed(text_data) -> None:
    """Compare three ways to generate text, with one text and with 64 texts at a time."""
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
                sampled = sample(model.predict(eye[windows], verbose=0), 0.5)
                windows = np.concatenate([windows[:, 1:], sampled[:, None]], axis=1)

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
    print("Generating text, including sampling.\n")
    print_rates("characters/s", measured, ["model.predict", "windowed"])


def new_model(text_data):
    """Return the model of the default flags."""
    from lstm_text_generation.model import compile_model, create_model

    model = create_model(SAMPLE_LEN, text_data.char_set_size(), LAYER_SIZES)
    compile_model(model, 0.01)
    return model


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
