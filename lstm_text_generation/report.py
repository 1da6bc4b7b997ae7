"""What a training run shows and writes after each epoch: figures and sample texts."""

from pathlib import Path

import keras
import tensorflow as tf

from lstm_text_generation.data import TextData
from lstm_text_generation.generation import TextGenerator, to_text
from training_run import history
from training_run.atomic_files import write_text
from training_run.loop import Logs, Progress

DISPLAY_TEMPERATURES = [0.0, 0.25, 0.5, 0.75]  # those of train_node.js and of the book's table 10.1


class EpochReport(keras.callbacks.Callback):
    """Writes samples at four temperatures from one seed text, and the run's tables, every epoch."""

    def __init__(
        self,
        directory: Path,
        progress: Progress,
        text_data: TextData,
        seed_text: str,
        display_length: int,
        seed: int,
    ):
        super().__init__()
        self.directory, self.progress, self.text_data = directory, progress, text_data
        self.seed_text, self.display_length, self.seed = seed_text, display_length, seed

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Make the generator, which is traced once."""
        self._generator = TextGenerator(self.model)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep the samples, and write the tables."""
        lines = []
        for temperature, text in zip(DISPLAY_TEMPERATURES, self._samples(epoch), strict=True):
            lines += [f"Generated text (temperature={temperature:g}):", f'"{text}"', ""]
        self._samples_text = "\n".join(lines)
        row = {name: value for name, value in self.progress.history[-1].items() if name != "epoch"}
        figures = ", ".join(f"{name} {value:.4f}" for name, value in row.items())
        self.progress.notes.append(f"Epoch {epoch + 1}: {figures}\n{self._samples_text}")
        self.write_files()

    def summary(self, logs: Logs, examples_per_second: float) -> str:
        """Word the epoch's figures, and add the samples."""
        parts = [f"loss {logs['loss']:.4f}"]
        if "val_loss" in logs:
            parts += [f"val_loss {logs['val_loss']:.4f}", f"{logs['bits_per_char']:.3f} bits/char"]
        figures = ", ".join([*parts, f"{examples_per_second:,.0f} examples/s"])
        return f"{figures}\n{self._samples_text}"

    def write_files(self) -> None:
        """Write `history.csv` and `samples.txt` from the progress, so that they always agree."""
        history.write_csv(self.directory / "history.csv", self.progress.history)
        notes = "\n".join(self.progress.notes)
        write_text(self.directory / "samples.txt", f'Seed text:\n"{self.seed_text}"\n\n{notes}')

    def _samples(self, epoch: int) -> list[str]:
        """Return a text for each temperature; the draws follow from the seed and the epoch."""
        indices = self.text_data.text_to_indices(self.seed_text)
        count = len(DISPLAY_TEMPERATURES)
        probs, memory = self._generator.start(tf.constant([indices] * count, tf.int32))
        written, _, _ = self._generator.write(
            probs,
            memory,
            tf.constant(self.display_length),
            tf.constant(DISPLAY_TEMPERATURES),
            tf.constant(self.seed, tf.int64),
            tf.constant(epoch * self.display_length, tf.int64),
        )
        chars = self.text_data.char_set()
        return [to_text(chars, row) for row in written.numpy()]
