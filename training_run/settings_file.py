"""The file that says what a run computes: its app, its data and its flags."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from keras_tfjs.atomic_files import write_text
from keras_tfjs.command_line import UserError

SETTINGS_FILE = "run.json"


def holds_settings(directory: Path) -> bool:
    """Tell whether there is a `run.json`."""
    return (directory / SETTINGS_FILE).exists()


def write_settings(directory: Path, settings: dict[str, Any]) -> None:
    """Write a run's `run.json`."""
    write_text(directory / SETTINGS_FILE, json.dumps(settings, indent=2) + "\n")


def read_settings(directory: Path) -> dict[str, Any]:
    """Return what a run's `run.json` holds.

    Raises:
      UserError: it is damaged.
    """
    file = directory / SETTINGS_FILE
    try:
        text = file.read_text(encoding="utf-8")
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is damaged: {error}") from None
    plain = isinstance(settings, dict) and isinstance(settings.get("files", []), list)
    if not plain or "\\u0000" in text:
        raise UserError(f"{file} is damaged: it is not an object of plain values")
    return {name: _in_this_locale(value) for name, value in settings.items()}


def _in_this_locale(value: Any) -> Any:
    """Return a text that may be a path as the present locale spells the path."""
    if isinstance(value, str):
        with suppress(UnicodeEncodeError):  # a text that no path can be
            return os.fsdecode(value.encode("utf-8", "surrogateescape"))
    return value
