"""A text corpus as integers, windows and batches: a port of the original's data.js."""

import hashlib
import mmap
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import numpy as np
import tensorflow as tf

from training_run.batches import Batches

CHUNK = 1 << 20  # characters encoded at a time
VALIDATION_WINDOWS = 2048


class TextData:
    """A text, its character set, and the examples to learn from (`TextData` in data.js).

    The text is stored as one small integer per character, in a temporary file that is mapped into
    memory, so the text may be larger than memory. The character set is in order of first
    appearance, as in the original, so this port and the original can use each other's models.
    """

    def __init__(
        self,
        data_identifier: str,
        text: str | Iterable[str],
        sample_len: int,
        sample_step: int,
        char_set: Sequence[str] = (),
    ):
        """Encode the text.

        Args:
          data_identifier: a name for the text.
          text: the text, whole or in pieces.
          sample_len: length of an example, in characters: the model's input length.
          sample_step: distance between the starts of two examples, in characters.
          char_set: the character set of an existing model; by default the text's own.

        Raises:
          ValueError: a length is not positive; the identifier is empty; the text is too short for
            an example; the text has only one distinct character, or a character that `char_set`
            lacks.
          OSError: the temporary file cannot be written.
        """
        if sample_len <= 0:
            raise ValueError(f"Expected sample_len to be a positive integer, but got {sample_len}")
        if sample_step <= 0:
            raise ValueError(
                f"Expected sample_step to be a positive integer, but got {sample_step}"
            )
        if not data_identifier:
            raise ValueError("Model identifier is not provided.")
        self._data_identifier = data_identifier
        self._sample_len = sample_len
        self._sample_step = sample_step
        self._char_set, self._indices = _encode(text, char_set)
        if len(self._indices) < sample_len + 2:
            raise ValueError(
                f"The text has {len(self._indices)} characters, too few for examples of "
                f"{sample_len}: it needs at least {sample_len + 2}"
            )
        unknown = unknown_characters("".join(self._char_set), char_set)
        if char_set and unknown:
            raise ValueError(f"the model does not know these characters of the text: {unknown}")
        if len(self._char_set) < 2:
            raise ValueError(
                f"The text has only one distinct character, {self._char_set[0]!r}: there is "
                "nothing to learn"
            )
        self._index_of = {char: index for index, char in enumerate(self._char_set)}

    def data_identifier(self) -> str:
        """Return the name of the text."""
        return self._data_identifier

    def text_len(self) -> int:
        """Return the length of the text, in characters."""
        return len(self._indices)

    def sample_len(self) -> int:
        """Return the length of an example, in characters."""
        return self._sample_len

    def char_set(self) -> list[str]:
        """Return the distinct characters, in order of first appearance."""
        return self._char_set

    def char_set_size(self) -> int:
        """Return the number of distinct characters."""
        return len(self._char_set)

    def fingerprint(self) -> str:
        """Return a digest of the text. Only equal texts have the same digest."""
        digest = hashlib.sha256("".join(self._char_set).encode("utf-8", "surrogatepass"))
        digest.update(self._indices.data)
        return digest.hexdigest()[:16]

    def get_from_char_set(self, index: int) -> str | None:
        """Return the character of an index, or None if there is none, as the original does."""
        return self._char_set[index] if 0 <= index < len(self._char_set) else None

    def text_to_indices(self, text: str) -> list[int]:
        """Return the index of each character, -1 for a character that is not in the set."""
        return [self._index_of.get(char, -1) for char in text]

    def get_random_slice(self, rng: np.random.Generator | None = None) -> tuple[str, list[int]]:
        """Return a random slice of `sample_len` characters, as text and as indices."""
        rng = rng or np.random.default_rng()
        start = rng.integers(0, self.text_len() - self._sample_len)
        indices = self._indices[start : start + self._sample_len]
        return "".join(self._char_set[i] for i in indices), indices.tolist()

    def next_data_epoch(
        self,
        num_examples: int,
        batch_size: int,
        *,
        epoch: int,
        validation_split: float = 0.0,
        seed: int = 0,
    ) -> Batches:
        """Return the examples of an epoch, in batches of character indices (`nextDataEpoch`).

        Each epoch takes the examples in another order, and repeats this order if the text has
        fewer than `num_examples` examples. The order is a function of (seed, epoch) and is computed
        batch by batch, so memory does not grow with the number of examples. The original returns
        one-hot tensors; here the graph makes the one-hot tensors.

        Args:
          num_examples: examples in the epoch.
          batch_size: examples in a batch; the last batch may be smaller.
          epoch: number of the epoch, from 0.
          validation_split: fraction of the text, at its end, that is held out for validation.
          seed: random seed.

        Returns:
          int32 batches [batch, sample_len + 1]: windows, and the character after each.
        """
        available = self._num_examples(self._train_len(validation_split))
        key, last = tf.constant([seed, epoch]), tf.constant(available - 1, tf.int64)

        def batch(first: int, end: int) -> np.ndarray:
            examples = tf.constant(np.arange(first, end) % available)
            shuffled = tf.random.experimental.index_shuffle(examples, key, last)
            return self._windows(shuffled.numpy() * self._sample_step)

        return Batches(num_examples, batch_size, batch)

    def indices(self) -> np.ndarray:
        """Return the whole text as small integers, [text_len]."""
        return self._indices

    def held_out(self, validation_split: float) -> np.ndarray:
        """Return the held-out end of the text, which no training window overlaps; see `indices`."""
        return self._indices[self._train_len(validation_split) :]

    def validation_windows(self, validation_split: float) -> np.ndarray:
        """Return windows of the held-out end of the text, the same at every call.

        Returns:
          int32 windows [n, sample_len + 1], evenly spaced, at most `VALIDATION_WINDOWS`.

        Raises:
          ValueError: the held-out text or the training text is too short for a window.
        """
        begin, end = self._train_len(validation_split), self.text_len() - self._sample_len
        if begin >= end or self._num_examples(begin) < 1:
            raise ValueError(
                f"validation_split={validation_split} of {self.text_len()} characters leaves no "
                f"window of {self._sample_len} characters to "
                + ("validate on" if begin >= end else "train on")
            )
        count = min(VALIDATION_WINDOWS, end - begin)
        return self._windows(np.linspace(begin, end - 1, count).astype(np.int64))

    def _windows(self, begins: np.ndarray) -> np.ndarray:
        """Return the windows that begin at these characters, int32 [n, sample_len + 1]."""
        return self._indices[begins[:, None] + np.arange(self._sample_len + 1)].astype(np.int32)

    def _train_len(self, validation_split: float) -> int:
        """Return the number of characters before the held-out text."""
        return self.text_len() - int(self.text_len() * validation_split)

    def _num_examples(self, text_len: int) -> int:
        """Return the number of examples in `text_len` characters, counted as in the original."""
        return len(range(0, text_len - self._sample_len - 1, self._sample_step))


