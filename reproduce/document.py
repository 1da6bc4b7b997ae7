"""Write the page of results. Every figure is read or computed from the runs' files."""

import html
import importlib.metadata
import math
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import machine, table
from keras_tfjs.atomic_files import write_text
from reproduce import measure, pictures, runs

TEMPLATE = Path(__file__).with_name("results.template.md")
PACKAGES = ("tensorflow", "keras", "numpy")
# Figures from the book and from the original's README.
BOOK = {5: 2.44, 25: 1.96, 50: 1.67, 100: 1.61, 120: 1.49}  # losses by epoch, table 10.1
SHANNON = 1.3  # bits per character of English, Shannon's estimate
README_LOSS = (40, 50)  # "a good training run" in the original autoencoder's README


def write(page: Path, directory: Path, plan: runs.Plan) -> None:
    """Write the page, and its pictures to the directory `images/` next to the page.

    Args:
      directory: of the runs.
    """
    images = page.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    values: dict[str, Any] = {
        "machine": machine(),
        "python": sys.version.split()[0],
        "versions": ", ".join(versions),
        **text_values(images, directory, plan),
        **temperature_values(images, runs.text_run(directory, "every_char", plan.text_epochs[-1])),
        **image_values(images, directory, plan),
    }
    write_text(page, TEMPLATE.read_text().format(**values))


def text_values(images: Path, directory: Path, plan: runs.Plan) -> dict[str, Any]:
    """Draw the losses of the text runs, and return the page's values about the runs."""
    last = {o: runs.text_run(directory, o, plan.text_epochs[-1]) for o in runs.OBJECTIVES}
    every = runs.settings(last["every_char"])
    text_data = measure.load_text(last["every_char"])
    stages = {o: list(measure.stages(directory, text_data, o, plan)) for o in runs.OBJECTIVES}
    curves = {o: [row["val_loss"] for row in runs.history(run)] for o, run in last.items()}
    points = {o: {stage.epoch: stage.all_text for stage in found} for o, found in stages.items()}
    points["the book"] = {n: loss for n, loss in BOOK.items() if n <= plan.text_epochs[-1]}
    pictures.text_losses(images / "results_text_loss.png", curves, points)
    best, book = min(map(min, curves.values())), BOOK[max(BOOK)]
    return {
        "corpus": text_data.data_identifier(),
        "text_len": f"{text_data.text_len():,}",
        "char_set_size": text_data.char_set_size(),
        "layers": " and ".join(every["lstm_layer_size"]),
        "examples": f"{every['examples_per_epoch']:,}",
        "epochs": plan.text_epochs[-1],
        "seed": every["seed"],
        "sample_len": text_data.sample_len(),
        "clip_norm": every["clip_norm"],
        "drawn_windows": f"{measure.NUM_DRAWN_WINDOWS:,}",
        "held_out_windows": f"{len(text_data.validation_windows(every['validation_split'])):,}",
        "text_losses": losses_table(stages),
        "book_nats": book,
        "book_bits": bits(book),
        "shannon_bits": SHANNON,
        "shannon_nats": SHANNON / bits(1),
        "best_nats": best,
        "best_bits": bits(best),
        "above_shannon": bits(best) - SHANNON,
        **{f"texts_{objective}": texts_table(found) for objective, found in stages.items()},
    }


def losses_table(stages: dict[str, list[measure.Stage]]) -> str:
    """Return the table of the losses by epoch; the book's losses come first."""
    head = ["epoch", "the book"]
    for objective in stages:
        head += [f"{objective}: {text}" for text in ("all text", "held out", "held out, bits")]
    rows = []
    for at_epoch in zip(*stages.values(), strict=True):
        epoch = at_epoch[0].epoch
        figures = [x for s in at_epoch for x in (s.all_text, s.held_out, bits(s.held_out))]
        rows.append([epoch, BOOK.get(epoch, "-"), *(f"{x:.2f}" for x in figures)])
    return table(head, rows)


def texts_table(stages: list[measure.Stage]) -> str:
    """Return the table of generated texts, by epoch and temperature."""
    names = list(stages[0].texts)
    rows = [
        [stage.epoch, *(markdown_cell(stage.texts[name]) for name in names)] for stage in stages
    ]
    return table(["epoch", *(f"temperature {name}" for name in names)], rows, align="---")


def temperature_values(images: Path, run: Path) -> dict[str, Any]:
    """Draw figure 10.3, and return the page's values about the next character."""
    seed_text, chars, probs = measure.next_char(run)
    likeliest = pictures.temperatures(images / "results_temperatures.png", chars, probs)
    head = ["temperature", *(f"{t:g}" for t in pictures.TEMPERATURES)]
    return {
        "seed_end": markdown_cell(seed_text.split("\n")[-1]),
        "shown": pictures.SHOWN,
        "likeliest": table(head, [["most likely character", *(f"{p:.1%}" for p in likeliest)]]),
    }


def image_values(images: Path, directory: Path, plan: runs.Plan) -> dict[str, Any]:
    """Draw or copy the autoencoder's pictures, and return the page's values about its runs."""
    found = {r: runs.image_run(directory, r) for r in runs.RECONSTRUCTIONS}
    for name, run in found.items():
        shutil.copy(run / "latent_space.png", images / f"results_latent_space_{name}.png")
    histories = {name: runs.history(run) for name, run in found.items()}
    pictures.image_losses(images / "results_vae_loss.png", histories, README_LOSS)
    shown = ("loss", "val_loss")
    rows = [
        [epoch, *(f"{h[epoch - 1][name]:.2f}" for h in histories.values() for name in shown)]
        for epoch in plan.image_epochs
    ]
    head = ["epoch", *(f"{name}: {text}" for name in histories for text in ("training", "test"))]
    flags = runs.settings(found["mse"])
    best = min(histories["mse"], key=lambda row: row["val_loss"])
    return {
        **{name: flags[name] for name in ("grid_points", "grid_start", "grid_end")},
        "image_epochs": plan.image_epochs[-1],
        "readme_loss": "{} to {}".format(*README_LOSS),
        "best_image_loss": best["val_loss"],
        "best_image_epoch": int(best["epoch"]),
        "image_losses": table(head, rows),
    }


def bits(nats: float) -> float:
    """Convert nats to bits."""
    return nats / math.log(2)


def markdown_cell(text: str) -> str:
    """Return a text as a cell of a Markdown table, with all special characters escaped."""
    plain = html.escape(text).translate({ord(mark): f"&#{ord(mark)};" for mark in r"\`*_[]|~"})
    plain = plain.replace("  ", "&nbsp; ")
    return "<br>".join(line and f"<code>{line}</code>" for line in plain.split("\n"))
