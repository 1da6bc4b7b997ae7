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

# Each preset is a set of defaults (docs/recipes.md). `fast` reaches the loss of 50 epochs of the
# original's settings in half of the time. Smaller batches give more steps, and the cosine schedule
# reduces their noise.
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
    """Define the flags for finding the images."""
    return [
        define.string(
            "dataset",
            "fashion_mnist",
            "Small grayscale images: a dataset of TensorFlow Datasets, such as mnist, kmnist or "
            "emnist/letters, or any name for your own IDX files in --data_dir.",
        ),
        define.string(
            "data_dir",
            None,
            "Directory of IDX files, gzipped or not, or TensorFlow Datasets directory. Default: "
            "/usr/share/datasets/fashion-mnist, then TFDS's own directory.",
        ),
    ]


def _define_grid(define: Definer) -> list[flags.FlagHolder]:
    """Define the flags for the part of the latent space to draw."""
    return [
        define.integer(
            "grid_points", 20, "Images in a row of the grid in the latent space.", 1, 200
        ),
        define.float("grid_start", -4.0, "Smallest coordinate of the grid.", -1e6, 1e6),
        define.float("grid_end", 4.0, "Largest coordinate of the grid.", -1e6, 1e6),
    ]


# fmt: off
# ---- train: the flags of train.js and our own, each in one group.

TRAIN = flags.FlagValues()  # absl's global flags include another --log_dir
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
                    "Squared error (mse) or binary cross-entropy (bce), summed over the pixels."),
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

# ---- generate: the controls of client.js, and our own.

GENERATE = flags.FlagValues()
_generate = Definer(GENERATE)
_generate.list("z", None,
               "Point of the latent space to draw, such as 1.5,-0.5. Default: draw a grid.")
_generate.string("output", None, "PNG file to write. Default: draw in the terminal.")
_define_grid(_generate)
define_gpu_flag(_generate)

# ---- evaluate: where the test images are.

EVALUATE = flags.FlagValues()
_evaluate = Definer(EVALUATE)
_evaluate.string("data_dir", None,
                 "Directory of IDX files, gzipped or not, or TensorFlow Datasets directory. "
                 "Default: the directory that the run used.")
define_gpu_flag(_evaluate)

# ---- download: where the images come from, and where to write them.

DOWNLOAD = flags.FlagValues()
_download = Definer(DOWNLOAD)
_define_data(_download)
_download.string("output", None,
                 "Also write the training images into this directory. The original program reads "
                 "them from its directory dataset.")
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
    from fashion_mnist_vae.grid import Grid  # here, because --help does not need numpy

    if not values.grid_start < values.grid_end:
        raise UserError(
            f"--grid_end={values.grid_end} must be above --grid_start={values.grid_start}"
        )
    return Grid(values.grid_points, values.grid_start, values.grid_end)
