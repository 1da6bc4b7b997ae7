"""A full or read-only disk: the run ends in one line, loses nothing, and can be resumed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.apps import APPS, assert_has_checkpoint, assert_no_partial_files

pytestmark = pytest.mark.long

FULL = "No space left on device"


class SmallDisk:
    """A file system in memory whose size, in KiB, can be changed."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tests", str(path)]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("no permission to mount a tmpfs: run this test as root")

    def resize(self, size: int) -> None:
        line = ["mount", "-o", f"remount,size={size}k", str(self.path)]
        subprocess.run(line, check=True)

    def used(self) -> int:
        return shutil.disk_usage(self.path).used // 1024

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True)


@pytest.fixture
def disk(tmp_path):
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.unmount()


def assert_one_clear_line(output: str, directory: Path, reason: str) -> str:
    """Assert that a run ends with one line about a file, and return the file's name."""
    *before, last = output.splitlines()
    assert not any("Traceback" in line or line.startswith("error:") for line in before), output
    assert last.startswith("error: ") and str(directory) in last and reason in last, output
    return last.split(": ")[1].split("/")[-1]


@pytest.mark.parametrize("kind", APPS)
def test_full_disk_keeps_checkpoints_and_finished_run(tmp_path, disk, kind):
    """The disk grows until the run fits, and each time the run is resumed."""
    app = APPS[kind](tmp_path)
    path, output = disk.path / "run", tmp_path / "output"
    disk.resize(100_000)
    process = app.start(path, output=output)
    assert process.wait() == 0, process.output()
    uninterrupted, needed = app.result(path), disk.used()
    shutil.rmtree(path)

    places = set()
    for room in [*range(4, needed, needed // 10), 2 * needed]:
        disk.resize(room)
        output.unlink()
        process = app.start(path, "--resume", output=output)
        status = process.wait()
        assert_no_partial_files(disk.path)
        if status:
            assert status == 1
            places.add(assert_one_clear_line(process.output(), disk.path, FULL))
            if "a checkpoint is saved" in process.output():
                assert_has_checkpoint(path)
    assert len(places) >= 4 and any("epoch-" in place for place in places), places
    assert app.result(path) == uninterrupted

    # A finished run stays unchanged if the disk is too full to train it further.
    disk.resize(disk.used() + 4)
    output.unlink()
    process = app.start(path, "--resume", "--epochs=4", output=output)
    assert process.wait() == 1
    assert_one_clear_line(process.output(), disk.path, FULL)
    assert app.result(path) == uninterrupted


@pytest.mark.parametrize("kind", APPS)
def test_full_log_disk_keeps_checkpoints(tmp_path, disk, kind):
    app = APPS[kind](tmp_path)
    path = tmp_path / "run"
    disk.resize(16)
    process = app.start(path, f"--log_dir={disk.path}", "--epochs=1000")
    assert process.wait() == 1
    assert_one_clear_line(process.output(), disk.path, f"{FULL}; a checkpoint is saved")
    assert_has_checkpoint(path)


def allow_writing(directory: Path, mode: int) -> None:
    """Set the mode of a directory and of all directories in it."""
    for path in [directory, *directory.rglob("*")]:
        if path.is_dir():
            path.chmod(mode)


@pytest.mark.parametrize("kind", APPS)
def test_read_only_directory_keeps_checkpoints(tmp_path, kind):
    app = APPS[kind](tmp_path)
    (tmp_path / "runs").mkdir()
    path, output = tmp_path / "runs" / "run", tmp_path / "output"
    process = app.start(path, "--epochs=100000", output=output, drop_capabilities=True)
    process.wait_for("Epoch 2 of")
    allow_writing(path.parent, 0o555)
    assert process.wait() == 1
    words = "Permission denied; a checkpoint is saved"
    assert_one_clear_line(process.output(), path.parent, words)
    assert_has_checkpoint(path)
    output.unlink()
    process = app.start(path, "--resume", output=output, drop_capabilities=True)
    assert process.wait() == 1
    assert_one_clear_line(process.output(), path.parent, "Permission denied")
    allow_writing(path.parent, 0o755)
    process = app.start(path, "--resume", output=output, drop_capabilities=True)
    assert process.wait() == 0, process.output()
    assert len((path / "history.csv").read_text().splitlines()) >= 4
