"""The flags that every training command has, and what `--resume` does with a command's flags."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags

from keras_tfjs.command_line import UserError, check_finite
from training_run.schedule import SCHEDULES


class FlagGroups(NamedTuple):
    """A training command's flags, by what `--resume` does with them. Each flag is in one group.

    Attributes:
      kept: they decide what the run computes. A resumed run has the same.
      changeable: a resumed run has the same unless they are given.
      process: they are not kept in `run.json`: each command needs them again.
    """

    kept: list[flags.FlagHolder]
    changeable: list[flags.FlagHolder]
    process: list[flags.FlagHolder]

    def settings(self) -> dict[str, Any]:
        """Return the values that a run keeps, by the flags' names.

        `data_dir` is absolute, because the run may be resumed from another directory.
        """
        values = {holder.name: holder.value for holder in [*self.kept, *self.changeable]}
        if values.get("data_dir"):
            values["data_dir"] = str(Path(values["data_dir"]).resolve())
        return values

    def changeable_names(self) -> list[str]:
        """Return the names of the flags that a resumed run may change."""
        return [holder.name for holder in self.changeable]


class Definer:
    """absl's `DEFINE_integer` and so on, for flags other than the global ones.

    Arguments: name, default and help text, and for numbers the lower and the upper bound.
    """

    def __init__(self, flag_values: flags.FlagValues):
        self.integer = partial(flags.DEFINE_integer, flag_values=flag_values)
        self.float = partial(flags.DEFINE_float, flag_values=flag_values)
        self.string = partial(flags.DEFINE_string, flag_values=flag_values)
        self.boolean = partial(flags.DEFINE_boolean, flag_values=flag_values)
        self.enum = partial(flags.DEFINE_enum, flag_values=flag_values)
        self.list = partial(flags.DEFINE_list, flag_values=flag_values)


def define_run_flags(
    define: Definer, *, epochs: int, batch_size: int, save_path: str
) -> FlagGroups:
    """Define the flags that every training command has.

    Args:
      epochs: default number of epochs, the original's.
      batch_size: default batch size, the original's.
      save_path: where a run is saved by default, for the help text.
    """
    # fmt: off
    return FlagGroups(
        kept=[
            define.integer("batch_size", batch_size, "Examples in a gradient step.", 1, 10**5),
            define.integer("seed", 0, "Random seed.", 0, 2**31 - 1),
            define.float("max_minutes", 0.0, "Instead of --epochs: train as many epochs as end in "
                         "this time, by the rate of the first steps; 0 trains --epochs.", 0),
        ],
        changeable=[define.integer("epochs", epochs, "Number of training epochs.", 1, 10**9)],
        process=[
            define.string("save_path", None, f"Directory of the run. Default: {save_path}."),
            define.boolean("resume", False, "Go on with the run in --save_path, if there is one. "
                           "Flags that are not given are those of that run."),
            define.boolean("overwrite", False, "Start a new run even if --save_path holds one. "
                           "A finished run stays there until the new one is finished; an "
                           "unfinished one is deleted at once."),
            define.string("log_dir", None, "Write TensorBoard logs to this directory."),
            define.enum("distribution", "none", ["none", "mirrored", "multi_worker"],
                        "Train on all GPUs of this machine (mirrored), or with the workers that "
                        "TF_CONFIG names (multi_worker)."),
            define_gpu_flag(define),
        ],
    )
    # fmt: on


def define_rate_flags(
    define: Definer, learning_rate: float, help_text: str
) -> list[flags.FlagHolder]:
    """Define the learning rate and how it changes over a run.

    Args:
      learning_rate: default, the original's.
      help_text: what the rate is.
    """
    return [
        define.float("learning_rate", learning_rate, help_text, 1e-12),
        define.enum(
            "schedule",
            "constant",
            list(SCHEDULES),
            "Keep the learning rate, or let it fall to zero along a cosine.",
        ),
        define.integer(
            "warmup_steps", 0, "Steps in which the learning rate rises from zero.", 0, 10**9
        ),
    ]


def define_preset_flag(define: Definer, presets: dict[str, dict[str, Any]]) -> flags.FlagHolder:
    """Define `--preset`, several defaults under one name.

    Args:
      presets: by name, the defaults by flag.
    """
    described = (
        f"{name}: {' '.join(f'--{flag}={value}' for flag, value in preset.items())}."
        for name, preset in presets.items()
    )
    text = " ".join(["Other defaults for a new run.", *described])
    return define.enum("preset", None, list(presets), text)


def define_gpu_flag(define: Definer) -> flags.FlagHolder:
    """Define `--gpu`, as both originals have it."""
    return define.boolean("gpu", False, "Fail if TensorFlow sees no GPU.")


def max_minutes(flag_values: flags.FlagValues) -> float:
    """Return `--max_minutes`, or 0 if `--epochs` is given to a resumed run, which overrides it.

    Raises:
      UserError: both are given.
    """
    given = [
        name for name in ("epochs", "max_minutes") if not flag_values[name].using_default_value
    ]
    if len(given) == 2:
        raise UserError("--epochs and --max_minutes both say how long to train: give one of them")
    return 0.0 if given == ["epochs"] else flag_values.max_minutes


def set_flag_defaults(
    flag_values: flags.FlagValues, defaults: dict[str, Any], groups: FlagGroups
) -> None:
    """Give flags other defaults, for a command line that leaves them out.

    Args:
      defaults: by name, the settings of the run to be resumed, or of a preset.
      groups: the command's flags; those of `process` keep their defaults.

    Raises:
      UserError: a default is not a value that the flag accepts.
    """
    try:
        for holder in [*groups.kept, *groups.changeable]:
            if defaults.get(holder.name) is not None:
                flag_values.set_default(holder.name, defaults[holder.name])
        check_finite(flag_values)
    except flags.Error as error:
        raise UserError(f"the settings of the run to be resumed are damaged: {error}") from None


def run_path(save_path: str | None, default: str) -> Path:
    """Return the absolute path of the run's directory, `save_path` or else `default`.

    Symbolic links are followed, so that the directory itself is renamed.

    Raises:
      UserError: it is the root of the file system, or a loop of links.
    """
    try:
        path = Path(save_path or default).resolve()
    except (OSError, RuntimeError):
        raise UserError(f"--save_path={save_path} is a loop of symbolic links") from None
    if not path.name:
        raise UserError(f"--save_path={save_path} cannot be a run's directory")
    return path
