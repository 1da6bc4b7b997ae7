"""Finding a corpus by its name or path (`TEXT_DATA_URLS`, `maybeDownload` of data.js).

This module is separate from data.py, because --help lists the corpora without TensorFlow.
"""

import collections
import difflib
import functools
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from keras_tfjs.command_line import UserError, readable
from lstm_text_generation.text_files import read_text_file
from training_run import datasets

DOWNLOAD_TIMEOUT = 30  # seconds without a byte, after which a download fails
_BUCKET = "https://storage.googleapis.com/tfjs-examples/lstm-text-generation/data/"


class Download(NamedTuple):
    """A corpus to download: its address, its size in bytes, and its title."""

    url: str
    size: int
    title: str


# The four corpora of the original.
TEXT_DATA_URLS = {
    "shakespeare": Download(_BUCKET + "t8.shakespeare.txt", 5_458_199, "Shakespeare's works"),
    "nietzsche": Download(_BUCKET + "nietzsche.txt", 579_675, "Nietzsche, Beyond Good and Evil"),
    "julesverne": Download(_BUCKET + "t1.verne.txt", 1_150_120, "Jules Verne, three novels"),
    "tfjs-code": Download(
        "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@0.11.7/dist/tf.js",
        1_008_341,
        "TensorFlow.js 0.11.7, the compiled code",
    ),
}
DEFAULT = "python-docs"
_OTHERS = {
    DEFAULT: "0.5 MB  the language reference inside Python itself; needs no network (default)",
    "tiny_shakespeare": "1.1 MB  scenes of Shakespeare, from TensorFlow Datasets (--data_dir)",
}
NAMES = [*_OTHERS, *TEXT_DATA_URLS]
_NO_NETWORK = f"{DEFAULT} and your own text file need no network"


def table() -> str:
    """Return the lines of --help that list the corpora with their sizes."""
    rows = {**_OTHERS}
    for name, download in TEXT_DATA_URLS.items():
        rows[name] = f"{download.size / 1e6:.1f} MB  {download.title} (downloaded once)"
    rows["PATH"] = "        a text file of your own (UTF-8, or see --encoding)"
    return "\n".join(f"  {name:17} {text}" for name, text in rows.items())


def load(name_or_path: str, data_dir: str | None = None, encoding: str = "utf-8") -> str:
    """Return a whole corpus; for arguments and errors see `read`."""
    return "".join(read(name_or_path, data_dir, encoding))


def read(name_or_path: str, data_dir: str | None = None, encoding: str = "utf-8") -> Iterator[str]:
    """Return a corpus in pieces, unchanged: newlines are not translated, a byte-order mark stays.

    The function reads a piece when the caller takes it, so a file may be larger than memory.

    Args:
      name_or_path: one of `NAMES`, or the path of a text file.
      data_dir: TensorFlow Datasets directory of `tiny_shakespeare`; None for the default of TFDS.
      encoding: the encoding of a text file.

    Raises:
      UserError: the corpus does not exist, the download fails, or a piece of the file is not text.
    """
    if name_or_path == DEFAULT:
        topics = importlib.import_module("pydoc_data.topics").topics
        return iter(["\n\n".join(topics[name] for name in sorted(topics))])
    if name_or_path == "tiny_shakespeare":
        return iter([_from_tfds(name_or_path, data_dir)])
    if name_or_path in TEXT_DATA_URLS:
        return read_text_file(download(name_or_path), "utf-8")
    if not name_or_path:
        raise UserError(f"the name of the corpus is empty; the corpora are {', '.join(NAMES)}")
    path = Path(name_or_path)
    if path.is_dir():
        raise UserError(f"{path} is a directory; name a text file in it")
    if not path.exists():
        near = difflib.get_close_matches(name_or_path, NAMES, n=1, cutoff=0.5)
        raise UserError(
            f"there is neither a corpus nor a file called {name_or_path}; "
            + (f"did you mean {near[0]}? " if near else "")
            + f"The corpora are {', '.join(NAMES)}"
        )
    return read_text_file(path, encoding)


def identifier(name_or_path: str) -> str:
    """Return the name of a corpus, or the name of a file without its suffix."""
    return name_or_path if name_or_path in NAMES else Path(name_or_path).stem


def title(name_or_path: str) -> str:
    """Return the identifier as readable text."""
    return readable(identifier(name_or_path))


def download(name: str, cache: Path | None = None) -> Path:
    """Return the file of one of `TEXT_DATA_URLS`; download it if the user's cache lacks it.

    The file is renamed after the download is complete, so a failed download leaves no file.

    Raises:
      UserError: the download failed, or the server returned another file.
    """
    import pooch
    import requests

    url, size, _ = TEXT_DATA_URLS[name]
    path = (cache or Path(pooch.os_cache("lstm_text_generation"))) / f"{name}.txt"
    if path.exists():
        return path
    pooch.get_logger().setLevel("WARNING")
    fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=DOWNLOAD_TIMEOUT)
    try:
        print(f"Downloading {name} ({size / 1e6:.1f} MB) from {url}", flush=True)
        pooch.retrieve(
            url,
            known_hash=None,
            fname=path.name,
            path=path.parent,
            downloader=functools.partial(_fetch_checked, fetch, size),
        )
    except (requests.RequestException, ConnectionError) as error:
        raise UserError(
            f"cannot download {name}: {datasets.reason(error)}; {_NO_NETWORK}"
        ) from None
    return path


def _fetch_checked(fetch, size: int, url: str, output_file, pooch_) -> None:
    """Download with pooch's `fetch`, and check the size and the text of the file.

    urllib3 detects a body that is shorter than its Content-Length. The size detects a truncated
    body without Content-Length, and a login page. A size may differ by 5%, because a publisher may
    correct the text.
    """
    fetch(url, output_file, pooch_)
    found = Path(output_file).stat().st_size
    if abs(found - size) > 0.05 * size:
        raise ConnectionError(f"{url} returned {found:,} bytes instead of about {size:,}")
    try:
        collections.deque(read_text_file(Path(output_file), "utf-8"), maxlen=0)
    except UserError as error:
        reason = str(error).removeprefix(f"{output_file} ")
        raise ConnectionError(f"the file from {url} {reason}") from None


def _from_tfds(name: str, data_dir: str | None) -> str:
    """Return the text of a TFDS dataset, whose splits are consecutive parts of the text."""
    try:
        builder = datasets.find(name, data_dir)
        datasets.prepare(builder)
        with datasets.dataset_errors(builder):
            splits = [builder.as_dataset(split=split) for split in ("train", "validation", "test")]
            parts = [example["text"] for split in splits for example in split.as_numpy_iterator()]
    except datasets.DatasetError as error:
        raise UserError(
            f"cannot prepare {name} with TensorFlow Datasets: {error}; {_NO_NETWORK}"
        ) from None
    return b"".join(parts).decode("utf-8")
