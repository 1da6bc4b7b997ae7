"""The commands' flags: those of the originals with their defaults, and the port's own."""

from functools import partial

from absl import flags

from fashion_mnist_vae.grid import Grid
from training_run.command_line import UserError, define_aliases
from training_run.run_flags import FlagGroups, define_gpu_flag, define_run_flags

# Not absl's global flags, where absl.logging, which TensorFlow imports, defines a --log_dir.
TRAIN, GENERATE, DOWNLOAD = (flags.FlagValues() for _ in range(3))

_DATASET = "Name of a TensorFlow Datasets dataset, such as mnist, or any name for --data_dir."
_DATA_DIR = "Directory of IDX files or of TensorFlow Datasets. Default: Debian's, then TFDS's own."


def _define_train() -> FlagGroups:
    """Define the flags of train.js, and say what --resume does with each."""
    integer = partial(flags.DEFINE_integer, flag_values=TRAIN)
    real = partial(flags.DEFINE_float, flag_values=TRAIN)
    string = partial(flags.DEFINE_string, flag_values=TRAIN)
    enum = partial(flags.DEFINE_enum, flag_values=TRAIN)
    run = define_run_flags(TRAIN, epochs=100, batch_size=256, save_path="saved_models/DATASET_vae")
    reconstruction_help = "Squared error or binary cross-entropy, summed over the pixels."
    return FlagGroups(
        kept=[
            *run.kept,
            string("dataset", "fashion_mnist", _DATASET),
            integer("latent_dim", 2, "Dimensions of the latent space.", 1, 100_000),
            integer("intermediate_dim", 512, "Units of the hidden layers.", 1, 100_000),
            enum("reconstruction_loss", "mse", ["mse", "bce"], reconstruction_help),
            real("beta", 1.0, "Weight of the KL divergence in the loss.", 0),
        ],
        changeable=[
            *run.changeable,
            real("learning_rate", 1e-3, "Learning rate of Adam.", 1e-12),
            string("data_dir", None, _DATA_DIR),
            *_define_grid(TRAIN),
        ],
        process=run.process,
    )


def _define_grid(values: flags.FlagValues) -> list[flags.FlagHolder]:
    """Define which part of the latent space is drawn."""
    integer = partial(flags.DEFINE_integer, flag_values=values)
    real = partial(flags.DEFINE_float, flag_values=values)
    return [
        integer("grid_points", 20, "Images in a row of the latent space's picture.", 1, 200),
        real("grid_start", -4.0, "Smallest z of the picture.", -1e6, 1e6),
        real("grid_end", 4.0, "Largest z of the picture.", -1e6, 1e6),
    ]


def grid_of(values: flags.FlagValues, dimensions: tuple[int, int] = (0, 1)) -> Grid:
    """Return the grid that the flags ask for.

    Raises:
      UserError: its end is not above its start.
    """
    if not values.grid_start < values.grid_end:
        raise UserError(
            f"--grid_end={values.grid_end} must be above --grid_start={values.grid_start}"
        )
    return Grid(values.grid_points, values.grid_start, values.grid_end, dimensions)


def _are_numbers(values: list[str] | None) -> bool:
    try:
        return all(abs(float(value)) < 1e6 for value in values or [])
    except ValueError:
        return False


TRAIN_GROUPS = _define_train()

flags.DEFINE_list("z", None, "Draw this point only, such as 1.5,-0.5.", flag_values=GENERATE)
flags.register_validator("z", _are_numbers, "must be numbers, such as 1.5,-0.5", GENERATE)
flags.DEFINE_string("output", None, "PNG file to write.", flag_values=GENERATE)
_define_grid(GENERATE)
define_gpu_flag(GENERATE)

flags.DEFINE_string("dataset", "fashion_mnist", _DATASET, flag_values=DOWNLOAD)
flags.DEFINE_string("data_dir", None, _DATA_DIR, flag_values=DOWNLOAD)
flags.DEFINE_string(
    "output", None, "Write the training images there, as the original's dataset/ has them.",
    flag_values=DOWNLOAD,
)  # fmt: skip

for _values in (TRAIN, GENERATE, DOWNLOAD):
    define_aliases(_values)
