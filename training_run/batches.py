"""The batches of one epoch."""

from collections.abc import Callable, Sequence

import numpy as np


class Batches(Sequence[np.ndarray]):
    """Batches that are made one by one, so that an epoch of any size takes no memory.

    Args:
      num_examples: examples in the epoch.
      batch_size: examples in a batch; the last batch may be smaller.
      make: returns the batch of the examples from its first argument to before its second.
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
