"""Run all benchmarks and write docs/benchmarks.md, in an hour and a half.

python -m benchmarks.report [flags]
"""

import importlib.metadata
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from absl import flags

from benchmarks.measure import machine
from keras_tfjs import command_line

DOCUMENT = Path(__file__).parents[1] / "docs/benchmarks.md"
PACKAGES = ("tensorflow", "keras", "numpy", "torch")
HEAD = """# Benchmarks

Written by `make bench` on {machine}, Python {python}, {versions}.
The contestants' rounds are interleaved. The rates are medians of the rounds, with the lowest and
highest. Compare ratios, because absolute times depend on the machine. PyTorch and TensorFlow.js are
measured if they are installed.

"""


FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "TensorFlow Datasets directory.", flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Run the benchmarks, and write the page."""
    data = [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    head = HEAD.format(machine=machine(), python=sys.version.split()[0], versions=versions)
    sections: list[Callable[[], str]] = [
        partial(run, "lstm_text_generation", *data),
        generating_in_javascript,
        partial(run, "fashion_mnist_vae", *data),
        partial(run, "start_up", *data),
        partial(run, "cost"),
    ]
    text = head
    for section in sections:  # Write the page after each section.
        text += section() + "\n"
        DOCUMENT.write_text(text.rstrip() + "\n")
    print(f"Wrote {DOCUMENT}.")


def run(module: str, *arguments: str) -> str:
    """Return the output of a benchmark, from its title on."""
    print(f"benchmarks.{module} ...", flush=True)
    line = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    out = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout
    return out[out.index("## ") :].rstrip() + "\n"


def generating_in_javascript() -> str:
    """Return the section on TensorFlow.js, if it is installed."""
    from harness import javascript

    if javascript.missing_for_node() or javascript.missing_for_chromium():
        return ""
    from benchmarks.keras_tfjs import generating_section
    from lstm_text_generation.model import create_model

    print("generating in TensorFlow.js ...", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        return generating_section(Path(directory), create_model(60, 65, (128, 128)))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
