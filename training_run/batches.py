"""The batches of one epoch."""

from collections.abc import Callable, Sequence

import numpy as np


class Batches(Sequence[np.ndarray]):
    """Batches that are made one by one, so that memory does not grow with the epoch.

    Args:
      num_examples: number of examples in the epoch.
      batch_size: number of examples in a batch; the last batch may be smaller.
      make: `make(start, stop)` returns the batch of the examples from start to stop - 1.
    """

    def __init__(self, num_examples: int, batch_size: int, make: Callable[[int, int], np.ndarray]):
        self._starts = range(0, num_examples, batch_size)
        self._make = make

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._starts)

    def __getitem__(self, index):
        """Return a batch by its number."""
        start = self._starts[index]
        return self._make(start, min(start + self._starts.step, self._starts.stop))
