"""The part of the latent space to draw, for the flags and the pictures."""

from typing import NamedTuple

import numpy as np


class Grid(NamedTuple):
    """A square grid in the latent space: `points` x `points`, from `start` to `end`.

    The grid spans two latent dimensions; the others are 0. With only one latent dimension, the grid
    is a single row.
    """

    points: int = 20
    start: float = -4.0
    end: float = 4.0
    dimensions: tuple[int, int] = (0, 1)

    def values(self) -> np.ndarray:
        """Return the values along an axis, float32 [points]; a single value is the middle."""
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
