"""The commands' flags: those of the originals with their defaults, and the port's own."""

from typing import Any

from absl import flags

from keras_tfjs.command_line import define_aliases
from training_run.run_flags import (
    Definer,
    FlagGroups,
    define_gpu_flag,
    define_preset_flag,
    define_rate_flags,
    define_run_flags,
)

# Each preset is a set of defaults (docs/recipes.md). Of all settings tried on two cores, `fast` had
# the lowest loss after 100 seconds, and `best` after 15 minutes. Muon learns more from an example
# than RMSprop and Adam. The cosine schedule reduces the noise of small batches.
_MUON = {
    "batch_size": 64,
    "optimizer": "muon",
    "schedule": "cosine",
    "warmup_steps": 100,
    "clip_norm": 1.0,
}
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {
        **_MUON,
        "learning_rate": 0.025,
        "dropout": 0.05,
        "weight_decay": 0.1,
        "epochs": 12,
    },
    "best": {
        **_MUON,
        "lstm_layer_size": "256,256",
        "learning_rate": 0.02,
        "dropout": 0.3,
        "weight_decay": 0.1,
        "examples_per_epoch": 20_000,
        "epochs": 17,
    },
}


def _define_corpus(define: Definer) -> list[flags.FlagHolder]:
    """Define the flags for reading a corpus."""
    return [
        define.string("data_dir", None, "TensorFlow Datasets directory. Default: TFDS's own."),
        define.string("encoding", "utf-8", "Encoding of your own text file."),
    ]


# fmt: off
# ---- train: the flags of train_node.js and our own, each in one group.

TRAIN = flags.FlagValues()  # absl's global flags include another --log_dir
_train = Definer(TRAIN)
_run = define_run_flags(_train, epochs=150, batch_size=128,
                        save_path="saved_models/lstm_text_generation/CORPUS")
TRAIN_GROUPS = FlagGroups(
    kept=[
        *_run.kept,
        _train.integer("sample_len", 60, "Characters in an input window.", 1, 100_000),
        _train.integer("sample_step", 3,
                       "Distance between the starts of two examples, in characters.", 1, 10**6),
        _train.list("lstm_layer_size", "128,128", "Units of each LSTM layer, such as 256,128."),
        _train.integer("examples_per_epoch", 10_000,
                       "Examples drawn from the text in each epoch.", 1, 10**12),
        _train.float("validation_split", 0.0625,
                     "Fraction of the text, at its end, that is held out for validation.", 0),
        _train.float("dropout", 0.0,
                     "Fraction of each LSTM layer's outputs that training drops: the same units at "
                     "all characters of a window.", 0),
        _train.string("init_from", None,
                      "Start from the weights of this model: a run's directory, or a model.json."),
        _train.enum("objective", "every_char", ["every_char", "last_char"],
                    "Compute the loss at every character of a window (every_char), or only at the "
                    "last as the original does (last_char)."),
        _train.enum("optimizer", "rmsprop", ["rmsprop", "adam", "muon"], "Optimizer."),
        _train.float("weight_decay", 0.0,
                     "Weight decay: each step shrinks the weights by this fraction times the "
                     "learning rate.", 0),
    ],
    changeable=[
        *_run.changeable,
        *define_rate_flags(_train, 1e-2, "Learning rate."),
        _train.float("clip_norm", 0.1,
                     "Clip gradients to this global norm; 0 disables clipping.", 0),
        _train.integer("early_stopping", 0,
                       "Stop after this many epochs without a lower loss; 0 disables early "
                       "stopping.",
                       0, 10**9),
        _train.integer("display_length", 120,
                       "Characters of each sample text that is printed after an epoch.", 1, 10**5),
        *_define_corpus(_train),
    ],
    process=[
        *_run.process,
        define_preset_flag(_train, PRESETS),
    ],
)

# ---- generate: the flags of gen_node.js and our own.

GENERATE = flags.FlagValues()
_generate = Definer(GENERATE)
_generate.integer("gen_length", 200, "Characters to generate.", 1, 10**9)
_generate.float("temperature", 0.5,
                "Randomness of the text: 0 always takes the likeliest character.", 0)
_generate.string("seed_text", None,
                 "Text to continue. Default: a part of CORPUS, or the model's own seed text.")
_generate.integer("num_samples", 1, "Texts to generate.", 1, 10**6)
_generate.enum("mode", "stateful", ["stateful", "windowed"],
               "Keep the LSTM state (stateful), or read the last sample_len characters again for "
               "each character as the original does (windowed).")
_generate.integer("top_k", 0,
                  "Draw only from the k likeliest characters; 0 draws from all.", 0, 10**6)
_generate.integer("seed", None, "Random seed. Default: a different text each time.", 0, 2**31 - 1)
_generate.integer("sample_step", 3, "No effect. The original accepts this flag.", 1, 10**6)
_define_corpus(_generate)
define_gpu_flag(_generate)

# ---- evaluate: how the text is read.

EVALUATE = flags.FlagValues()
_evaluate = Definer(EVALUATE)
_define_corpus(_evaluate)
define_gpu_flag(_evaluate)
# fmt: on


@flags.validator("lstm_layer_size", "must be whole numbers from 1 to 16384, such as 256,128", TRAIN)
def _are_layer_sizes(sizes: list[str]) -> bool:
    sizes = [str(size).strip() for size in sizes]  # a damaged run.json may hold anything
    return bool(sizes) and all(size.isdecimal() and 1 <= int(size) <= 16_384 for size in sizes)


@flags.validator("validation_split", "must be below 1", TRAIN)
@flags.validator("dropout", "must be below 1", TRAIN)
def _is_fraction(value: float) -> bool:
    return value < 1


for _values in (TRAIN, GENERATE, EVALUATE):
    define_aliases(_values)
