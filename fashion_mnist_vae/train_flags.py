"""The flags of the training command: those of train.js with their defaults, and our own."""

from absl import flags

from fashion_mnist_vae import grid, sources
from training_run import command_line
from training_run.command_line import NOT_NEGATIVE, POSITIVE, between, define

# A run keeps its flags in run.json. Those that decide its course stay as they are when it is
# resumed; the others may be given anew.
FIXED_FLAGS = [
    "dataset",
    "latent_dim",
    "intermediate_dim",
    "reconstruction_loss",
    "beta",
    "seed",
    "batch_size",
    "mixed_precision",
]
FREE_FLAGS = ["epochs", "learning_rate", "grid_points", "grid_start", "grid_end", "data_dir"]


def define_flags() -> None:
    """Define the flags of train.js with their defaults, and the port's own."""
    integer, number, enum = flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum
    command_line.define_run_flags(100, 256, "saved_models/DATASET_vae")
    sources.define_flags()
    size = between(1, 100_000)
    define(integer, "latent_dim", 2, "Dimensions of the latent space.", check=size)
    define(integer, "intermediate_dim", 512, "Units of the hidden layers.", check=size)
    define(
        enum,
        "reconstruction_loss",
        "mse",
        "Squared error, or binary cross-entropy, summed over the pixels.",
        values=["mse", "bce"],
    )
    define(number, "beta", 1.0, "Weight of the KL term.", check=NOT_NEGATIVE)
    define(number, "learning_rate", 1e-3, "Learning rate of Adam.", check=POSITIVE)
    grid.define_flags()
