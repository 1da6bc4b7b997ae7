"""A corpus may be larger than memory, because it is mapped from a file."""

import errno
import signal
import sys
import tempfile
import time

import numpy as np
import pytest

from lstm_text_generation import corpora, data, text_files, train
from lstm_text_generation.data import TextData
from tests.support.bottles import SMALL, TEXT
from tests.support.commands import assert_one_line, peak_memory, start, wait_for

MEGABYTES = 200


def peak_megabytes(*line) -> float:
    """Train, and return the peak memory in megabytes, without mapped files."""
    process = start("lstm_text_generation.train", *line)
    most = peak_memory(process, "RssAnon") / 1e6
    out = process.communicate()[0]
    assert process.returncode == 0, out
    return most


@pytest.mark.long
def test_memory_does_not_grow_with_the_text(tmp_path):
    def train_on(megabytes: int) -> float:
        path = tmp_path / f"{megabytes}.txt"
        with path.open("w") as file:
            for _ in range(megabytes * 1_000_000 // len(TEXT)):
                file.write(TEXT)
        flags = ["--epochs=2", "--validation_split=0.001", "--overwrite"]
        return peak_megabytes(path, *SMALL, *flags, f"--save_path={tmp_path / 'run'}")

    assert train_on(MEGABYTES) - train_on(1) < MEGABYTES / 10


def test_reading_in_pieces_gives_the_same_text(tmp_path, monkeypatch):
    """A piece may end inside a character of several bytes, or where the type grows."""
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


def test_full_disk_is_one_error_line(call, monkeypatch, tmp_path, corpus):
    class Full:
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    # TensorFlow is imported already.
    monkeypatch.setattr(train.tensorflow_setup, "import_tensorflow", lambda: None)
    line = [corpus, *SMALL, f"--save_path={tmp_path / 'run'}"]
    assert_one_line(call(train, *line), "no room", tempfile.gettempdir(), "TMPDIR")
    assert not list(tmp_path.iterdir())


def test_integer_type_grows_twice(monkeypatch):
    monkeypatch.setattr(data, "CHUNK", 1 << 12)
    text = "".join(map(chr, range(0x1F000, 0x1F000 + 70_000)))
    text_data = TextData("x", text, 5, 1)
    np.testing.assert_array_equal(text_data.indices(), np.arange(70_000))
    assert text_data.indices().dtype == np.int32


MODULE = "lstm_text_generation.train"


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
@pytest.mark.parametrize("examples", [64, 10**9])
def test_memory_is_bounded_for_any_number_of_examples(tmp_path, examples):
    """100 MB of text take less than 2 GB, for any number of examples in an epoch."""
    text = tmp_path / "large.txt"
    with text.open("w") as file:
        for _ in range(1000):
            file.write((TEXT * 20)[:100_000])
    process = start(
        MODULE, text, "--sample_len=30", "--lstm_layer_size=16", "--epochs=1",
        f"--examples_per_epoch={examples}", f"--save_path={tmp_path / 'run'}",
        f"--log_dir={tmp_path / 'logs'}",
    )  # fmt: skip
    wait_for(process, "Seed text")
    if examples > 64:
        logs = tmp_path / "logs"
        deadline = time.monotonic() + 60
        while not any(f.stat().st_size > 2000 for f in logs.glob("events*")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
    peak = peak_memory(process, "VmHWM")
    out = process.communicate()[0]
    assert process.returncode == (143 if examples > 64 else 0), out
    assert 1e8 < peak < 2e9
