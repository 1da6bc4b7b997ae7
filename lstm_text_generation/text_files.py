"""Reading a text file in pieces."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from keras_tfjs.command_line import UserError

PIECE_BYTES = 1 << 20  # bytes of a file read at a time


def read_text_file(path: Path, encoding: str) -> Iterator[str]:
    """Read a text file, a piece at a time.

    Raises:
      UserError: the file cannot be read, is empty, or is not text in this encoding.
    """
    try:
        b"\n".decode(encoding)  # raises LookupError for codecs that are not for text
    except LookupError:
        raise UserError(f"--encoding={encoding} is not an encoding that Python knows") from None
    except UnicodeError:
        pass  # a single byte may be incomplete, as in UTF-16
    decoder = codecs.getincrementaldecoder(encoding)()
    read, length = 0, 0  # bytes and characters so far
    try:
        with path.open("rb") as file:
            data = b"begin"
            while data:
                data = file.read(PIECE_BYTES)
                waiting = len(decoder.getstate()[0])  # bytes of an incomplete character
                text = decoder.decode(data, final=not data)
                _check_text(path, encoding, text, length)
                length += len(text)
                read += len(data)
                yield text
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeError as error:
        place = read - waiting + error.start if isinstance(error, UnicodeDecodeError) else None
        with path.open("rb") as file:
            marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        raise UserError(
            f"{path} is not {encoding} text: {error if place is None else f'byte {place}'} cannot "
            "be read; if the text has another encoding, name the encoding, such as "
            f"--encoding={'utf-16' if marked else 'latin-1'}"
        ) from None
    if not read:
        raise UserError(f"{path} is empty")


def _check_text(path: Path, encoding: str, text: str, start: int) -> None:
    """Raise a UserError if a piece of a file, which begins at character `start`, is not text."""
    if "\0" in text:
        raise UserError(
            f"{path} is not a text file, or not in {encoding}: it has a NUL at character "
            f"{start + text.index(chr(0))}"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # some of Python's decoders accept half pairs
        raise UserError(
            f"{path} has half of a surrogate pair at character {start + error.start}, which is not "
            "text"
        ) from None
