"""The flags that every training command has, and what `--resume` does with a command's flags."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags

from training_run.command_line import UserError, check_finite


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
        """Return the values that a run keeps, by the flags' names."""
        return {holder.name: holder.value for holder in [*self.kept, *self.changeable]}

    def changeable_names(self) -> list[str]:
        """Return the names of the flags that a resumed run may change."""
        return [holder.name for holder in self.changeable]


def define_run_flags(
    flag_values: flags.FlagValues, *, epochs: int, batch_size: int, save_path: str
) -> FlagGroups:
    """Define the flags that every training command has.

    Args:
      epochs: default number of epochs, the original's.
      batch_size: default batch size, the original's.
      save_path: where a run is saved by default, for the help text.
    """
    integer = partial(flags.DEFINE_integer, flag_values=flag_values)
    string = partial(flags.DEFINE_string, flag_values=flag_values)
    boolean = partial(flags.DEFINE_boolean, flag_values=flag_values)
    enum = partial(flags.DEFINE_enum, flag_values=flag_values)
    path_help = f"Directory of the run. Default: {save_path}."
    resume_help = "Go on with the run in --save_path, if there is one, with that run's flags."
    overwrite_help = "Start a new run. A finished run is replaced when the new one is finished."
    distribution_help = (
        "Train on all GPUs (mirrored) or on the workers of TF_CONFIG (multi_worker)."
    )
    return FlagGroups(
        kept=[
            integer("batch_size", batch_size, "Examples in a gradient step.", 1, 10**5),
            integer("seed", 0, "Random seed.", 0, 2**31 - 1),
        ],
        changeable=[integer("epochs", epochs, "Number of training epochs.", 1, 10**9)],
        process=[
            string("save_path", None, path_help),
            boolean("resume", False, resume_help),
            boolean("overwrite", False, overwrite_help),
            string("log_dir", None, "Write TensorBoard logs to this directory."),
            enum("distribution", "none", ["none", "mirrored", "multi_worker"], distribution_help),
            define_gpu_flag(flag_values),
        ],
    )


def define_gpu_flag(flag_values: flags.FlagValues) -> flags.FlagHolder:
    """Define `--gpu`, as both originals have it."""
    text = "Fail if there is no GPU. Without this flag, TensorFlow uses a GPU if it sees one."
    return flags.DEFINE_boolean("gpu", False, text, flag_values=flag_values)


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
      UserError: it is the root of the file system.
    """
    path = Path(save_path or default).resolve()
    if not path.name:
        raise UserError(f"--save_path={save_path} cannot be a run's directory")
    return path
