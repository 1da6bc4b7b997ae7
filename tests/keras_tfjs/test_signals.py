"""Signals act at once, even while C code runs."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lstm_text_generation.train
from keras_tfjs import signals
from tests.support.commands import start

# A C call of some minutes, like a step of TensorFlow. Python's signal handlers wait for it.
LONG = "import hashlib; hashlib.pbkdf2_hmac('sha256', b'x', b'y', 10**9)"


def run(setting: str, state: str = "pass") -> subprocess.Popen:
    code = (
        f"import signal; {setting}\n"
        "from keras_tfjs import signals\n"
        "with signals.watched():\n"
        "    signals.state.last_words = 'last words'\n"
        f"    {state}\n"
        f"    print('ready', flush=True); {LONG}"
    )
    line = [sys.executable, "-c", code]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def assert_only_sigterm_ends(process):
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_interrupts_a_call_of_c(number, status):
    process = run("pass")
    process.send_signal(number)
    _, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (status, "\nerror: last words\n")


def test_ignored_signal_stays_ignored():
    """A shell ignores SIGINT for background commands."""
    assert_only_sigterm_ends(run("signal.signal(signal.SIGINT, signal.SIG_IGN)"))


def test_handlers_are_restored():
    handlers = [signal.getsignal(number) for number in signals.SIGNALS]
    with signals.watched():
        assert [signal.getsignal(number) for number in signals.SIGNALS] != handlers
    assert [signal.getsignal(number) for number in signals.SIGNALS] == handlers


def test_second_deferred_signal_ends_the_process():
    assert_only_sigterm_ends(run("pass", "signals.state.deferred = True"))


def test_signal_during_tensorflow_import_prints_last_words(corpus, tmp_path):
    """The messages of the import are hidden, but not the last line."""
    process = start(lstm_text_generation.train.__name__, corpus, f"--save_path={tmp_path / 'run'}")
    while "tensorflow" not in Path(f"/proc/{process.pid}/maps").read_text():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "\nerror: interrupted\n")
