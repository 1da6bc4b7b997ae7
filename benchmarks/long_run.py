"""Train for 150 epochs with the default flags, and write docs/long_run.md: memory, speed and loss.

  python -m benchmarks.long_run [CORPUS] [flags]

CORPUS is a name or path as for training; by default tiny_shakespeare.
"""

import csv
import itertools
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from absl import flags

from benchmarks.measure import machine
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError

DOCUMENT = Path(__file__).parents[1] / "docs" / "long_run.md"
SETTLED = 5  # epochs after which the memory should be constant
SHOWN = (1, 5, 10, 25, 50, 75, 100, 120, 150)


class ProcessUsage(NamedTuple):
    """A process at the end of an epoch: resident bytes, and processor seconds so far."""

    memory: int
    seconds: float


FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "TensorFlow Datasets directory.", flag_values=FLAGS)
flags.DEFINE_string("save_path", "saved_models/long_run", "Run's directory.", flag_values=FLAGS)
flags.DEFINE_integer("epochs", 150, "Epochs.", 2 * SETTLED, 10_000, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Train, and write docs/long_run.md.

    Raises:
      UserError: the training failed.
    """
    corpus = arguments[0] if arguments else "tiny_shakespeare"
    line = [sys.executable, "-u", "-m", "lstm_text_generation.train", corpus]
    line += ["--lstmLayerSize", "128,128", "--epochs", str(FLAGS.epochs), "--overwrite"]
    line += ["--savePath", FLAGS.save_path]
    line += [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    usages = train(line)
    history = list(csv.DictReader((Path(FLAGS.save_path) / "history.csv").open()))
    text = document(Path(corpus).stem, usages, history)
    DOCUMENT.write_text(text)
    print(text)


def train(line: list[str]) -> list[ProcessUsage]:
    """Run a training command, and return the usage of its process after each epoch."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    usages = []
    assert process.stdout
    for output in process.stdout:
        if re.match(r"Epoch \d+ of \d+: ", output):
            print(output, end="", flush=True)
            usages.append(process_usage(process.pid))
    if process.wait():
        raise UserError(f"the training ended with status {process.returncode}")
    return usages


def process_usage(pid: int) -> ProcessUsage:
    """Return the usage of a process from Linux's /proc."""
    proc = Path(f"/proc/{pid}")
    pages = int((proc / "statm").read_text().split()[1])
    user, system = (proc / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
    ticks = os.sysconf("SC_CLK_TCK")
    return ProcessUsage(pages * os.sysconf("SC_PAGE_SIZE"), (int(user) + int(system)) / ticks)


def document(corpus: str, usages: list[ProcessUsage], history: list[dict[str, str]]) -> str:
    """Return the text of docs/long_run.md."""
    epochs = len(usages)
    seconds = [b.seconds - a.seconds for a, b in itertools.pairwise(usages)]
    losses = [float(row["loss"]) for row in history]
    settled = usages[SETTLED - 1].memory
    growth = max(usage.memory for usage in usages[SETTLED:]) / settled - 1
    early, late = (statistics.median(part) for part in (seconds[:SETTLED], seconds[-SETTLED:]))
    rows = [
        f"| {n} | {usages[n - 1].memory / 2**20:,.0f} | "
        f"{f'{seconds[n - 2]:.1f}' if n > 1 else 'compiles'} | {losses[n - 1]:.3f} | "
        f"{float(history[n - 1]['val_loss']):.3f} |"
        for n in SHOWN
        if n <= epochs
    ]
    return "\n".join(
        [
            "# A long run",
            "",
            f"Written by `make bench-long`: {epochs} epochs with the default flags on {corpus}, on "
            f"{machine()}.",
            "Processor seconds are those of an epoch, on all cores. Other work on the machine "
            "disturbs them less than it disturbs the elapsed time.",
            "",
            "| epoch | memory, MiB | processor, s | loss, nats | val_loss, nats |",
            "| ---: | ---: | ---: | ---: | ---: |",
            *rows,
            "",
            f"- Memory: at most {growth:+.1%} against epoch {SETTLED}, in later epochs.",
            f"- Speed: the last {SETTLED} epochs took {late / early:.2f} times the processor time "
            f"of epochs 2 to {SETTLED + 1} (medians).",
            f"- Loss: at most {max(losses[1:]) / losses[0]:.2f} times the loss of the first epoch.",
            "",
        ]
    )


def cli() -> None:
    """Run the benchmark."""
    command_line.run(main, FLAGS, lambda: __doc__ or "")


if __name__ == "__main__":
    cli()
