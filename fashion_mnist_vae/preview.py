"""Drawing an image in the terminal (`previewImage` of the original's data.js)."""

import os
import sys
from typing import Literal

import numpy as np

Style = Literal["truecolor", "256", "ascii"]

_RAMP = " .:-=+*#%@"


def preview_image(image: np.ndarray) -> None:
    """Print an image [height, width] of values from 0 to 1 (`previewImage`)."""
    print(image_text(image, terminal_style()), flush=True)


def terminal_style() -> Style:
    """Return the style for stdout: 24-bit colour, the grays of 256 colours, or ASCII."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return "ascii"
    return "truecolor" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256"


def image_text(image: np.ndarray, style: Style) -> str:
    """Return an image as lines of text, with two rows of pixels per line.

    Args:
      image: [height, width], values from 0 to 1.
      style: see `terminal_style`.
    """
    rows = np.clip(image, 0, 1)
    if len(rows) % 2:
        rows = np.vstack([rows, np.zeros_like(rows[:1])])
    pairs = zip(rows[::2], rows[1::2], strict=True)
    if style == "ascii":
        return "\n".join(_ascii_line(upper, lower) for upper, lower in pairs)
    return "\n".join(_half_blocks(upper, lower, style) for upper, lower in pairs)


def _ascii_line(upper: np.ndarray, lower: np.ndarray) -> str:
    levels = np.round((upper + lower) / 2 * (len(_RAMP) - 1)).astype(int)
    return "".join(_RAMP[level] for level in levels).rstrip()


def _half_blocks(upper: np.ndarray, lower: np.ndarray, style: Style) -> str:
    """Return a line of upper half blocks: foreground is the upper pixel, background the lower."""

    def colour(value: float) -> str:
        if style == "truecolor":
            gray = round(float(value) * 255)
            return f"2;{gray};{gray};{gray}"
        return f"5;{232 + round(float(value) * 23)}"

    cells = (f"\x1b[38;{colour(u)};48;{colour(v)}m▀" for u, v in zip(upper, lower, strict=True))
    return "".join(cells) + "\x1b[0m"
