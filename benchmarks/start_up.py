"""Time the commands from their start to the end of the first gradient step, by stage.

python -m benchmarks.start_up [flags]
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import flags

from benchmarks.measure import seconds, table
from keras_tfjs import command_line

# Runs a command until its first gradient step, and prints the time at the end of each stage.
WATCH = """
import importlib, json, os, sys, time
started, name, *sys.argv = sys.argv[1:]
train = importlib.import_module(name)
from training_run import tensorflow_setup
times = {}
def time_call(owner, name, stage):
    function = getattr(owner, name)
    def timed(*args, **kwargs):
        times.setdefault(stage, time.time() - float(started))
        return function(*args, **kwargs)
    setattr(owner, name, timed)
def end(*args):
    times["step"] = time.time() - float(started)
    print("TIMES", json.dumps(times))
    os._exit(0)
import_tensorflow = tensorflow_setup.import_tensorflow
def importing():
    import_tensorflow()
    times["import"] = time.time() - float(started)
    from training_run import open_run
    time_call(open_run, "open_run", "data")
    time_call(open_run.Run, "epochs", "model")
    open_run.Run.log_step = end
tensorflow_setup.import_tensorflow = importing
train.cli()
"""


FLAGS = flags.FlagValues()
flags.DEFINE_string("data_dir", None, "Directory of Fashion-MNIST.", flag_values=FLAGS)
flags.DEFINE_integer("rounds", 5, "Number of timed rounds.", 1, 100, flag_values=FLAGS)


def main(arguments: list[str]) -> None:
    """Print the table as Markdown."""
    images = [f"--data_dir={FLAGS.data_dir}"] if FLAGS.data_dir else []
    commands = {
        "`lstm_text_generation.train`": ["lstm_text_generation.train", "python-docs"],
        "`fashion_mnist_vae.train`": ["fashion_mnist_vae.train", *images],
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    imports, helps = [], []
    for _ in range(FLAGS.rounds):  # interleaved
        imports.append(seconds(lambda: _run("-c", "import tensorflow")))
        helps.append(seconds(lambda: _run("-m", "lstm_text_generation.train", "--help")))
        for name, line in commands.items():
            with tempfile.TemporaryDirectory() as directory:
                save = f"--save_path={Path(directory) / 'run'}"
                out = _run("-c", WATCH, str(time.time()), *line, save)
            found[name].append(json.loads(out[out.index("TIMES ") + 6 :]))
    base = statistics.median(imports)
    rows = []
    for name, rounds in found.items():
        stages = ["import", "data", "model", "step"]
        times = [statistics.median(r[stage] for r in rounds) for stage in stages]
        parts = [b - a for a, b in zip([0, *times[:-1]], times, strict=True)]
        rows.append(
            [name, *(f"{part:.1f} s" for part in parts), f"{times[-1]:.1f} s",
             f"{times[-1] / base:.2f} x",
             f"{min(r['step'] for r in rounds):.1f} to {max(r['step'] for r in rounds):.1f} s"]
        )  # fmt: skip
    print(
        "## Start-up\n\nSeconds from the start of the command to the end of the first gradient "
        f"step, by stage; medians of {FLAGS.rounds}. A process that only imports TensorFlow takes "
        f"{base:.1f} s ({min(imports):.1f} to {max(imports):.1f}), `--help` "
        f"{statistics.median(helps):.2f} s.\n"
    )
    stages = ["import TensorFlow", "data", "model", "first step", "total"]
    print(table(["", *stages, "to the import", "lowest to highest"], rows))


def _run(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    command_line.run(main, FLAGS, lambda: __doc__ or "")