def unknown_characters(text: str, char_set: Iterable[str]) -> str:
    """Return the characters of `text` that `char_set` lacks, each once, as a readable list."""
    missing = sorted(set(text) - set(char_set))
    return " ".join(map(repr, missing))


def _encode(text: str | Iterable[str], known: Sequence[str] = ()) -> tuple[list[str], np.ndarray]:
    """Return the character set in order of first appearance, and the index of each character.

    The characters of `known` come first. NumPy encodes the text in chunks, with a table from code
    points to indices. The result is mapped into memory from a file. Its type is the smallest of
    uint8, uint16 and int32 that holds all indices.
    """
    index_of = np.full(0x110000, -1, np.int32)
    order = [ord(char) for char in known]
    index_of[order] = range(len(order))
    dtype = _smallest_dtype(len(order))
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # not in a `with`, because the array maps it
    for chunk in _chunks(text):
        codes = np.frombuffer(chunk.encode("utf-32-le", "surrogatepass"), "<u4")
        fresh = codes[index_of[codes] < 0]
        if fresh.size:
            values, first = np.unique(fresh, return_index=True)
            for code in values[np.argsort(first)]:
                index_of[code] = len(order)
                order.append(int(code))
            before, dtype = dtype, _smallest_dtype(len(order))
            if dtype != before:
                file = _widen(file, before, dtype)
        file.write(index_of[codes].astype(dtype).data)
    file.flush()
    size = file.tell()
    mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else b""
    return [chr(code) for code in order], np.frombuffer(mapped, dtype)


def _chunks(text: str | Iterable[str]) -> Iterator[str]:
    """Cut a text into pieces of at most `CHUNK` characters."""
    for piece in [text] if isinstance(text, str) else text:
        for start in range(0, len(piece), CHUNK):
            yield piece[start : start + CHUNK]


def _smallest_dtype(size: int) -> type:
    return np.uint8 if size <= 256 else np.uint16 if size <= 65536 else np.int32


def _widen(file: IO[bytes], before: type, after: type) -> IO[bytes]:
    """Copy a file of integers into a new file of a wider type."""
    wider = tempfile.TemporaryFile()  # noqa: SIM115
    file.seek(0)
    while piece := file.read(CHUNK):
        wider.write(np.frombuffer(piece, before).astype(after).data)
    return wider
