"""The last words of a training command."""

import shlex
import sys
from pathlib import Path


def describe_result(path: Path, files: dict[str, str], try_next: list[list[str]]) -> str:
    """Return the last words of a command: the files in `path`, and commands to try.

    Args:
      files: what each file is, by its name.
      try_next: a module and its arguments for each command.
    """
    width = max(len(str(path / name)) for name in files)
    lines = [f"  {path / name!s:{width}}  {what}" for name, what in files.items()]
    python = Path(sys.executable)  # by the name that works from here
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    commands = [f"  {python} -m {shlex.join(command)}" for command in try_next]
    return "\n".join([f"\nThe run is in {path}:", *lines, "\nTry next:", *commands])
