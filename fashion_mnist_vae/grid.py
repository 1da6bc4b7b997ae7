"""A square of the latent space, and the flags that choose it."""

from typing import NamedTuple

import numpy as np
from absl import flags

from training_run.command_line import FLAGS, UserError, between, define


class Grid(NamedTuple):
    """A square of the latent space: `points` by `points` from `start` to `end`.

    It lies in two of the latent dimensions; the others are 0. Where there is but one dimension, the
    square is a single row.
    """

    points: int = 20
    start: float = -4.0
    end: float = 4.0
    dimensions: tuple[int, int] = (0, 1)

    def values(self) -> np.ndarray:
        """Return the values along an axis: float32 [points]; the middle if it is only one."""
        if self.points == 1:
            return np.array([(self.start + self.end) / 2], np.float32)
        return np.linspace(self.start, self.end, self.points, dtype=np.float32)

    def rows(self) -> int:
        """Return the number of rows."""
        return self.points if self.dimensions[0] != self.dimensions[1] else 1

    def z(self, latent_dim: int) -> np.ndarray:
        """Return the points, row by row from the top: float32 [rows * points, latent_dim]."""
        values = self.values()
        z = np.zeros((self.rows(), self.points, latent_dim), np.float32)
        if self.dimensions[0] != self.dimensions[1]:
            z[..., self.dimensions[1]] = values[::-1, None]  # upwards, as in a plot
        z[..., self.dimensions[0]] = values
        return z.reshape(-1, latent_dim)


def define_flags() -> None:
    """Define which part of the latent space is drawn, for every command that draws."""
    points = "Images in a row and in a column of the latent space's picture."
    define(flags.DEFINE_integer, "grid_points", 20, points, check=between(1, 200))
    limits = between(-1e6, 1e6)
    define(flags.DEFINE_float, "grid_start", -4.0, "Its smallest z.", check=limits)
    define(flags.DEFINE_float, "grid_end", 4.0, "Its largest z.", check=limits)


def from_flags(dimensions: tuple[int, int] = (0, 1)) -> Grid:
    """Return the grid that the flags ask for.

    Raises:
      UserError: it ends before it begins.
    """
    if not FLAGS.grid_start < FLAGS.grid_end:
        raise UserError(
            f"--grid_end={FLAGS.grid_end} must be above --grid_start={FLAGS.grid_start}"
        )
    return Grid(FLAGS.grid_points, FLAGS.grid_start, FLAGS.grid_end, dimensions)
