"""TensorFlow Datasets (TFDS), with errors within seconds where there is no network."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from absl import logging

from training_run import tensorflow_setup

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


class DatasetError(Exception):
    """A dataset cannot be found, prepared or read. The message is a short reason."""


def find(name: str, data_dir: str | None) -> "tfds.core.DatasetBuilder":
    """Return the builder of a dataset, which may not be prepared yet.

    Args:
      name: in TFDS, such as `fashion_mnist` or `emnist/letters`.
      data_dir: directory of TFDS; None for TFDS's default.

    Raises:
      DatasetError: TFDS does not know the dataset or its version, or cannot read `data_dir`.
    """
    tensorflow_setup.import_tensorflow()
    import tensorflow_datasets as tfds

    logging.set_verbosity(logging.ERROR)  # Otherwise TFDS logs every directory that it searches.
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        raise DatasetError(f"TensorFlow Datasets has no dataset called {name}") from None
    except (OSError, ValueError, AssertionError) as error:  # AssertionError: an unknown version
        raise DatasetError(reason(error)) from None


def prepare(builder: "tfds.core.DatasetBuilder") -> None:
    """Download and prepare a dataset that is not prepared yet.

    Raises:
      DatasetError: the dataset cannot be downloaded or prepared.
    """
    import requests
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import download_manager, extractor

    if builder.is_prepared():
        return
    try:
        # Check the server first, because TFDS retries for three minutes without a network.
        for url in list(builder.url_infos or [])[:1]:
            status = requests.head(url, timeout=30).status_code
            if status >= 500:
                raise DatasetError(f"{url} answers with error {status}")
        builder.download_and_prepare()
    except download_manager.NonMatchingChecksumError as error:
        url = str(error).split(",")[0]
        raise DatasetError(f"{url} has changed: its checksum is wrong") from None
    except (
        OSError,  # includes the errors of requests
        ValueError,
        tfds.download.DownloadError,
        extractor.ExtractError,
        extractor.UnsafeArchiveError,
    ) as error:
        raise DatasetError(reason(error)) from None


@contextmanager
def dataset_errors(builder: "tfds.core.DatasetBuilder") -> Iterator[None]:
    """Turn TensorFlow's error for a damaged file into a DatasetError that names the directory."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise DatasetError(f"the files in {builder.data_path} are damaged: {error}") from None


def reason(error: BaseException) -> str:
    """Return the innermost cause of an error as a short text."""
    while cause := error.__cause__ or (not error.__suppress_context__ and error.__context__):
        error = cause
    if isinstance(error, socket.gaierror):
        return "no network"
    return str(error)[:200] or type(error).__name__
