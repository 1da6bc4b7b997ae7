"""Run all benchmarks and write docs/benchmarks.md, in half an hour.

  python -m benchmarks.report [flags]

benchmarks/recipes.py trains with the presets and with the originals' flags. It takes an hour and a
half more, unless it has results.
"""

import importlib.metadata
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from absl import flags

from benchmarks import recipes_document
from benchmarks.measure import machine
from harness import ROOT
from keras_tfjs import command_line

DOCUMENT = ROOT / "docs/benchmarks.md"
PUBLISHED = {  # keys of benchmarks/recipes.py
    "text": ["text-original", "text-default", "text-fast", "text-best"],
    "images": ["images-original", "images-fast"],
}
PACKAGES = ("tensorflow", "keras", "numpy", "torch")
HEAD = """# Benchmarks

Written by `make bench` on {machine}, Python {python}, {versions}.
The contestants' rounds are interleaved. The rates are medians of the rounds, with the lowest and
highest. Compare ratios, because absolute times depend on the machine. PyTorch and TensorFlow.js are
measured if they are installed.

"""
QUALITY = """Processor seconds, divided by the number of cores, from the start of the training
command until the held-out loss reaches the column's value, including start-up and checkpoints. For
several seeds: the mean (lowest to highest). [recipes.md](recipes.md) explains the columns, and has
the settings and a picture.

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
        partial(seconds_to_losses, "text", *data),
        generating_in_javascript,
        partial(run, "fashion_mnist_vae", *data),
        partial(seconds_to_losses, "images", *data),
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


def seconds_to_losses(kind: str, *arguments: str) -> str:
    """Train with the settings that have no result; return the table of `PUBLISHED[kind]`."""
    names = PUBLISHED[kind]
    subprocess.run([sys.executable, "-m", "benchmarks.recipes", *names, *arguments], check=True)
    return QUALITY + recipes_document.losses_table(kind, names)


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
