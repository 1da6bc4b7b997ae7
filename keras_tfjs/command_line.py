"""Runs a command: parses its flags, and prints errors as one line."""

import io
import math
import os
import re
import sys
from collections.abc import Callable
from typing import NoReturn

from absl import flags

from keras_tfjs import signals


class UserError(Exception):
    """An error that the user can fix. Its message is printed as one line, without a traceback."""

    status = 1  # exit status


def run(
    main: Callable[[list[str]], None],
    flag_values: flags.FlagValues,
    usage: Callable[[], str],
    answer_unknown_flag: Callable[[str], str | None] = lambda name: None,
) -> NoReturn:
    """Parse the command line, call `main` with its positional arguments, and exit.

    Exit status: 0; 1 after a `UserError` or an OSError, such as a full disk; 2 after a bad flag; 75
    after the loss of a worker; 130 after Ctrl-C; 143 after SIGTERM; 141 after a broken pipe.

    Args:
      main: the command's function.
      flag_values: the command's flags.
      usage: returns the text above the list of flags in `--help`.
      answer_unknown_flag: returns advice for an unknown flag, or None.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal may lack some characters; a killed process does not flush its buffer.
            stream.reconfigure(errors="replace", line_buffering=True)
    try:
        if {"--help", "-h", "-help", "--helpfull", "--helpshort"} & set(sys.argv[1:]):
            print(f"{usage().rstrip()}\n\nFlags:\n{describe_flags(flag_values)}")
            sys.exit(0)
        positional = parse(flag_values)
        with signals.watched():
            main(positional)
            sys.stdout.flush()
    except flags.UnrecognizedFlagError as error:
        answer = answer_unknown_flag(error.flagname)
        _fail(answer or f"{error} (--help lists the flags)", status=2)
    except flags.Error as error:
        _fail(f"{error} (--help lists the flags)", status=2)
    except UserError as error:
        _fail(str(error), error.status)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}", status=1)
    except Exception as error:
        # Compare names, because TensorFlow defines the second class. Other errors are bugs.
        if type(error).__name__ not in ("MemoryError", "ResourceExhaustedError"):
            raise
        trains = "batch_size" in flag_values
        advice = "; smaller layers or a smaller --batch_size need less" if trains else ""
        _fail(f"the machine has too little memory{advice}", status=1)
    finally:
        _silence_broken_pipe()
    sys.exit(0)


def define_aliases(flag_values: flags.FlagValues) -> None:
    """Give each flag of several words a camelCase alias, the name in the original programs."""
    for name in list(flag_values):
        if alias := camel_case(name):
            flags.DEFINE_alias(alias, name, flag_values=flag_values)


def camel_case(name: str) -> str | None:
    """Return `sampleLen` for `sample_len`, and None for a name of one word."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others)) if others else None


def describe_flags(flag_values: flags.FlagValues) -> str:
    """Return the `--help` text of all flags, in the order of their definition."""
    aliases = {camel_case(name) for name in flag_values}
    return "\n".join(_describe(flag_values[name]) for name in flag_values if name not in aliases)


def _describe(flag: flags.Flag) -> str:
    plain = flag.default in (None, []) or isinstance(flag.default, bool)
    default = "" if plain else "=" + str(flag.default_as_str).strip("'")
    alias = camel_case(flag.name)
    return f"  --{flag.name}{default}{f'  (--{alias})' if alias else ''}\n      {flag.help}"


def parse(flag_values: flags.FlagValues) -> list[str]:
    """Parse the command line, and return its positional arguments."""
    flag_values.set_gnu_getopt(True)  # allow flags after positional arguments
    positional = flag_values(sys.argv)[1:]
    for name in flag_values:
        alias = camel_case(name) or name
        if alias in flag_values and flag_values[alias].present:  # absl marks only the alias
            flag_values[name].using_default_value = False
    check_finite(flag_values)
    return positional


def check_finite(flag_values: flags.FlagValues) -> None:
    """Refuse NaN and infinities, because absl's bounds accept them.

    Raises:
      flags.IllegalFlagValueError: a flag is NaN or infinite.
    """
    for name in flag_values:
        value = flag_values[name].value
        if isinstance(value, float) and not math.isfinite(value):
            raise flags.IllegalFlagValueError(f"flag --{name}={value}: must be a finite number")


def readable(argument: str) -> str:
    """Return a command-line argument as printable text, even if the locale cannot decode it."""
    # Surrogates from U+DC80 to U+DCFF stand for bytes; on Windows an argument can have others.
    argument = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\N{REPLACEMENT CHARACTER}", argument)
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _silence_broken_pipe() -> None:
    """Redirect stdout after a broken pipe, because Python would report an error at its exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _fail(message: str, status: int) -> NoReturn:
    """Print one line on stderr and exit."""
    print("error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(status)
