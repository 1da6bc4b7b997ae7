"""The commands' flags: those of the originals with their defaults, and the port's own."""

from functools import partial
from typing import Any

from absl import flags

from training_run.command_line import define_aliases
from training_run.run_flags import FlagGroups, define_gpu_flag, define_run_flags

# Not absl's global flags, where absl.logging, which TensorFlow imports, defines a --log_dir.
TRAIN, GENERATE = flags.FlagValues(), flags.FlagValues()

# Several defaults under one name. `fast` is the quickest way found to a low val_loss in two minutes
# on two cores (docs/recipes.md): smaller batches learn more from each example, and a learning rate
# that falls ends the noise that they bring.
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"batch_size": 32, "schedule": "cosine", "epochs": 12}
}


def _define_train() -> FlagGroups:
    """Define the flags of train_node.js, and say what --resume does with each."""
    integer = partial(flags.DEFINE_integer, flag_values=TRAIN)
    real = partial(flags.DEFINE_float, flag_values=TRAIN)
    string = partial(flags.DEFINE_string, flag_values=TRAIN)
    enum = partial(flags.DEFINE_enum, flag_values=TRAIN)
    layers = partial(flags.DEFINE_list, flag_values=TRAIN)
    run = define_run_flags(
        TRAIN, epochs=150, batch_size=128, save_path="saved_models/lstm_text_generation/CORPUS"
    )
    fast = " ".join(f"--{name}={value}" for name, value in PRESETS["fast"].items())
    return FlagGroups(
        kept=[
            *run.kept,
            integer("sample_len", 60, "Characters in an input window.", 1, 100_000),
            integer("sample_step", 3, "Characters from one example to the next.", 1, 10**6),
            layers("lstm_layer_size", "128,128", "Units of each LSTM layer, such as 256,128."),
            integer("examples_per_epoch", 10_000, "Examples drawn in each epoch.", 1, 10**12),
            real("validation_split", 0.0625, "Fraction held out, the end of the text.", 0),
            real("dropout", 0.0, "Fraction of each LSTM layer's outputs to drop.", 0),
            string("init_from", None, "Start from the weights of this run or model.json."),
            enum("objective", "every_char", ["every_char", "last_char"], _OBJECTIVE),
            enum("optimizer", "rmsprop", ["rmsprop", "adam"], "Optimizer."),
        ],
        changeable=[
            *run.changeable,
            real("learning_rate", 1e-2, "Learning rate.", 1e-12),
            enum("schedule", "constant", ["constant", "cosine"], _SCHEDULE),
            real("clip_norm", 1.0, "Clip gradients to this global norm; 0 disables clipping.", 0),
            integer("early_stopping", 0, _EARLY_STOPPING, 0, 10**9),
            integer("display_length", 120, "Characters of each sample.", 1, 10**5),
            *_define_corpus(TRAIN),
        ],
        process=[*run.process, enum("preset", None, list(PRESETS), f"fast: {fast}.")],
    )


_OBJECTIVE = "Loss at every character of a window, or at the last only, as the original has it."
_SCHEDULE = "Keep the learning rate, or let it fall to zero along a cosine."
_EARLY_STOPPING = "Stop after this many epochs without a lower val_loss; 0 disables it."


def _define_corpus(values: flags.FlagValues) -> list[flags.FlagHolder]:
    """Define how a corpus is read."""
    string = partial(flags.DEFINE_string, flag_values=values)
    return [
        string("data_dir", None, "TensorFlow Datasets directory. Default: TFDS's own."),
        string("encoding", "utf-8", "Encoding of your own text file."),
    ]


def _define_generate() -> None:
    """Define the flags of gen_node.js."""
    integer = partial(flags.DEFINE_integer, flag_values=GENERATE)
    real = partial(flags.DEFINE_float, flag_values=GENERATE)
    string = partial(flags.DEFINE_string, flag_values=GENERATE)
    enum = partial(flags.DEFINE_enum, flag_values=GENERATE)
    integer("gen_length", 200, "Characters to generate.", 1, 10**9)
    real("temperature", 0.5, "0 takes the likeliest character; higher is more random.", 0)
    string("seed_text", None, "Text to go on from.")
    integer("num_samples", 1, "Texts to generate.", 1, 10**6)
    enum("mode", "stateful", ["stateful", "windowed"], _MODE)
    integer("top_k", 0, "Draw only from the k likeliest characters; 0 draws from all.", 0, 10**6)
    integer("seed", None, "Random seed. Default: another text every time.", 0, 2**31 - 1)
    integer("sample_step", 3, "Accepted, as in the original, without effect.", 1, 10**6)
    _define_corpus(GENERATE)
    define_gpu_flag(GENERATE)


_MODE = "Carry the LSTM state on, or read the last window again for each character."


def _are_layer_sizes(sizes: list[str]) -> bool:
    return bool(sizes) and all(s.strip().isdecimal() and 1 <= int(s) <= 16_384 for s in sizes)


TRAIN_GROUPS = _define_train()
_define_generate()
for _values in (TRAIN, GENERATE):
    define_aliases(_values)
_SIZES = "must be whole numbers of 1 to 16384, such as 256,128"
flags.register_validator("lstm_layer_size", _are_layer_sizes, _SIZES, TRAIN)
for _name in ("validation_split", "dropout"):
    flags.register_validator(_name, lambda value: value < 1, "must be below 1", TRAIN)
