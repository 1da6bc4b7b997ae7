"""Train with several settings, and write docs/recipes.md with each setting's loss and seconds.

  python -m benchmarks.recipes [NAME ...] [flags]

NAMEs are keys of `RECIPES` in this file. By default all settings are trained, which takes hours.
The results are in build/recipes/NAME-SEED.json. A setting with a result is not trained again.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags

from benchmarks import recipes_document
from keras_tfjs import command_line
from keras_tfjs.command_line import UserError


class Recipe(NamedTuple):
    """A setting of a training command.

    Attributes:
      app: the package.
      arguments: of the training command.
      seeds: number of runs, with seeds from 0.
    """

    app: str
    arguments: str
    seeds: int = 1


_TEXT, _IMAGES = "lstm_text_generation", "fashion_mnist_vae"
_WIDE = "tiny_shakespeare --validation_split=0.1 --lstm_layer_size=256,256 --schedule=cosine"
_TWO_PASSES = "--clip_norm=1 --warmup_steps=100 --dropout=0.2 --examples_per_epoch=18600 --epochs=2"
RECIPES = {
    "text-original": Recipe(
        _TEXT, "tiny_shakespeare --objective=last_char --clip_norm=0 --max_minutes=6"
    ),
    "text-default": Recipe(_TEXT, "tiny_shakespeare"),  # 150 epochs: docs/long_run.md has this run
    "text-fast": Recipe(_TEXT, "tiny_shakespeare --preset=fast", seeds=3),
    "text-best": Recipe(_TEXT, "tiny_shakespeare --preset=best --validation_split=0.1", seeds=3),
    # The search: short runs of two passes through the training text.
    "text-adam": Recipe(
        _TEXT, f"{_WIDE} {_TWO_PASSES} --batch_size=64 --optimizer=adam --learning_rate=0.004"
    ),
    "text-muon": Recipe(
        _TEXT, f"{_WIDE} {_TWO_PASSES} --batch_size=64 --optimizer=muon --learning_rate=0.02"
    ),
    "text-muon-small-rate": Recipe(
        _TEXT, f"{_WIDE} {_TWO_PASSES} --batch_size=64 --optimizer=muon --learning_rate=0.01"
    ),
    "text-muon-large-batch": Recipe(
        _TEXT, f"{_WIDE} {_TWO_PASSES} --batch_size=128 --optimizer=muon --learning_rate=0.03"
    ),
    "text-muon-weight-decay": Recipe(
        _TEXT,
        f"{_WIDE} {_TWO_PASSES} --batch_size=64 --optimizer=muon --learning_rate=0.02 "
        "--weight_decay=0.3",
    ),
    "text-muon-long-windows": Recipe(
        _TEXT,
        f"{_WIDE} --clip_norm=1 --warmup_steps=100 --dropout=0.2 --examples_per_epoch=8720 "
        "--epochs=2 --batch_size=32 --sample_len=128 --optimizer=muon --learning_rate=0.02",
    ),
    "images-original": Recipe(_IMAGES, "--epochs=50"),
    "images-fast": Recipe(_IMAGES, "--preset=fast", seeds=3),
    "images-fast-8": Recipe(_IMAGES, "--preset=fast --epochs=8", seeds=3),
}

FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "TensorFlow Datasets directory.", flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Train the settings that have no result, and write the document.

    Raises:
      UserError: a name is not in `RECIPES`, or a training failed.
    """
    if unknown := set(arguments) - RECIPES.keys():
        raise UserError(f"unknown settings {', '.join(sorted(unknown))}; see {__file__}")
    recipes_document.RESULTS.mkdir(parents=True, exist_ok=True)
    for name in arguments or RECIPES:
        for seed in range(RECIPES[name].seeds):
            file = recipes_document.RESULTS / f"{name}-{seed}.json"
            if not file.exists():
                print(f"{name}, seed {seed}", flush=True)
                file.write_text(json.dumps(measure(RECIPES[name], seed), indent=1) + "\n")
        recipes_document.write(list(RECIPES))


def measure(recipe: Recipe, seed: int) -> dict[str, Any]:
    """Run a training command.

    Returns:
      `arguments`; `scores`: the figures that the command prints for its best epoch; and `epochs`,
      for each: `seconds` of the processor since the start of the command, divided by the number of
      cores, which other work on the machine disturbs less than the elapsed time; the resident
      `memory` in bytes; `loss`, `val_loss`.
    """
    line = [sys.executable, "-u", "-m", f"{recipe.app}.train", *recipe.arguments.split()]
    line += [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    epochs, scores = [], []
    with tempfile.TemporaryDirectory() as directory:
        line += [f"--seed={seed}", f"--save_path={directory}/run"]
        train = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        assert train.stdout
        for output in train.stdout:
            if found := re.match(r"Epoch \d+ of \d+: loss ([\d.]+), .*val_loss ([\d.]+)", output):
                print(output, end="", flush=True)
                losses = {"loss": float(found[1]), "val_loss": float(found[2])}
                epochs.append(process_usage(train.pid) | losses)
            if found := re.match(r" +([\d.]+) (?:nats,|reconstruction|KL|loss)", output):
                scores.append(float(found[1]))
    if train.wait():
        raise UserError(f"{' '.join(line)} ended with status {train.returncode}")
    return {"arguments": recipe.arguments, "epochs": epochs, "scores": scores}


def process_usage(pid: int) -> dict[str, float]:
    """Return `seconds` and `memory` of a process, as in `measure`, from Linux's /proc."""
    proc = Path(f"/proc/{pid}")
    pages = int((proc / "statm").read_text().split()[1])
    user, system = (proc / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
    seconds = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
    return {"seconds": seconds, "memory": pages * os.sysconf("SC_PAGE_SIZE")}


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
