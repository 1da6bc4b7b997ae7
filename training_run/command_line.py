"""Command-line flags, their aliases and checks, and errors of one clear line."""

import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from absl import flags

from training_run import signals

# Not absl's global flags: absl.logging, which TensorFlow imports, defines a --log_dir of its own.
FLAGS = flags.FlagValues()


class UserError(Exception):
    """What the user can mend: its message is the one line that is printed, without a traceback."""


class Check(NamedTuple):
    """A condition on a flag's value, and the words that state it. NaN passes no comparison."""

    passes: Callable[[Any], bool]
    requirement: str


def between(low: float, high: float) -> Check:
    """Accept low <= value <= high."""
    return Check(
        lambda value: value is None or low <= value <= high, f"must be {low:g} to {high:g}"
    )


POSITIVE = Check(lambda value: 0 < value < float("inf"), "must be a number above 0")
NOT_NEGATIVE = Check(lambda value: 0 <= value < float("inf"), "must be a number of at least 0")
FRACTION = Check(lambda value: 0 <= value < 1, "must be at least 0 and below 1")


def define(
    kind: Callable[..., Any],
    name: str,
    default: Any,
    help_text: str,
    *,
    check: Check | None = None,
    alias: str | None = None,
    values: list[str] | None = None,
) -> None:
    """Define an absl flag with what the project's flags need beyond absl.

    Args:
      kind: absl's definer, such as `flags.DEFINE_integer`.
      check: a condition on the value, checked when the command line is parsed.
      alias: a second name, the camelCase one of the original program.
      values: the choices of a `flags.DEFINE_enum`.
    """
    kind(name, default, *([values] if values else []), help_text, flag_values=FLAGS)
    if check:
        flags.register_validator(name, check.passes, check.requirement, flag_values=FLAGS)
    if alias:
        flags.DEFINE_alias(alias, name, flag_values=FLAGS)
    _defined[name] = alias


_defined: dict[str, str | None] = {}  # flag name -> alias, in the order of definition, for --help


def define_run_flags(epochs: int, batch_size: int, save_path: str) -> None:
    """Define the flags that every training command has.

    Args:
      epochs: default number of epochs, the original's.
      batch_size: default batch size, the original's.
      save_path: where a run is saved by default, for the help text.
    """
    integer, string, boolean = flags.DEFINE_integer, flags.DEFINE_string, flags.DEFINE_boolean
    define(integer, "epochs", epochs, "Number of training epochs.", check=between(1, 10**9))
    define(
        integer,
        "batch_size",
        batch_size,
        "Examples per gradient step.",
        check=between(1, 10**5),
        alias="batchSize",
    )
    define(
        string, "save_path", None, f"Directory of the run. Default: {save_path}.", alias="savePath"
    )
    define(
        boolean,
        "resume",
        False,
        "Go on with the run in --save_path, if there is one. Flags "
        "that are not given are those of that run.",
    )
    define(
        boolean,
        "overwrite",
        False,
        "Start anew though --save_path holds a run. A finished "
        "run stays there until the new one is finished.",
    )
    define(integer, "seed", 0, "All random draws follow from it.", check=between(0, 2**31 - 1))
    define(string, "log_dir", None, "Write TensorBoard logs to this directory.", alias="logDir")
    define(
        flags.DEFINE_enum,
        "distribution",
        "none",
        "Train on all GPUs of this machine (mirrored), or with the workers that TF_CONFIG names "
        "(multi_worker).",
        values=["none", "mirrored", "multi_worker"],
    )
    define(
        boolean,
        "mixed_precision",
        False,
        "Compute in bfloat16 where that does no harm: faster on GPUs and processors made for it.",
    )
    define_gpu_flag()


def define_gpu_flag() -> None:
    """Define `--gpu`, as both originals have it."""
    define(flags.DEFINE_boolean, "gpu", False, "Insist on a GPU. Without it TensorFlow chooses.")


def adopt(saved: dict[str, Any], names: list[str]) -> None:
    """Give flags that the command line leaves out other values than their defaults.

    Args:
      saved: the settings of the run to be resumed, or of a preset.
      names: the flags to look at.

    Raises:
      UserError: a saved value is none that the flag can have.
    """
    for name in names:
        if saved.get(name) is None or is_given(name):
            continue
        value = saved[name]
        if isinstance(value, list):
            value = ",".join(map(str, value))
        try:
            setattr(FLAGS, name, FLAGS[name].parser.parse(value))
        except (ValueError, TypeError, OverflowError, flags.Error) as error:
            raise UserError(f"the settings of the run to be resumed are damaged: {error}") from None


def is_given(name: str) -> bool:
    """Tell whether the command line has a flag, under its name or its alias."""
    return any(FLAGS[key].present for key in (name, _defined[name]) if key)


def run_path(default: str) -> Path:
    """Return the path of the run directory that `--save_path` names, or the default's.

    Symbolic links are followed, so that what is renamed is the directory itself.

    Raises:
      UserError: it is the file system's root.
    """
    path = Path(FLAGS.save_path or default).resolve()
    if not path.name:
        raise UserError(f"--save_path={FLAGS.save_path} cannot be a run's directory")
    return path


def make_log_dir() -> None:
    """Make the directory of `--log_dir`, so that it fails before the training if it fails."""
    if FLAGS.log_dir:
        directory = Path(FLAGS.log_dir)
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass


def run(
    main: Callable[[list[str]], None], define_flags: Callable[[], None], usage: Callable[[], str]
) -> NoReturn:
    """Parse the command line, call `main` with its positional arguments, and exit.

    Exit status: 0; 1 after a `UserError` or an error of the system, such as a full disk; 2 after a
    bad flag; 130 after Ctrl-C; 143 after SIGTERM; 141 if the reader of the output has gone.

    Args:
      main: the command.
      define_flags: defines the command's flags.
      usage: the text above the list of flags in `--help`.
    """
    define_flags()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal may lack a corpus's characters; a killed process has no time to flush.
            stream.reconfigure(errors="replace", line_buffering=True)
    if {"--help", "-h", "-help", "--helpfull", "--helpshort"} & set(sys.argv[1:]):
        print(usage().rstrip() + "\n\nFlags:\n" + "\n".join(map(_describe, _defined)))
        sys.exit(0)
    FLAGS.set_gnu_getopt(True)  # flags may stand before and after the positional arguments
    try:
        positional = FLAGS(sys.argv)[1:]
    except flags.Error as error:
        _fail(f"{error} (--help lists the flags)", status=2)
    try:
        with signals.exiting():
            main(positional)
            sys.stdout.flush()
    except UserError as error:
        _fail(str(error), status=1)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}", status=1)
    except Exception as error:
        # By name, for the second is TensorFlow's; anything else is a fault of this program.
        if type(error).__name__ not in ("MemoryError", "ResourceExhaustedError"):
            raise
        _fail(
            "the machine has too little memory; smaller layers or a smaller --batch_size need less",
            status=1,
        )
    finally:
        _forget_a_broken_pipe()
    sys.exit(0)


def _forget_a_broken_pipe() -> None:
    """Point stdout elsewhere if its reader has gone, or Python would complain at its exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _describe(name: str) -> str:
    """Return the lines of --help on one flag."""
    flag, alias = FLAGS[name], _defined[name]
    plain = flag.default is None or isinstance(flag.default, bool)
    default = "" if plain else "=" + str(flag.default_as_str).strip("'")
    return f"  --{name}{default}{f'  (--{alias})' if alias else ''}\n      {flag.help}"


def _fail(message: str, status: int) -> NoReturn:
    """Print one line on stderr and exit."""
    print("error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(status)
