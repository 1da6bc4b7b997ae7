"""Benchmark the text generation app against the stock Keras recipe and against the original's way.

  python -m benchmarks.lstm_text_generation [CORPUS] [flags]

CORPUS is a name or path as for training; by default tiny_shakespeare.
"""

import importlib.util
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from benchmarks.measure import print_rates, print_table, rates
from training_run import command_line, devices
from training_run.command_line import FLAGS, between, define

if TYPE_CHECKING:
    from lstm_text_generation.model import Objective

SAMPLE_LEN, BATCH, SIZES, SPLIT = 60, 128, (128, 128), 0.0625  # the original's defaults
# Multiplications and additions of an example's matrix products: at each of 60 characters those of
# two cells of 128 units, over 65 one-hot characters and over 128 outputs; forward, and twice that
# backward.
FLOPS = 3 * 60 * 2 * 512 * ((65 + 128) + (128 + 128))
TFJS_EXAMPLES = 4 * BATCH  # of a timed round, as an epoch would take a minute
THRESHOLDS = (2.0, 1.8, 1.7, 1.65)
TFJS = Path(__file__).parents[1] / "node_modules/@tensorflow/tfjs-node/lib/napi-v8"


def define_flags() -> None:
    """Define what can be left out, as it takes minutes."""
    define(flags.DEFINE_string, "data_dir", None, "TensorFlow Datasets directory.")
    define(flags.DEFINE_integer, "rounds", 9, "Timed rounds.", check=between(1, 1000))
    define(
        flags.DEFINE_integer,
        "epochs",
        120,
        "Give up reaching a val_loss after so many epochs; 0 leaves that part out.",
        check=between(0, 10_000),
    )


def main(arguments: list[str]) -> None:
    """Print every part, as Markdown."""
    devices.set_up(gpu=False, side_by_side=len(SIZES))
    import keras

    from lstm_text_generation import corpora
    from lstm_text_generation.data import TextData

    name = arguments[0] if arguments else "tiny_shakespeare"
    text = corpora.load(name, FLAGS.data_dir)
    text_data = TextData("benchmark", text, SAMPLE_LEN, 3)
    keras.utils.set_random_seed(0)
    print(f"## Text generation\n\nOn {name}, with 2 x 128 units and windows of 60 characters.\n")
    training_speed(text_data)
    generating_speed(text_data)
    if FLAGS.epochs:
        time_to_quality(text_data)


def training_speed(text_data) -> None:
    """Compare training steps, and with the rate of a large matrix product."""
    from benchmarks.fashion_mnist_vae import matrix_product
    from lstm_text_generation import model as lstm

    examples = lstm.training_examples(10_000, SPLIT)  # an epoch of the default flags
    batches = list(text_data.training_batches(epoch=0, num_examples=examples, batch_size=BATCH))

    def ours(objective: lstm.Objective) -> tuple[Callable[[], object], float]:
        step = lstm.make_train_step(new_model(text_data), objective, clip_norm=1.0)
        return lambda: [float(step(batch)["loss"]) for batch in batches], examples

    contestants = {
        "model.fit": (keras_recipe(text_data, examples), examples),
        "last_char": ours("last_char"),
        "every_char": ours("every_char"),
        "matrix product": (matrix_product(2048), 5 * 2 * 2048**3 / FLOPS),
    }
    size = text_data.char_set_size()
    if importlib.util.find_spec("torch"):
        from benchmarks import torch_lstm

        arrays = [batch.numpy() for batch in batches]
        contestants["torch.nn.LSTM"] = (
            torch_lstm.training(arrays, size, SIZES[0], len(SIZES)),
            examples,
        )
    if TFJS.exists():
        contestants["TensorFlow.js in Node"] = (tfjs_training(size), TFJS_EXAMPLES)
    measured = rates(contestants, FLAGS.rounds)
    print(
        f"Training steps of {BATCH} examples. `model.fit` is the keras.io recipe, TensorFlow.js "
        "the original's, each with the library's own LSTM; like `last_char` they learn one "
        "character of an example, while `every_char` learns all 60. The matrix product (2048 x "
        f"2048, float32) is counted in examples of {FLOPS / 1e6:.0f} MFLOP.\n"
    )
    print_rates("examples/s", measured, "model.fit")


def tfjs_training(size: int) -> Callable[[], object]:
    """Return an epoch of training in a Node process, which waits in between."""
    sizes = (TFJS_EXAMPLES, SAMPLE_LEN, size, SIZES[0], len(SIZES), BATCH)
    line = ["node", str(Path(__file__).with_name("tfjs_lstm.mjs")), *map(str, sizes)]
    node = subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert node.stdin and node.stdout
    ask, answer = node.stdin, node.stdout

    def run() -> None:
        print("train", file=ask, flush=True)
        if answer.readline() != "done\n":
            raise RuntimeError("TensorFlow.js did not train")

    return run


