"""The flags of the training command: those of train_node.js with their defaults, and our own."""

from typing import Any

from absl import flags

from lstm_text_generation import corpora
from training_run import command_line
from training_run.command_line import (
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Check,
    between,
    define,
)

# A run keeps its flags in run.json. Those that decide its course stay as they are when it is
# resumed; the others may be given anew.
FIXED_FLAGS = [
    "sample_len",
    "sample_step",
    "lstm_layer_size",
    "init_from",
    "objective",
    "optimizer",
    "seed",
    "batch_size",
    "examples_per_epoch",
    "validation_split",
    "dropout",
    "mixed_precision",
]
FREE_FLAGS = [
    "epochs",
    "learning_rate",
    "schedule",
    "clip_norm",
    "early_stopping",
    "display_length",
    "encoding",
    "data_dir",
]

# Several flags under one name. `fast` is the quickest way found to a low val_loss in two minutes on
# two cores (docs/recipes.md): smaller batches learn more from each example, and a learning rate
# that falls ends the noise that they bring.
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"batch_size": 32, "schedule": "cosine", "epochs": 12}
}


def define_flags() -> None:
    """Define the flags of train_node.js with their defaults, and the port's own."""
    integer, number = flags.DEFINE_integer, flags.DEFINE_float
    command_line.define_run_flags(150, 128, "saved_models/lstm_text_generation/CORPUS")
    define(
        integer,
        "sample_len",
        60,
        "Characters in an input window.",
        check=between(1, 100_000),
        alias="sampleLen",
    )
    define(
        integer,
        "sample_step",
        3,
        "Characters from one example to the next in the text.",
        check=between(1, 10**6),
        alias="sampleStep",
    )
    define(
        flags.DEFINE_list,
        "lstm_layer_size",
        "128,128",
        "Units of each LSTM layer, such as 128 or 256,128.",
        check=LAYER_SIZES,
        alias="lstmLayerSize",
    )
    define(number, "learning_rate", 1e-2, "Learning rate.", check=POSITIVE, alias="learningRate")
    define(
        integer,
        "examples_per_epoch",
        10_000,
        "Examples drawn from the text in each epoch.",
        check=between(1, 10**12),
        alias="examplesPerEpoch",
    )
    define(
        number,
        "validation_split",
        0.0625,
        "Fraction held out for validation: of the text, its end, and of each epoch's examples.",
        check=FRACTION,
        alias="validationSplit",
    )
    define(
        integer,
        "display_length",
        120,
        "Characters of each sample shown after an epoch.",
        check=between(1, 10**5),
        alias="displayLength",
    )
    _define_own_flags()


def _define_own_flags() -> None:
    """Define the flags that train_node.js has not."""
    integer, number, enum = flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum
    define(
        enum,
        "preset",
        None,
        "Other defaults: fast is "
        + " ".join(f"--{name}={value}" for name, value in PRESETS["fast"].items())
        + ".",
        values=list(PRESETS),
    )
    define(
        enum,
        "objective",
        "every_char",
        "Take the loss at every character of a window, or at the last only, as the original does.",
        values=["every_char", "last_char"],
    )
    define(
        flags.DEFINE_string,
        "init_from",
        None,
        "Go on from the weights of this model, a run's directory or a model.json of TensorFlow.js.",
        alias="initFrom",
    )
    define(enum, "optimizer", "rmsprop", "Optimizer.", values=["rmsprop", "adam"])
    define(
        enum,
        "schedule",
        "constant",
        "Keep the learning rate, or let it fall to zero by the last epoch, as half a cosine.",
        values=["constant", "cosine"],
    )
    define(
        number,
        "clip_norm",
        1.0,
        "Scale gradients down to this norm; 0 does not.",
        check=NOT_NEGATIVE,
    )
    define(
        number,
        "dropout",
        0.0,
        "Fraction of each LSTM layer's outputs dropped in training.",
        check=FRACTION,
    )
    define(
        integer,
        "early_stopping",
        0,
        "Stop after so many epochs without a lower val_loss; 0 does not.",
        check=between(0, 10**9),
    )
    corpora.define_flags()


def _are_layer_sizes(sizes: list[str]) -> bool:
    return bool(sizes) and all(s.strip().isdecimal() and 1 <= int(s) <= 16_384 for s in sizes)


LAYER_SIZES = Check(_are_layer_sizes, "must be whole numbers of 1 to 16384, such as 256,128")
