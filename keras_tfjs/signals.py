"""Ctrl-C and SIGTERM, noticed at once, also while TensorFlow computes.

Python's own handlers wait until a TensorFlow operation has ended, and an exception that a handler
raises is lost if it comes while TensorFlow traces a function. So a thread waits for the signals. It
ends the process, or sets a flag for the training to look at. Files are written so that the process
may end at any moment.
"""

import dataclasses
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclasses.dataclass
class SignalState:
    """What a signal does to this process.

    Attributes:
      deferred: true while a training loop runs. Then the first signal only sets `received`, which
        the loop reads after each step. Any other signal ends the process.
      received: number of the deferred signal, 0 before it has come.
      last_words: what is printed to stderr when a signal ends the process.
    """

    deferred: bool = False
    received: int = 0
    last_words: str = "interrupted"


state = SignalState()


@contextmanager
def watched() -> Iterator[None]:
    """Act on signals as `state` says: status 130 after Ctrl-C, 143 after SIGTERM.

    A signal that was ignored before, as by a shell for its background commands, stays ignored.
    """
    vars(state).update(vars(SignalState()))
    reader, writer = socket.socketpair()  # because Windows wakes sockets only
    writer.setblocking(False)
    stderr = os.dup(2)  # because 2 is another file while TensorFlow is imported
    before = {n: signal.getsignal(n) for n in SIGNALS if signal.getsignal(n) != signal.SIG_IGN}
    before_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in before:
        signal.signal(number, lambda number, frame: None)  # the thread does the work

    def watch() -> None:
        while numbers := reader.recv(1):
            if numbers[0] in before:
                _react(numbers[0], stderr)
        reader.close()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before_fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()  # ends the thread
        os.close(stderr)


def _react(number: int, stderr: int) -> None:
    if state.deferred and not state.received:
        state.received = number
        return
    try:
        os.write(stderr, f"\nerror: {state.last_words}\n".encode(errors="replace"))
    finally:  # even if the reader of stderr has gone
        os._exit(128 + number)
