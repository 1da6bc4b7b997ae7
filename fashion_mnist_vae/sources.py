"""Finding or downloading the images; data.py reads their files."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from fashion_mnist_vae import data
from fashion_mnist_vae.data import ImageData
from keras_tfjs.command_line import UserError, readable
from training_run import datasets

DEFAULT = "fashion_mnist"
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_DIRECTORY = Path("/usr/share/datasets/fashion-mnist")
MAX_SIDE = 64  # pixels; larger images need a convolutional model


def load(name: str, data_dir: str | None) -> ImageData:
    """Find or download a dataset of small grayscale images, and print where it is.

    Raises:
      UserError: the dataset was not found, is damaged, or has images of another kind.
    """
    found, source = find(name, data_dir)
    found = found._replace(name=readable(name))
    height, width = found.image_shape
    print(
        f"{name}: {len(found.train_images):,} + {len(found.test_images):,} images of "
        f"{height} x {width}, from {source}",
        flush=True,
    )
    if not len(found.test_images):
        print(
            "There are no test images, so the best epoch is the one with the lowest training loss, "
            "and there are no pictures of test images."
        )
    return found


def find(name: str, data_dir: str | None) -> tuple[ImageData, str]:
    """Find or download a dataset of small grayscale images.

    With `data_dir`, the function looks for IDX files and for a TFDS directory there. Without
    `data_dir`, it looks in Debian's directory, in the cache of Debian's package and in TFDS's
    directory. It then downloads from TFDS, or else Debian's package. Debian has only
    `fashion_mnist`.

    Args:
      name: the name in TFDS. IDX files in `data_dir` may have any name; the files of
        `fashion_mnist` must have the MD5 of the originals.

    Returns:
      The dataset, and where it was found.

    Raises:
      UserError: the dataset was not found, is damaged, or has images of another kind.
    """
    if data_dir is not None:
        return _from_directory(name, Path(data_dir))
    if name == DEFAULT:
        for directory in (DEBIAN_DIRECTORY, cache_directory()):
            found = data.load_directory(directory, name)
            if found:
                return found, str(directory)
    try:
        return _from_tfds(name, None)
    except datasets.DatasetError as error:
        if name != DEFAULT:
            raise UserError(f"cannot prepare {name} with TensorFlow Datasets: {error}") from None
        failures = [f"TensorFlow Datasets failed ({error})"]
    try:
        return _from_debian()
    except (OSError, subprocess.SubprocessError) as error:
        failures.append(f"Debian's package failed ({_reason(error)})")
    raise UserError(
        f"no Fashion-MNIST images: {DEBIAN_DIRECTORY} is not there, {', and '.join(failures)}; "
        f"try again with a network, or run apt-get install {DEBIAN_PACKAGE}, or name a directory "
        "of the four IDX files, or a TFDS directory, with --data_dir"
    )


def _from_directory(name: str, directory: Path) -> tuple[ImageData, str]:
    """Return the dataset from IDX files or from TFDS in a directory of the user's choice."""
    found = data.load_directory(directory, name)
    if found:
        return found, str(directory)
    try:
        return _from_tfds(name, str(directory), download=False)
    except datasets.DatasetError as error:
        raise UserError(
            f"--data_dir={directory} has no IDX files ({', '.join(data.IDX_FILES)}, or .gz), and "
            f"no {name} of TensorFlow Datasets: {error}"
        ) from None


def _from_tfds(name: str, data_dir: str | None, download: bool = True) -> tuple[ImageData, str]:
    """Return a dataset of TFDS.

    Raises:
      DatasetError: the dataset is damaged, or is not there and cannot or must not be downloaded.
      UserError: its images are not small and grayscale, or have no labels.
    """
    builder = datasets.find(name, data_dir)
    if not builder.is_prepared() and not download:
        raise datasets.DatasetError("it is not there")
    class_names = _check(builder)  # before a download that may be large
    datasets.prepare(builder)

    def arrays(split: str) -> tuple[np.ndarray, np.ndarray]:
        tensors = builder.as_dataset(split=split, batch_size=-1)  # -1: the split as one batch
        return tensors["image"].numpy()[..., 0], tensors["label"].numpy()

    with datasets.dataset_errors(builder):
        (train_images, _), (test_images, test_labels) = arrays("train"), arrays("test")
    found = data.make_image_data(name, train_images, test_images, test_labels, class_names)
    return found, f"TensorFlow Datasets in {builder.data_path}"


def _check(builder) -> list[str]:
    """Return the class names of a TFDS dataset.

    Raises:
      UserError: its images are not small and grayscale, or have no labels.
    """
    features, splits = dict(builder.info.features.items()), set(builder.info.splits)
    image, label = features.get("image"), features.get("label")
    shape: tuple = image.shape if image is not None else ()
    if len(shape) != 3 or shape[2] != 1 or None in shape or max(shape) > MAX_SIDE:
        raise UserError(
            f"{builder.name} is not a dataset of grayscale images of at most {MAX_SIDE} x "
            f"{MAX_SIDE} pixels: its images are {shape or 'absent'}"
        )
    if image is None or image.dtype != np.uint8 or label is None or not hasattr(label, "names"):
        raise UserError(f"{builder.name} lacks 8-bit pixels or classes")
    if splits and not {"train", "test"} <= splits:  # empty before the dataset is prepared
        raise UserError(f"{builder.name} lacks a training or a test split")
    return label.names


def _from_debian() -> tuple[ImageData, str]:
    """Download Debian's package and unpack it into the user's cache, without root."""
    cache = cache_directory()
    cache.parent.mkdir(parents=True, exist_ok=True)
    print(f"Downloading Debian's package {DEBIAN_PACKAGE} (31 MB) ...", flush=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
        _run(["apt-get", "download", DEBIAN_PACKAGE], scratch)
        for package in Path(scratch).glob("*.deb"):
            _run(["dpkg-deb", "--extract", package.name, "files"], scratch)
        unpacked = Path(scratch) / "files" / DEBIAN_DIRECTORY.relative_to("/")
        found = data.load_directory(unpacked, DEFAULT)
        if not found:
            raise OSError(f"{DEBIAN_PACKAGE} has no images")
        shutil.rmtree(cache, ignore_errors=True)
        unpacked.rename(cache)
    return found, f"Debian's package, in {cache}"


def _run(line: list[str], directory: str) -> None:
    subprocess.run(line, cwd=directory, check=True, capture_output=True, text=True, timeout=600)


def _reason(error: Exception) -> str:
    """Return the last line that a failed command printed, or the system's message."""
    said = (getattr(error, "stderr", None) or "").strip().splitlines()
    return said[-1] if said else str(error)


def cache_directory() -> Path:
    """Return the directory of downloaded images."""
    import pooch

    return Path(pooch.os_cache("fashion_mnist_vae")) / "fashion-mnist"
