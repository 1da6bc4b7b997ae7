"""The flags that both training commands have, and how `--resume` treats the flags."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags

from keras_tfjs.command_line import UserError, check_finite
from training_run.schedule import SCHEDULES


class FlagGroups(NamedTuple):
    """A training command's flags, grouped by how `--resume` treats them.

    Attributes:
      kept: they decide what the run computes. A resumed run must have the same values.
      changeable: a resumed run has the saved values unless the command gives others.
      process: `run.json` does not store them, so each command must give them again.
    """

    kept: list[flags.FlagHolder]
    changeable: list[flags.FlagHolder]
    process: list[flags.FlagHolder]

    def settings(self) -> dict[str, Any]:
        """Return the values for `run.json` by the flags' names.

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
    """absl's `DEFINE_integer` and so on for `flag_values`.

    Arguments: name, default, for an enum its values, help text, and for numbers the bounds.
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
    """Define the flags that both training commands have.

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
            define.float("max_minutes", 0.0, "Instead of --epochs: train as many epochs as fit in "
                         "these minutes, at the speed of the first steps; 0 trains --epochs.", 0),
        ],
        changeable=[define.integer("epochs", epochs, "Number of training epochs.", 1, 10**9)],
        process=[
            define.string("save_path", None, f"Directory of the run. Default: {save_path}."),
            define.boolean("resume", False, "Go on with the run in --save_path; start a new run if "
                           "there is none. Flags that are not given have the values of that run."),
            define.boolean("overwrite", False, "Start a new run even if --save_path holds a run. "
                           "A finished run is replaced when the new run is finished; an "
                           "unfinished run is deleted at once."),
            define.string("log_dir", None, "Write TensorBoard logs to this directory."),
            define.enum("distribution", "none", ["none", "mirrored", "multi_worker"],
                        "Train on all GPUs of this machine (mirrored), or on the workers that "
                        "TF_CONFIG names (multi_worker)."),
            define_gpu_flag(define),
        ],
    )
    # fmt: on


def define_rate_flags(
    define: Definer, learning_rate: float, help_text: str
) -> list[flags.FlagHolder]:
    """Define the learning rate and its schedule.

    Args:
      learning_rate: default, the original's.
      help_text: of `--learning_rate`.
    """
    return [
        define.float("learning_rate", learning_rate, help_text, 1e-12),
        define.enum(
            "schedule",
            "constant",
            list(SCHEDULES),
            "Learning rate schedule: constant, or cosine decay to zero.",
        ),
        define.integer(
            "warmup_steps", 0, "Steps over which the learning rate rises from zero.", 0, 10**9
        ),
    ]


def define_preset_flag(define: Definer, presets: dict[str, dict[str, Any]]) -> flags.FlagHolder:
    """Define `--preset`, which names a set of defaults.

    Args:
      presets: the defaults by flag, by the preset's name.
    """
    described = (
        f"{name}: {' '.join(f'--{flag}={value}' for flag, value in preset.items())}."
        for name, preset in presets.items()
    )
    text = " ".join(["A set of defaults for a new run.", *described])
    return define.enum("preset", None, list(presets), text)


def define_gpu_flag(define: Definer) -> flags.FlagHolder:
    """Define `--gpu`, which both originals have."""
    return define.boolean("gpu", False, "Fail if TensorFlow sees no GPU.")


def max_minutes(flag_values: flags.FlagValues) -> float:
    """Return `--max_minutes`, or 0 if `--epochs` overrides the value of a resumed run.

    Raises:
      UserError: both are given.
    """
    given = [
        name for name in ("epochs", "max_minutes") if not flag_values[name].using_default_value
    ]
    if len(given) == 2:
        raise UserError("--epochs and --max_minutes both set how long to train: give one of them")
    return 0.0 if given == ["epochs"] else flag_values.max_minutes


def set_flag_defaults(
    flag_values: flags.FlagValues, defaults: dict[str, Any], groups: FlagGroups
) -> None:
    """Set the defaults of flags that the command line does not give.

    Args:
      defaults: the settings of the run to resume, or of a preset, by the flags' names.
      groups: the command's flags; the flags in `process` keep their defaults.

    Raises:
      UserError: a default is not a value that the flag accepts.
    """
    try:
        for holder in [*groups.kept, *groups.changeable]:
            if defaults.get(holder.name) is not None:
                flag_values.set_default(holder.name, defaults[holder.name])
        check_finite(flag_values)
    except flags.Error as error:
        raise UserError(f"the settings of the run to resume are damaged: {error}") from None


def run_path(save_path: str | None, default: str) -> Path:
    """Return the absolute path of the run's directory, by default `default`.

    Symbolic links are resolved, because a run renames its directory.

    Raises:
      UserError: the path is the root of the file system, or a loop of links.
    """
    try:
        path = Path(save_path or default).resolve()
    except (OSError, RuntimeError):
        raise UserError(f"--save_path={save_path} is a loop of symbolic links") from None
    if not path.name:
        raise UserError(f"--save_path={save_path} cannot be a run's directory")
    return path
