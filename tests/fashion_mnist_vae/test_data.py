import gzip
import struct

import numpy as np
import pytest

from fashion_mnist_vae import data
from keras_tfjs.command_line import UserError
from tests.support.shapes import draw_shapes, write_dataset, write_idx

pytestmark = pytest.mark.quick

TRAIN = "train-images-idx3-ubyte"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_load_directory_reads_written_files(tmp_path, suffix):
    write_dataset(tmp_path / "d", suffix)
    found = data.load_directory(tmp_path / "d", "shapes")
    images, labels = draw_shapes(100, 1)
    np.testing.assert_array_equal(found.test_images.reshape(images.shape), images)
    np.testing.assert_array_equal(found.test_labels, labels)
    assert found.train_images.shape == (500, 120) and found.train_images.dtype == np.uint8
    assert found.image_shape == (12, 10) and found.class_names == ["0", "1", "2"]


def test_load_directory_without_idx_files_is_none(tmp_path):
    assert data.load_directory(tmp_path, "shapes") is None
    assert data.load_directory(tmp_path / "absent", "shapes") is None


def header(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not an IDX file"),
        (b"\x89PNG\r\n\x1a\n", "is not an IDX file"),
        (header(2050, 1, 1, 1), "is not an IDX file of images: it begins with"),
        (header(2049, 3) + b"abc", "is not an IDX file of images"),
        (header(2051, 5), "header is incomplete"),
        (header(2051, 2, 3, 3) + b"x" * 17, "announces 2 x 3 x 3 bytes, but the file has 17"),
        (header(2051, 2, 3, 3) + b"x" * 19, "but the file has more"),
        (header(2051, 2**32 - 1, 2**32 - 1, 2**32 - 1), "is damaged"),
        (header(2051, 2**31 - 1, 1, 1) + b"x", "but the file has 1"),
        (header(2051, 0, 28, 28), "is damaged"),
    ],
)
def test_load_images_rejects_damaged_and_other_files(tmp_path, content, words):
    path = tmp_path / TRAIN
    path.write_bytes(content)
    with pytest.raises(UserError, match=words) as error:
        data.load_images(path)
    assert str(path) in str(error.value)


def test_load_images_rejects_truncated_gzip(tmp_path):
    path = tmp_path / f"{TRAIN}.gz"
    write_idx(path, draw_shapes(100, 0)[0])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match=f"cannot read .*{TRAIN}.gz"):
        data.load_images(path)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(UserError, match="cannot read"):
        data.load_images(path)


def test_load_images_rejects_gzip_bomb(tmp_path):
    path = tmp_path / f"{TRAIN}.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header(2051, 1, 2, 2))
        for _ in range(200):
            file.write(bytes(1 << 20))
    with pytest.raises(UserError, match="but the file has more"):
        data.load_images(path)


def test_load_directory_rejects_inconsistent_files(tmp_path):
    directory = write_dataset(tmp_path / "d")
    write_idx(directory / "train-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(UserError, match="500 images but 3 labels"):
        data.load_directory(directory, "shapes")
    write_idx(directory / "train-labels-idx1-ubyte", np.zeros((3, 4, 4), np.uint8))
    with pytest.raises(UserError, match="train-labels-idx1-ubyte is not an IDX file of labels"):
        data.load_directory(directory, "shapes")
    (directory / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="has no train-labels-idx1-ubyte"):
        data.load_directory(directory, "shapes")


def test_write_images_round_trip(tmp_path):
    images = draw_shapes(7, 0)[0]
    data.write_images(tmp_path / TRAIN, images)
    np.testing.assert_array_equal(data.load_images(tmp_path / TRAIN), images)


def test_fashion_mnist_must_have_the_md5(shapes_dir):
    with pytest.raises(UserError, match="is not Fashion-MNIST's.*--dataset=NAME"):
        data.load_directory(shapes_dir, "fashion_mnist")


def test_batches_have_every_image_once_in_seeded_order(shapes):
    batches = list(shapes.batch_images(epoch=2, batch_size=64, seed=1))
    assert [len(batch) for batch in batches] == [64] * 7 + [52]  # the smaller last batch counts
    images = np.concatenate(batches)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(np.sort(images, axis=0), np.sort(shapes.train_images, axis=0))
    assert sorted(map(bytes, images)) == sorted(map(bytes, shapes.train_images))
    np.testing.assert_array_equal(images, np.concatenate(list(shapes.batch_images(2, 64, 1))))
    for other in ((3, 64, 1), (2, 64, 2)):
        assert not np.array_equal(images, np.concatenate(list(shapes.batch_images(*other))))
    np.testing.assert_array_equal(shapes.batch_images(2, 64, 1)[3], batches[3])