def keras_recipe(text_data, examples: int):
    """Return the keras.io example's way: boolean one-hot arrays and `model.fit`."""
    import keras
    import numpy as np

    size = text_data.char_set_size()
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
    xs, ys = (array.astype(np.bool_) for array in text_data.next_data_epoch(examples))
    return lambda: model.fit(xs, ys, batch_size=BATCH, epochs=1, verbose=0)


def generating_speed(text_data) -> None:
    """Compare the three ways of writing, one text and 64 at a time."""
    import numpy as np
    import tensorflow as tf

    from lstm_text_generation.generation import Mode, TextGenerator, sample

    model = new_model(text_data)
    _, indices = text_data.get_random_slice(np.random.default_rng(0))
    eye = np.eye(text_data.char_set_size(), dtype=np.float32)

    def in_graph(mode: Mode, batch: int, length: int):
        generator = TextGenerator(model, mode)
        seed_texts = tf.constant([indices] * batch, tf.int32)

        def run() -> None:
            zero = tf.constant(0, tf.int64)
            arguments = (tf.constant(length), tf.constant(0.5), zero, zero)
            generator.write(*generator.start(seed_texts), *arguments)[0].numpy()

        return run, batch * length

    def predict(length: int):
        def run() -> None:
            window = list(indices)
            for _ in range(length):
                probs = model.predict(eye[window][None], verbose=0)
                window = [*window[1:], int(sample(probs, 0.5)[0])]

        return run, length

    measured = rates(
        {
            "stateful": in_graph("stateful", 1, 2000),
            "stateful, 64 texts": in_graph("stateful", 64, 500),
            "windowed": in_graph("windowed", 1, 100),
            "windowed, 64 texts": in_graph("windowed", 64, 20),
            "model.predict": predict(10),
        },
        FLAGS.rounds,
    )
    print("Writing, drawing included. In the browser: docs/tfjs.md.\n")
    print_rates("characters/s", measured, "model.predict")


def time_to_quality(text_data) -> None:
    """Train in several ways until each val_loss is reached."""
    from lstm_text_generation.train_flags import PRESETS

    fast = PRESETS["fast"]
    ways = {
        "`--objective=last_char`": reach(text_data, "last_char", BATCH, FLAGS.epochs),
        "default flags": reach(text_data, "every_char", BATCH, FLAGS.epochs),
    }
    for seed in range(3):
        name = f"`--preset=fast --seed={seed}`"
        arguments = (fast["batch_size"], fast["epochs"])
        ways[name] = reach(text_data, "every_char", *arguments, fall=True, seed=seed)
    print(
        "Seconds to a val_loss (nats per character, held-out text), compiling included, "
        "and the lowest one, with its seconds. Training ends at the lowest threshold or "
        f"after {FLAGS.epochs} epochs; the preset has epochs of its own and goes to their end.\n"
    )
    rows = []
    for name, (reached, best, end) in ways.items():
        cells = [f"{reached[t]:.0f} s" if t in reached else "-" for t in THRESHOLDS]
        rows.append([name, *cells, f"{best:.3f} after {end:.0f} s"])
    print_table(["", *map(str, THRESHOLDS), "lowest"], rows)


def reach(
    text_data,
    objective: "Objective",
    batch_size: int,
    epochs: int,
    fall: bool = False,
    seed: int = 0,
) -> tuple[dict[float, float], float, float]:
    """Train a new model.

    Args:
      fall: let the learning rate fall as `--schedule=cosine` does, and train for all epochs.

    Returns:
      The seconds at which each threshold was first reached; the lowest val_loss and its seconds.
    """
    import keras

    from lstm_text_generation import model as lstm
    from training_run.loop import Progress

    reached: dict[float, float] = {}
    times: list[float] = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs=None) -> None:
            times.append(time.perf_counter() - started)
            for threshold in THRESHOLDS:
                if logs["val_loss"] <= threshold:
                    reached.setdefault(threshold, times[-1])
            self.model.stop_training = not fall and len(reached) == len(THRESHOLDS)

    keras.utils.set_random_seed(seed)
    model = new_model(text_data)
    callbacks: list[keras.callbacks.Callback] = [Watch()]
    if fall:
        callbacks.append(keras.callbacks.LearningRateScheduler(lstm.cosine(0.01, epochs)))
    progress = Progress()
    started = time.perf_counter()
    lstm.fit_model(
        model,
        text_data,
        epochs,
        10_000,
        batch_size,
        SPLIT,
        callbacks,
        objective=objective,
        clip_norm=1.0,
        seed=seed,
        progress=progress,
    )
    best = progress.best_epoch - 1
    return reached, progress.history[best]["val_loss"], times[best]


def new_model(text_data):
    """Return the model of the default flags."""
    from lstm_text_generation import model as lstm

    model = lstm.create_model(SAMPLE_LEN, text_data.char_set_size(), SIZES)
    lstm.compile_model(model, 0.01)
    return model


if __name__ == "__main__":
    command_line.run(main, define_flags, lambda: __doc__ or "")
