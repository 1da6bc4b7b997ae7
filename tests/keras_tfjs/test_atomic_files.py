"""Atomic writes: a reader sees the old file or the new file."""

import pytest

from keras_tfjs.atomic_files import write_atomically, write_text

pytestmark = pytest.mark.quick


def test_reader_sees_old_or_new_file(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old\r\n")

    def fail(partial):
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError):
        write_atomically(path, fail)
    with pytest.raises(IsADirectoryError):  # a file does not replace a directory
        write_text(tmp_path.parent / tmp_path.name, "x")
    assert path.read_bytes() == b"old\r\n"
    write_text(path, "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
