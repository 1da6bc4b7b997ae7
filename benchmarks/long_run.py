"""Write docs/long_run.md: memory, speed and loss of a run of 150 epochs with the default flags.

  python -m benchmarks.long_run [flags]

The run is `text-default` of benchmarks/recipes.py. It is trained if it has no result yet.
"""

import itertools
import statistics
from typing import Any

from benchmarks import recipes, recipes_document
from benchmarks.measure import machine, table
from harness import ROOT
from keras_tfjs import command_line
from keras_tfjs.atomic_files import write_text

DOCUMENT = ROOT / "docs/long_run.md"
SETTLED = 5  # epochs after which the memory should be constant
SHOWN = (1, 5, 10, 25, 50, 75, 100, 120, 150)
HEAD = """# A long run

Written by `make bench-long`: {epochs} epochs with the default flags on tiny_shakespeare, on
{machine}. Processor seconds are those of an epoch, per core, as in [recipes.md](recipes.md).
"""


def main(arguments: list[str]) -> None:
    """Train if there is no result, and write docs/long_run.md."""
    recipes.main(["text-default"])
    write_text(DOCUMENT, document(recipes_document.results("text-default")[0]["epochs"]))


def document(epochs: list[dict[str, Any]]) -> str:
    """Return the text of docs/long_run.md, from the epochs of `recipes.measure`."""
    ends = [epoch["seconds"] for epoch in epochs]
    seconds = [end - start for start, end in itertools.pairwise(ends)]
    rows = [
        [
            n,
            f"{epochs[n - 1]['memory'] / 2**20:,.0f}",
            f"{seconds[n - 2]:.1f}" if n > 1 else "compiles",
            f"{epochs[n - 1]['loss']:.3f}",
            f"{epochs[n - 1]['val_loss']:.3f}",
        ]
        for n in SHOWN
        if n <= len(epochs)
    ]
    units = ["epoch", "memory, MiB", "processor, s", "loss, nats", "val_loss, nats"]
    memory = [epoch["memory"] for epoch in epochs]
    growth = max(memory[SETTLED:]) / memory[SETTLED - 1] - 1
    early, late = (statistics.median(part) for part in (seconds[:SETTLED], seconds[-SETTLED:]))
    losses = [epoch["loss"] for epoch in epochs]
    return "\n".join(
        [
            HEAD.format(epochs=len(epochs), machine=machine()),
            table(units, rows),
            f"- Memory after epoch {SETTLED}: at most {growth:+.1%} compared with epoch {SETTLED}.",
            f"- Speed: the last {SETTLED} epochs took {late / early:.2f} times the processor time "
            f"of epochs 2 to {SETTLED + 1} (medians).",
            "- Loss after epoch 1: at most "
            f"{max(losses[1:]) / losses[0]:.2f} times that of epoch 1.",
            "",
        ]
    )


if __name__ == "__main__":
    command_line.run(main, recipes.FLAGS, lambda: __doc__ or "")
