import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_tfjs.command_line import UserError
from tests.support.fuzzing import fuzzed
from training_run import checkpoints

pytestmark = pytest.mark.quick


def save(directory, epoch, step=0):
    arrays = {"model/0000": np.full(1000, epoch, np.float32), "optimizer/0000": np.int64(step)}
    checkpoints.write(directory, arrays, {"epoch": epoch, "step": step, "notes": ["ä\r\n"]})
    return sorted(directory.glob("*.npz"))[-1]


def load(directory):
    return checkpoints.read(directory, lambda arrays, progress: None)


def test_checkpoint_round_trip_is_exact(tmp_path):
    random = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32)
    progress = {"epoch": 3, "step": 5, "history": [{"loss": 0.1 + 0.2}], "notes": ["ä\r\n"]}
    checkpoints.write(tmp_path / "new", {"a": random, "b": np.int64(2**60 + 1)}, progress)
    arrays, restored, warnings = load(tmp_path / "new")
    np.testing.assert_array_equal(arrays["a"], random)
    assert arrays["b"] == 2**60 + 1 and arrays["b"].dtype == np.int64
    assert restored == progress and warnings == []


def test_read_loads_the_newest_and_write_keeps_two(tmp_path):
    for epoch, step in [(0, 9), (1, 0), (9, 3), (10, 0)]:
        save(tmp_path, epoch, step)
    assert len(list(tmp_path.iterdir())) == 2
    assert load(tmp_path)[1]["epoch"] == 10


def test_read_returns_none_without_checkpoints(tmp_path):
    assert load(tmp_path) is None
    assert load(tmp_path / "absent") is None


def truncate(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip_a_bit(data: bytes) -> bytes:
    middle = 2000  # inside the first array
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def empty(data: bytes) -> bytes:
    return b""


def not_a_zip(data: bytes) -> bytes:
    return b"PK no"


def compress(data: bytes) -> bytes:
    """A small file that unpacks to a large one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/0000.npy", bytes(10**6))
    return file.getvalue()


def claim_huge_shape(data: bytes) -> bytes:
    """An array that claims a size of 8 TB."""
    return data.replace(b"(1000,)", b"(9**13)"[:7]).replace(b"'<f4'", b"'<f8'")


@pytest.mark.parametrize(
    "damage", [truncate, flip_a_bit, empty, not_a_zip, compress, claim_huge_shape]
)
def test_read_skips_a_damaged_checkpoint_with_a_warning(tmp_path, damage):
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    newest.write_bytes(damage(newest.read_bytes()))
    _, progress, warnings = load(tmp_path)
    assert progress["epoch"] == 1
    assert len(warnings) == 1 and str(newest) in warnings[0]


@fuzzed(300)
@given(data=st.data())
def test_fuzzed_damage_is_detected_or_harmless(tmp_path_factory, data):
    """With a flipped bit, a cut or a hole, `read` returns the saved arrays or the older ones."""
    directory = tmp_path_factory.mktemp("checkpoints")
    save(directory, 1)
    newest = save(directory, 2)
    content = bytearray(newest.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    damage = data.draw(st.sampled_from(["flip", "cut", "hole"]))
    if damage == "flip":
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    elif damage == "cut":
        del content[place:]
    else:
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    newest.write_bytes(content)
    arrays, progress, warnings = checkpoints.read(directory, check_names_and_shape)
    assert progress["epoch"] == 2 - len(warnings)
    np.testing.assert_array_equal(arrays["model/0000"], np.full(1000, progress["epoch"]))


def test_flipped_bits_of_the_archive_are_detected(tmp_path):
    """For all bytes outside of the array, `read` returns the saved arrays or the older ones."""
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    content = newest.read_bytes()
    begin = content.index(np.full(9, 2, np.float32).tobytes())
    places = [*range(begin), *range(begin + 4000, len(content))]
    for place in places:
        bit = 1 << place % 8
        damaged = bytearray(content)
        damaged[place] ^= bit
        newest.write_bytes(damaged)
        arrays, progress, _ = checkpoints.read(tmp_path, check_names_and_shape)
        assert np.all(arrays["model/0000"] == progress["epoch"])


def test_partial_files_are_neither_loaded_nor_kept(tmp_path):
    save(tmp_path, 1)
    (tmp_path / ".partial-epoch-000002-step-00000000.npz").write_bytes(b"half")
    assert load(tmp_path)[1]["epoch"] == 1
    save(tmp_path, 2)
    assert sorted(file.name[:12] for file in tmp_path.iterdir()) == ["epoch-000001", "epoch-000002"]


def check_names_and_shape(arrays, progress):
    if arrays.keys() != {"model/0000", "optimizer/0000"} or arrays["model/0000"].shape != (1000,):
        raise ValueError("other arrays")


def test_unreadable_checkpoint_is_not_skipped_as_damaged(unreadable):
    file = unreadable("epoch-000002-step-00000000.npz")
    with pytest.raises(UserError, match=f"cannot read {file}: Permission denied"):
        load(file.parent)


def test_read_fails_if_all_checkpoints_are_damaged(tmp_path):
    for epoch in (1, 2):
        file = save(tmp_path, epoch)
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UserError, match="no checkpoint in .* can be read"):
        load(tmp_path)
