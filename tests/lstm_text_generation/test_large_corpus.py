"""A corpus may be larger than memory: it is read in pieces and mapped from a file."""

import errno
import re
import tempfile
from pathlib import Path

import numpy as np

from lstm_text_generation import corpora, data, train
from lstm_text_generation.data import TextData
from tests.conftest import SMALL, TEXT, assert_one_line

MEGABYTES = 200


def own_memory() -> float:
    """Return the megabytes of this process that are no mapped file's."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1000


def test_memory_does_not_grow_with_the_text(tmp_path):
    path = tmp_path / "large.txt"
    with path.open("w") as file:
        for _ in range(MEGABYTES * 1_000_000 // len(TEXT)):
            file.write(TEXT)

    def draw(text_data: TextData) -> None:
        for _ in text_data.training_batches(epoch=0, num_examples=6400, batch_size=64):
            pass

    draw(TextData("warm", corpora.read(str(path.with_name("large.txt"))), 20, 3))
    before = own_memory()
    text_data = TextData("large", corpora.read(str(path)), 20, 3)
    draw(text_data)
    text_data.validation_windows(0.0625)
    text_data.fingerprint()
    assert text_data.text_len() == path.stat().st_size > 0.9 * MEGABYTES * 1_000_000
    assert own_memory() - before < MEGABYTES / 10


def test_pieces_are_the_text(tmp_path, monkeypatch):
    """Cut anywhere, also within a character of several bytes and where the type grows."""
    text = "".join(chr(33 + i % 90) for i in range(50)) + "".join(map(chr, range(0x4E00, 0x4F80)))
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    whole = TextData("x", text, 5, 1)
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(corpora, "_PIECE", size)
        monkeypatch.setattr(data, "_CHUNK", max(size, 2))
        pieces = list(corpora.read(str(path)))
        assert "".join(pieces) == text and len(pieces) > len(text) // size / 2
        cut = TextData("x", iter(pieces), 5, 1)
        assert cut.char_set() == whole.char_set()
        np.testing.assert_array_equal(cut._indices, whole._indices)
        assert cut.fingerprint() == whole.fingerprint()


def test_no_room_for_the_mapped_file_is_one_line(call, monkeypatch, tmp_path, corpus):
    class Full:
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    monkeypatch.setattr(train.devices, "import_tensorflow", lambda: None)  # it is imported already
    line = [corpus, *SMALL, f"--save_path={tmp_path / 'run'}"]
    assert_one_line(call(train, *line), "no room", tempfile.gettempdir(), "TMPDIR")
    assert not list(tmp_path.iterdir())
