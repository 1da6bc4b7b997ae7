"""`run.json`, the settings of a run: its app, its data and its flags."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from keras_tfjs.atomic_files import write_text
from keras_tfjs.command_line import UserError

SETTINGS_FILE = "run.json"


def holds_settings(directory: Path) -> bool:
    """Tell whether a directory has a `run.json`."""
    return (directory / SETTINGS_FILE).exists()


def write_settings(directory: Path, settings: dict[str, Any]) -> None:
    """Write a run's `run.json`."""
    write_text(directory / SETTINGS_FILE, json.dumps(settings, indent=2) + "\n")


def read_settings(directory: Path) -> dict[str, Any]:
    """Return the content of a run's `run.json`.

    Raises:
      UserError: the file is damaged.
    """
    file = directory / SETTINGS_FILE
    try:
        text = file.read_text(encoding="utf-8")
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is damaged: {error}") from None
    valid = isinstance(settings, dict) and isinstance(settings.get("files", []), list)
    if not valid or "\\u0000" in text:
        raise UserError(
            f"{file} is damaged: it is not a JSON object, its files are not a list, or it has a NUL"
        )
    return {name: _decode_path(value) for name, value in settings.items()}


def _decode_path(value: Any) -> Any:
    """Return a text that may be a path, decoded with the current locale."""
    if isinstance(value, str):
        with suppress(UnicodeEncodeError):  # The text is not a path.
            return os.fsdecode(value.encode("utf-8", "surrogateescape"))
    return value
