import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keras_tfjs import signals

NOBODY = 65534


@pytest.fixture
def unreadable() -> Iterator[Callable[[str], Path]]:
    """Return a function that makes a file which this process cannot open, even as root."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as directory:  # because tmp_path is closed to other users
        Path(directory).chmod(0o777)

        def make(name: str) -> Path:
            file = Path(directory) / name
            file.touch(mode=0)
            if root:
                os.seteuid(NOBODY)
            return file

        yield make
        if root:
            os.seteuid(0)


@pytest.fixture(autouse=True)
def no_signal() -> Iterator[None]:
    """Forget the signals that a test simulates."""
    yield
    vars(signals.state).update(vars(signals.SignalState()))
