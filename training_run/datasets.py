"""TensorFlow Datasets, with an answer within seconds where there is no network."""

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from absl import logging

from training_run import devices

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


class DatasetError(Exception):
    """A dataset could not be prepared; the message says why, in few words."""


def builder(name: str, data_dir: str | None, download: bool = True) -> "tfds.core.DatasetBuilder":
    """Return the builder of a prepared dataset, downloading it if need be.

    Args:
      name: as TFDS knows it, such as `fashion_mnist` or `emnist/letters`.
      data_dir: TFDS's directory; its own default if None.
      download: whether to prepare what is not there yet.

    Raises:
      DatasetError: TFDS knows no such dataset, or it is not there and cannot be had.
    """
    devices.import_tensorflow()
    import requests
    import tensorflow_datasets as tfds

    logging.set_verbosity(logging.ERROR)  # not every folder that TFDS has looked into
    try:
        found = tfds.builder(name, data_dir=data_dir)
        if not found.is_prepared():
            if not download:
                raise DatasetError("it is not there")
            # Without a network, TFDS tries for three minutes to find that out.
            for url in list(found.url_infos or [])[:1]:
                requests.head("{0.scheme}://{0.netloc}".format(urlsplit(url)), timeout=30)
            found.download_and_prepare()
    except tfds.core.DatasetNotFoundError:
        raise DatasetError(f"TensorFlow Datasets has no dataset called {name}") from None
    except (OSError, ValueError, tfds.download.DownloadError) as error:  # requests' are OSErrors
        raise DatasetError(reason(error)) from None
    return found


def reason(error: BaseException) -> str:
    """Return the innermost cause of an error, in few words."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    if isinstance(error, socket.gaierror):
        return "no network"
    return str(error)[:200] or type(error).__name__
