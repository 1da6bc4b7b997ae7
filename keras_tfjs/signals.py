"""Handles Ctrl-C and SIGTERM at once, even while TensorFlow computes.

Python's signal handlers run only after a TensorFlow operation ends, and TensorFlow loses an
exception that a handler raises during tracing. So a thread waits for the signals. The thread ends
the process, or sets a flag that the training loop reads. The process may end at any moment, because
files are written atomically.
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
    """What a signal does to the process.

    Attributes:
      deferred: true while a training loop runs. The first signal then only sets `received`, which
        the loop reads between steps. Any other signal ends the process.
      received: number of the deferred signal; 0 if there is none.
      last_words: message on stderr when a signal ends the process.
    """

    deferred: bool = False
    received: int = 0
    last_words: str = "interrupted"


state = SignalState()


@contextmanager
def watched() -> Iterator[None]:
    """Act on signals as `state` says: status 130 after Ctrl-C, 143 after SIGTERM.

    An ignored signal stays ignored; a shell ignores SIGINT for its background commands.
    """
    vars(state).update(vars(SignalState()))
    reader, writer = socket.socketpair()  # because Windows wakes sockets only
    writer.setblocking(False)
    stderr = os.dup(2)  # quiet_import replaces file descriptor 2
    before = {n: signal.getsignal(n) for n in SIGNALS if signal.getsignal(n) != signal.SIG_IGN}
    before_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in before:
        signal.signal(number, lambda number, frame: None)  # the thread reacts

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
    finally:  # even if the write fails
        os._exit(128 + number)
