"""What a training run shows and writes after each epoch: figures and a preview."""

from pathlib import Path

import keras
import numpy as np

from fashion_mnist_vae.preview import preview, terminal_style
from training_run import history
from training_run.loop import Logs, Progress


class EpochReport(keras.callbacks.Callback):
    """Shows what the decoder draws at z = 0, and writes the run's table, every epoch."""

    def __init__(self, directory: Path, progress: Progress, image_shape: tuple[int, int]):
        super().__init__()
        self.directory, self.progress, self.image_shape = directory, progress, image_shape

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw the preview and write the table."""
        decoder = self.model.get_layer("decoder")
        image = decoder(np.zeros((1, decoder.input_shape[1]), np.float32)).numpy()[0]
        self._preview = preview(image.reshape(self.image_shape), terminal_style())
        self.write_files()

    def summary(self, logs: Logs, images_per_second: float) -> str:
        """Word the epoch's figures, and add the preview."""
        terms = f"reconstruction {logs['reconstruction']:.4f}, KL {logs['kl']:.4f}"
        return (
            f"loss {logs['loss']:.4f} ({terms}), test loss {logs['val_loss']:.4f}, "
            f"{images_per_second:,.0f} images/s\n{self._preview}"
        )

    def write_files(self) -> None:
        """Write `history.csv` from the progress, so that they always agree."""
        history.write_csv(self.directory / "history.csv", self.progress.history)
