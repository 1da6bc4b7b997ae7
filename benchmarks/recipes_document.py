"""Write docs/recipes.md. Every measured figure is read from the results in build/recipes."""

import json
import statistics
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.measure import machine, table
from harness import ROOT
from keras_tfjs.atomic_files import write_atomically, write_text

RESULTS = ROOT / "build/recipes"
DOCUMENT = ROOT / "docs/recipes.md"
TEMPLATE = Path(__file__).with_name("recipes.template.md")
THRESHOLDS = {"text": (1.65, 1.55, 1.5), "images": (30.0, 29.0, 27.8)}
# From karpathy/nanoGPT's README, and from our run of its recipe for CPUs.
NANOGPT = {"nanoGPT on a processor, after 142 s": 1.886, "nanoGPT on an A100, 3 minutes": 1.4697}
SHOWN = ("text-original", "text-default", "text-fast", "text-best")  # in the picture

Result = dict[str, Any]


def write(names: list[str]) -> None:
    """Write the page and its picture from the results of the named settings."""
    shown = {name: found[0] for name in SHOWN if (found := results(name))}
    values = {"machine": machine(), "picture": _draw(shown) if shown else ""}
    values |= {kind: losses_table(kind, names) for kind in THRESHOLDS}
    values["commands"] = "\n".join(
        f"    {name}: {found[0]['arguments']}" for name in names if (found := results(name))
    )
    write_text(DOCUMENT, TEMPLATE.read_text().format(**values))


def results(name: str) -> list[Result]:
    """Return a setting's results, one for each seed that was measured."""
    return [json.loads(file.read_text()) for file in sorted(RESULTS.glob(f"{name}-[0-9].json"))]


def losses_table(kind: str, names: list[str]) -> str:
    """Return the table of the settings that have results; `kind` is a key of `THRESHOLDS`."""
    rows = [_row(kind, name, found) for name in names if kind in name and (found := results(name))]
    limits = [f"{limit:g}" for limit in THRESHOLDS[kind]]
    head = ["", "seeds", *limits, "lowest, in a run of", "scores"]
    return table(head, rows) if rows else "Nothing is measured yet.\n"


def _row(kind: str, name: str, found: list[Result]) -> list[str]:
    """Return a row of the table: means over the seeds, with the lowest and highest values."""
    cells = [f"`{name}`", str(len(found))]
    for limit in THRESHOLDS[kind]:
        reached = [_reached(result, limit) for result in found]
        times = [seconds for seconds in reached if seconds is not None]
        cells.append(_mean(times, "{:.0f}", " s") if len(times) == len(found) else "-")
    digits = "{:.3f}" if kind == "text" else "{:.2f}"
    lowest = [min(epoch["val_loss"] for epoch in result["epochs"]) for result in found]
    seconds = statistics.mean(result["epochs"][-1]["seconds"] for result in found)
    cells.append(f"{_mean(lowest, digits)} in {seconds:.0f} s")
    scores = zip(*(result["scores"] for result in found), strict=True)
    return [*cells, "; ".join(_mean(list(values), digits) for values in scores)]


def _reached(result: Result, limit: float) -> float | None:
    """Return the processor seconds per core until the val_loss was at most the limit."""
    return next((row["seconds"] for row in result["epochs"] if row["val_loss"] <= limit), None)


def _mean(values: list[float], form: str, unit: str = "") -> str:
    mean = form.format(statistics.mean(values)) + unit
    if len(values) == 1:
        return mean
    return f"{mean} ({form.format(min(values))} to {form.format(max(values))})"


def _draw(results: dict[str, Result]) -> str:
    """Draw the held-out text losses against seconds, and nanoGPT's losses as lines.

    Returns:
      The Markdown of the picture.
    """
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for name, result in results.items():
        seconds, losses = (
            [row[key] for row in result["epochs"]] for key in ("seconds", "val_loss")
        )
        axes.plot(seconds, losses, marker=".", label=name.removeprefix("text-"))
    for style, (label, loss) in zip(("--", ":"), NANOGPT.items(), strict=True):
        axes.axhline(loss, color="gray", linestyle=style, label=label)
    axes.set(xlabel="seconds", ylabel="held-out loss (nats per character)", ylim=(1.4, 2.4))
    axes.grid(alpha=0.3)
    axes.legend()
    picture = Path("images/recipes_text.png")
    place = DOCUMENT.parent / picture
    write_atomically(place, lambda path: figure.savefig(path, format="png", dpi=120))
    return f"![Held-out loss against seconds]({picture})"
