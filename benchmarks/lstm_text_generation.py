"""Benchmark the text generation app against the stock Keras recipe and against the original's way.

  python -m benchmarks.lstm_text_generation [CORPUS] [flags]

CORPUS is a name or path as for training; by default tiny_shakespeare.
"""

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from absl import flags

from benchmarks.measure import print_rates, rates, seconds
from training_run import command_line, devices
from training_run.command_line import FLAGS, between, define

if TYPE_CHECKING:
    from lstm_text_generation.model import Objective

SAMPLE_LEN, BATCH, SIZES, SPLIT = 60, 128, (128, 128), 0.0625  # the original's defaults
THRESHOLDS = (2.2, 2.0, 1.8)


def define_flags() -> None:
    """Define what can be left out, as it takes minutes."""
    define(flags.DEFINE_string, "data_dir", None, "TensorFlow Datasets directory.")
    define(flags.DEFINE_integer, "rounds", 5, "Timed rounds.", check=between(1, 1000))
    define(
        flags.DEFINE_integer,
        "epochs",
        120,
        "Give up reaching a val_loss after so many epochs; 0 leaves that part out.",
        check=between(0, 10_000),
    )


def main(arguments: list[str]) -> None:
    """Print every part."""
    devices.set_up(gpu=False, side_by_side=len(SIZES))
    import keras

    from lstm_text_generation import corpora
    from lstm_text_generation.data import TextData

    text = corpora.load(arguments[0] if arguments else "tiny_shakespeare", FLAGS.data_dir)
    text_data = TextData("benchmark", text, SAMPLE_LEN, 3)
    keras.utils.set_random_seed(0)
    start_up()
    encoding(text)
    training_speed(text_data)
    generating_speed(text_data)
    if FLAGS.epochs:
        time_to_quality(text_data)


def start_up() -> None:
    """Time --help in a new process."""
    line = [sys.executable, "-m", "lstm_text_generation.train", "--help"]
    times = [
        seconds(lambda: subprocess.run(line, stdout=subprocess.DEVNULL, check=True))
        for _ in range(5)
    ]
    print(f"--help: {statistics.median(times):.2f} s")


def encoding(text: str) -> None:
    """Time the encoding of 100 MB."""
    from lstm_text_generation.data import TextData

    large = (text * (100_000_000 // len(text) + 1))[:100_000_000]
    print(f"encoding 100 MB: {seconds(lambda: TextData('x', large, SAMPLE_LEN, 3)):.2f} s")


def training_speed(text_data) -> None:
    """Compare training steps on the same number of examples."""
    from lstm_text_generation import model as lstm

    examples = lstm.training_examples(10_000, SPLIT)  # an epoch of the default flags

    def ours(objective: lstm.Objective):
        model = new_model(text_data)
        step = lstm.make_train_step(model, objective, clip_norm=1.0)

        def run() -> None:
            batches = text_data.training_batches(epoch=0, num_examples=examples, batch_size=BATCH)
            for batch in batches:
                float(step(batch)["loss"])

        return run, examples

    measured = rates(
        {
            "model.fit": (keras_recipe(text_data, examples), examples),
            "last_char": ours("last_char"),
            "every_char": ours("every_char"),
        },
        FLAGS.rounds,
    )
    print_rates("Training", "examples/s", measured, "model.fit")


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
    """Compare the three ways of writing one text."""
    import numpy as np
    import tensorflow as tf

    from lstm_text_generation.generation import Mode, TextGenerator, sample

    model = new_model(text_data)
    _, indices = text_data.get_random_slice(np.random.default_rng(0))
    seed_text = tf.constant([indices], tf.int32)
    eye = np.eye(text_data.char_set_size(), dtype=np.float32)

    def in_graph(mode: Mode, length: int):
        generator = TextGenerator(model, mode)

        def run() -> None:
            zero = tf.constant(0, tf.int64)
            arguments = (tf.constant(length), tf.constant(0.5), zero, zero)
            generator.write(*generator.start(seed_text), *arguments)[0].numpy()

        return run, length

    def predict(length: int):
        def run() -> None:
            window = list(indices)
            for _ in range(length):
                probs = model.predict(eye[window][None], verbose=0)
                window = [*window[1:], int(sample(probs, 0.5)[0])]

        return run, length

    measured = rates(
        {
            "stateful": in_graph("stateful", 2000),
            "windowed": in_graph("windowed", 100),
            "model.predict": predict(10),
        },
        FLAGS.rounds,
    )
    print_rates("Generating one text", "characters/s", measured, "model.predict")


def time_to_quality(text_data) -> None:
    """Train with the default flags until each val_loss is reached."""
    slow, fast = reach(text_data, "last_char"), reach(text_data, "every_char")
    print("\nSeconds (epochs) to val_loss, with the default flags")
    for threshold in THRESHOLDS:
        cells = [
            f"{name} {hit[0]:7.1f} s ({hit[1]:3d})" if hit else f"{name} not reached"
            for name, hit in (
                ("last_char", slow.get(threshold)),
                ("every_char", fast.get(threshold)),
            )
        ]
        if threshold in slow and threshold in fast:
            cells.append(f"{slow[threshold][0] / fast[threshold][0]:5.1f} x sooner")
        print(f"  {threshold}: {'   '.join(cells)}")


def reach(text_data, objective: "Objective") -> dict[float, tuple[float, int]]:
    """Return the seconds and the epoch at which each threshold was first reached."""
    import keras

    from lstm_text_generation import model as lstm

    reached: dict[float, tuple[float, int]] = {}

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs=None) -> None:
            for threshold in THRESHOLDS:
                if logs["val_loss"] <= threshold:
                    reached.setdefault(threshold, (time.perf_counter() - started, epoch + 1))
            self.model.stop_training = len(reached) == len(THRESHOLDS)

    model = new_model(text_data)
    started = time.perf_counter()
    lstm.fit_model(
        model,
        text_data,
        FLAGS.epochs,
        10_000,
        BATCH,
        SPLIT,
        [Watch()],
        objective=objective,
        clip_norm=1.0,
    )
    return reached


def new_model(text_data):
    """Return the model of the default flags."""
    from lstm_text_generation import model as lstm

    model = lstm.create_model(SAMPLE_LEN, text_data.char_set_size(), SIZES)
    lstm.compile_model(model, 0.01)
    return model


if __name__ == "__main__":
    command_line.run(main, define_flags, lambda: __doc__ or "")
