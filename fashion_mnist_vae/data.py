"""Images as small integers, and batches of them: a port of the original's data.js."""

import gzip
import hashlib
import io
import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_tfjs.atomic_files import write_atomically
from keras_tfjs.command_line import UserError
from training_run.batches import Batches

IMAGE_MAGIC, LABEL_MAGIC = 2051, 2049
MAX_BYTES = 2**31 - 1  # largest content of a file
# The four files of Fashion-MNIST, with the MD5 of their decompressed content.
IDX_FILES = {
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
TRAIN_IMAGES_FILE = next(iter(IDX_FILES))
CLASS_NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
               "Bag", "Ankle boot"]  # fmt: skip


class ImageData(NamedTuple):
    """A dataset of small grayscale images.

    Attributes:
      name: name of the dataset.
      image_shape: (height, width), in pixels.
      train_images: uint8 [n, height * width].
      test_images: uint8 [m, height * width], which training does not see; m may be 0.
      test_labels: int64 [m], indices into class_names.
      class_names: the name of each class; empty without test images.
    """

    name: str
    image_shape: tuple[int, int]
    train_images: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: list[str]

    def fingerprint(self) -> str:
        """Return a digest of the images. Only equal images have the same digest.

        The digest includes the test images, because they decide which weights are saved.
        """
        digest = hashlib.sha256(self.train_images.tobytes())
        digest.update(self.test_images.tobytes())
        return digest.hexdigest()[:16]

    def batch_images(self, epoch: int, batch_size: int, seed: int = 0) -> Batches:
        """Return every training image once, in batches (`batchImages`).

        Args:
          epoch, seed: the order of the images is a function of both.
          batch_size: images in a batch; the last batch may be smaller.

        Returns:
          uint8 batches [batch, height * width].
        """
        order = np.random.default_rng((seed, epoch)).permutation(len(self.train_images))
        return Batches(
            len(order), batch_size, lambda first, end: self.train_images[order[first:end]]
        )


def load_directory(directory: Path, name: str) -> ImageData | None:
    """Read a dataset from the IDX files in a directory, gzipped or not.

    The directory has all four files of `IDX_FILES`, or only the training images, as the original's
    `dataset/`. In the second case the dataset has no test images.

    Returns:
      The dataset, or None if the directory has none of the files.

    Raises:
      UserError: a file is missing, truncated, or has other content than its name says.
    """
    paths = {file_name: _find(directory, file_name) for file_name in IDX_FILES}
    found = [path for path in paths.values() if path]
    if not found:
        return None
    if found == [paths[TRAIN_IMAGES_FILE]]:
        md5 = IDX_FILES[TRAIN_IMAGES_FILE] if name == "fashion_mnist" else None
        images = load_images(found[0], md5)
        return make_image_data(name, images, images[:0], np.zeros(0, np.uint8), [])
    missing = next((file_name for file_name, path in paths.items() if not path), None)
    if missing:
        raise UserError(f"{directory} has no {missing} (or {missing}.gz)")
    arrays = []
    for path, (file_name, md5) in zip(found, IDX_FILES.items(), strict=True):
        load = load_images if "idx3" in file_name else load_labels
        arrays.append(load(path, md5 if name == "fashion_mnist" else None))
    train_images, train_labels, test_images, test_labels = arrays
    for images, labels in ((train_images, train_labels), (test_images, test_labels)):
        if len(images) != len(labels):
            raise UserError(f"{directory} has {len(images)} images but {len(labels)} labels")
    if train_images.shape[1:] != test_images.shape[1:]:
        raise UserError(f"{directory}: training and test images differ in size")
    numbers = range(int(max(train_labels.max(), test_labels.max())) + 1)
    names = CLASS_NAMES if name == "fashion_mnist" else [str(number) for number in numbers]
    return make_image_data(name, train_images, test_images, test_labels, names)


def make_image_data(
    name: str,
    train_images: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    class_names: list[str],
) -> ImageData:
    """Return a dataset of uint8 images [n, height, width], flattened."""
    height, width = train_images.shape[1:]
    return ImageData(
        name,
        (height, width),
        train_images.reshape(len(train_images), height * width),
        test_images.reshape(len(test_images), height * width),
        test_labels.astype(np.int64),
        class_names,
    )


def load_images(path: Path, md5: str | None = None) -> np.ndarray:
    """Read an IDX file of images, gzipped or not (`loadImages`).

    Args:
      md5: the MD5 of the decompressed content, if it is known.

    Returns:
      uint8 [n, height, width].

    Raises:
      UserError: the file is not an IDX file of images, has a wrong length, or has another MD5.
    """
    return _read_idx(path, IMAGE_MAGIC, "images", 3, md5)


def load_labels(path: Path, md5: str | None = None) -> np.ndarray:
    """Read an IDX file of labels, uint8 [n]; for arguments and errors see `load_images`."""
    return _read_idx(path, LABEL_MAGIC, "labels", 1, md5)


def write_images(path: Path, images: np.ndarray) -> None:
    """Write uint8 images [n, height, width] as an IDX file."""
    header = struct.pack(">4I", IMAGE_MAGIC, *images.shape)
    write_atomically(path, lambda partial: partial.write_bytes(header + images.tobytes()))


def md5_of(path: Path) -> str:
    """Return the MD5 of a file."""
    return hashlib.md5(path.read_bytes()).hexdigest()


def _read_idx(path: Path, magic: int, what: str, rank: int, md5: str | None) -> np.ndarray:
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            header = file.read(4 + 4 * rank)
            if header[:4] != struct.pack(">i", magic):
                raise UserError(
                    f"{path} is not an IDX file of {what}: it begins with {header[:4]!r}"
                )
            if len(header) < 4 + 4 * rank:
                raise UserError(f"{path} is truncated: its header is incomplete")
            shape = struct.unpack(f">{rank}I", header[4:])
            expected = math.prod(shape)
            # Read one byte more than announced, which is enough to detect a longer file.
            content = _read(file, min(expected, MAX_BYTES) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"cannot read {path}: {error}") from None
    if len(content) != expected or not expected:
        more = "more" if len(content) > expected else f"{len(content):,}"
        raise UserError(
            f"{path} is damaged: its header announces {' x '.join(map(str, shape))} bytes, but "
            f"the file has {more}"
        )
    if md5 and hashlib.md5(header + content).hexdigest() != md5:
        raise UserError(
            f"{path} is not Fashion-MNIST's: its MD5 differs; delete the file, or name your own "
            "images with --dataset=NAME"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read(file: io.BufferedIOBase, limit: int) -> bytes:
    """Read at most `limit` bytes, in pieces, because `read` allocates `limit` bytes at once."""
    pieces = []
    while piece := file.read(min(limit, 1 << 20)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def _find(directory: Path, file_name: str) -> Path | None:
    """Return the file with this name, plain or gzipped."""
    candidates = (directory / file_name, directory / f"{file_name}.gz")
    return next((path for path in candidates if path.is_file()), None)
