"""TensorFlow Datasets, with an answer within seconds where there is no network."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from absl import logging

from training_run import tensorflow_setup

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


class DatasetError(Exception):
    """A dataset could not be found, prepared or read; the message says why, in few words."""


def find(name: str, data_dir: str | None) -> "tfds.core.DatasetBuilder":
    """Return the builder of a dataset, prepared or not.

    Args:
      name: as TFDS knows it, such as `fashion_mnist` or `emnist/letters`.
      data_dir: TFDS's directory; its own default if None.

    Raises:
      DatasetError: TFDS knows no such dataset.
    """
    tensorflow_setup.import_tensorflow()
    import tensorflow_datasets as tfds

    logging.set_verbosity(logging.ERROR)  # not every folder that TFDS has looked into
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        raise DatasetError(f"TensorFlow Datasets has no dataset called {name}") from None
    except (OSError, ValueError, AssertionError) as error:  # the last for an unknown version
        raise DatasetError(reason(error)) from None


def prepare(builder: "tfds.core.DatasetBuilder") -> None:
    """Download a dataset and prepare it, if that is still to be done.

    Raises:
      DatasetError: it failed.
    """
    import requests
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import download_manager, extractor

    if builder.is_prepared():
        return
    try:
        # Without a network, or with a broken server, TFDS tries for three minutes to find that out.
        for url in list(builder.url_infos or [])[:1]:
            status = requests.head(url, timeout=30).status_code
            if status >= 500:
                raise DatasetError(f"{url} answers with an error, {status}")
        builder.download_and_prepare()
    except download_manager.NonMatchingChecksumError as error:
        url = str(error).split(",")[0]
        raise DatasetError(f"{url}, is not what it should be: its checksum is another") from None
    except (
        OSError,  # requests' errors are OSErrors too
        ValueError,
        tfds.download.DownloadError,
        extractor.ExtractError,
        extractor.UnsafeArchiveError,
    ) as error:
        raise DatasetError(reason(error)) from None


@contextmanager
def reading(builder: "tfds.core.DatasetBuilder") -> Iterator[None]:
    """Turn what TensorFlow raises for a damaged file into a DatasetError that names its place."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise DatasetError(f"the files in {builder.data_path} are damaged: {error}") from None


def reason(error: BaseException) -> str:
    """Return the innermost cause of an error, in few words."""
    while cause := error.__cause__ or (not error.__suppress_context__ and error.__context__):
        error = cause
    if isinstance(error, socket.gaierror):
        return "no network"
    return str(error)[:200] or type(error).__name__
