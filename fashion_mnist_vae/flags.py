"""The commands' flags: those of the originals with their defaults, and the port's own."""

from typing import TYPE_CHECKING, Any

from absl import flags

from keras_tfjs.command_line import UserError, define_aliases
from training_run.run_flags import (
    Definer,
    FlagGroups,
    define_gpu_flag,
    define_preset_flag,
    define_rate_flags,
    define_run_flags,
)

if TYPE_CHECKING:
    from fashion_mnist_vae.grid import Grid

# Several defaults under one name. `fast` reaches the loss of 50 epochs of the original's recipe in
# half of their time (docs/recipes.md): smaller batches take more steps, and a rate that falls ends
# the noise that they bring.
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {
        "batch_size": 128,
        "learning_rate": 8e-3,
        "schedule": "cosine",
        "warmup_steps": 300,
        "epochs": 18,
    }
}


def _define_data(define: Definer) -> list[flags.FlagHolder]:
    """Define where the images are."""
    return [
        define.string(
            "dataset",
            "fashion_mnist",
            "Small grayscale images: a TensorFlow Datasets name such as mnist, kmnist or "
            "emnist/letters, or any name for IDX files of your own in --data_dir.",
        ),
        define.string(
            "data_dir",
            None,
            "Directory of IDX files (or .gz), or of TensorFlow Datasets. Default: Debian's, then "
            "TFDS's own.",
        ),
    ]


def _define_grid(define: Definer) -> list[flags.FlagHolder]:
    """Define which part of the latent space is drawn."""
    return [
        define.integer("grid_points", 20, "Images in a row of the latent space's picture.", 1, 200),
        define.float("grid_start", -4.0, "Smallest z of the picture.", -1e6, 1e6),
        define.float("grid_end", 4.0, "Largest z of the picture.", -1e6, 1e6),
    ]


# fmt: off
# ---- train: the flags of train.js and our own, each in one group.

TRAIN = flags.FlagValues()  # the global one has a --log_dir of absl.logging
_train = Definer(TRAIN)
_run = define_run_flags(_train, epochs=100, batch_size=256, save_path="saved_models/DATASET_vae")
_dataset, _data_dir = _define_data(_train)
TRAIN_GROUPS = FlagGroups(
    kept=[
        *_run.kept,
        _dataset,
        _train.integer("latent_dim", 2, "Dimensions of the latent space.", 1, 100_000),
        _train.integer("intermediate_dim", 512, "Units of the hidden layers.", 1, 100_000),
        _train.enum("reconstruction_loss", "mse", ["mse", "bce"],
                    "Squared error, or binary cross-entropy, summed over the pixels."),
        _train.float("beta", 1.0, "Weight of the KL divergence in the loss.", 0),
    ],
    changeable=[
        *_run.changeable,
        *define_rate_flags(_train, 1e-3, "Learning rate of Adam."),
        _data_dir,
        *_define_grid(_train),
    ],
    process=[*_run.process, define_preset_flag(_train, PRESETS)],
)

# ---- generate: what client.js has as controls.

GENERATE = flags.FlagValues()
_generate = Definer(GENERATE)
_generate.list("z", None, "The point of the latent space to draw, such as 1.5,-0.5.")
_generate.string("output", None, "PNG file to write.")
_define_grid(_generate)
define_gpu_flag(_generate)

# ---- evaluate: where the test images are.

EVALUATE = flags.FlagValues()
_evaluate = Definer(EVALUATE)
_evaluate.string("data_dir", None,
                 "Directory of IDX files (or .gz), or of TensorFlow Datasets. Default: the run's.")
define_gpu_flag(_evaluate)

# ---- download: where the images come from, and where they go.

DOWNLOAD = flags.FlagValues()
_download = Definer(DOWNLOAD)
_define_data(_download)
_download.string("output", None,
                 "Directory to write the training images into, such as the original's dataset.")
# fmt: on


@flags.validator("z", "must be numbers, such as 1.5,-0.5", GENERATE)
def _are_numbers(values: list[str] | None) -> bool:
    try:
        return all(abs(float(value)) < 1e6 for value in values or [])
    except ValueError:
        return False


for _values in (TRAIN, GENERATE, EVALUATE, DOWNLOAD):
    define_aliases(_values)


def grid_of(values: flags.FlagValues) -> "Grid":
    """Return the grid that the flags ask for.

    Raises:
      UserError: its end is not above its start.
    """
    from fashion_mnist_vae.grid import Grid  # here, because --help need not import numpy

    if not values.grid_start < values.grid_end:
        raise UserError(
            f"--grid_end={values.grid_end} must be above --grid_start={values.grid_start}"
        )
    return Grid(values.grid_points, values.grid_start, values.grid_end)
