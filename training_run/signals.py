"""Ctrl-C and SIGTERM, noticed at once, also while TensorFlow computes."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def watching(react: Callable[[int], None]) -> Iterator[None]:
    """Call `react` with the number of each signal that comes meanwhile, in a thread of its own.

    Python's own handlers wait until an operation of TensorFlow has ended, and an exception that
    one raises becomes another, or is lost, if it comes while TensorFlow traces a function. A signal
    that is ignored, as by a shell's background command, stays ignored.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {n: signal.getsignal(n) for n in SIGNALS if signal.getsignal(n) != signal.SIG_IGN}
    before_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in before:
        signal.signal(number, lambda number, frame: None)  # what is left to do is done by `watch`

    def watch() -> None:
        while numbers := os.read(reader, 1):
            if numbers[0] in before:
                react(numbers[0])
        os.close(reader)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before_fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)  # which ends the thread


@contextmanager
def exiting(last_words: Callable[[], str] = lambda: "interrupted") -> Iterator[None]:
    """End the process at once when a signal comes, with status 130 or 143.

    Every file is written so that a process may end at any moment.

    Args:
      last_words: returns the line to end with, on stderr.
    """
    stderr = os.dup(2)  # for 2 itself is another file while TensorFlow is imported

    def leave(number: int) -> None:
        os.write(stderr, f"\nerror: {last_words()}\n".encode())
        os._exit(128 + number)

    try:
        with watching(leave):
            yield
    finally:
        os.close(stderr)
