"""A corpus may be larger than memory: it is read in pieces and mapped from a file."""

import errno
import tempfile

import numpy as np

from lstm_text_generation import corpora, data, text_files, train
from lstm_text_generation.data import TextData
from tests.support.bottles import SMALL, TEXT
from tests.support.commands import assert_one_line, peak_memory, start

MEGABYTES = 200


def peak(*line) -> float:
    """Run the training and return the most megabytes that it had which are no mapped file's."""
    process = start("lstm_text_generation.train", *line)
    most = peak_memory(process, "RssAnon") / 1e6
    out = process.communicate()[0]
    assert process.returncode == 0, out
    return most


def test_memory_does_not_grow_with_the_text(tmp_path):
    def train_on(megabytes: int) -> float:
        path = tmp_path / f"{megabytes}.txt"
        with path.open("w") as file:
            for _ in range(megabytes * 1_000_000 // len(TEXT)):
                file.write(TEXT)
        return peak(path, *SMALL, "--epochs=2", f"--save_path={tmp_path / 'run'}", "--overwrite")

    assert train_on(MEGABYTES) - train_on(1) < MEGABYTES / 10


def test_pieces_are_the_text(tmp_path, monkeypatch):
    """Cut anywhere, also within a character of several bytes and where the type grows."""
    ascii_first, many = map(chr, range(33, 83)), map(chr, range(0x4E00, 0x4F80))
    text = "".join([*ascii_first, *many])
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    whole = TextData("x", text, 5, 1)
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(text_files, "PIECE_BYTES", size)
        monkeypatch.setattr(data, "CHUNK", max(size, 2))
        pieces = list(corpora.read(str(path)))
        assert "".join(pieces) == text and len(pieces) > len(text) // size / 2
        cut = TextData("x", iter(pieces), 5, 1)
        assert cut.char_set() == whole.char_set()
        np.testing.assert_array_equal(cut.indices(), whole.indices())
        assert cut.fingerprint() == whole.fingerprint()


def test_no_room_for_the_mapped_file_is_one_line(call, monkeypatch, tmp_path, corpus):
    class Full:
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    monkeypatch.setattr(
        train.tensorflow_setup, "import_tensorflow", lambda: None
    )  # it is imported already
    line = [corpus, *SMALL, f"--save_path={tmp_path / 'run'}"]
    assert_one_line(call(train, *line), "no room", tempfile.gettempdir(), "TMPDIR")
    assert not list(tmp_path.iterdir())


def test_the_type_grows_twice(monkeypatch):
    monkeypatch.setattr(data, "CHUNK", 1 << 12)
    text = "".join(map(chr, range(0x1F000, 0x1F000 + 70_000)))
    text_data = TextData("x", text, 5, 1)
    np.testing.assert_array_equal(text_data.indices(), np.arange(70_000))
    assert text_data.indices().dtype == np.int32
