"""The READMEs' text, and the tables of flags that they are to have."""

import importlib
import re
from pathlib import Path

from tests.conftest import ROOT, forget_flags
from training_run import command_line
from training_run.command_line import FLAGS

PACKAGES = ["lstm_text_generation", "fashion_mnist_vae", "keras_tfjs", "training_run"]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / name / "README.md" for name in PACKAGES),
]


def code_blocks(document: Path, language: str) -> list[str]:
    """Return the code of a document in a language."""
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, document.read_text(), re.MULTILINE | re.DOTALL)


def flag_table(module: str) -> str:
    """Return the table of a command's flags: as typed, with the default and the original's name."""
    forget_flags()
    flags = importlib.import_module(module)
    flags.define_flags()
    rows = [_row(name, alias) for name, alias in command_line._defined.items()]
    return "\n".join(["| flag | default | |", "| --- | --- | --- |", *rows]) + "\n"


def _row(name: str, alias: str | None) -> str:
    flag = FLAGS[name]
    silent = flag.default is None or flag.default is False or flag.default == []
    default = "" if silent else f"`{flag.default_as_str.strip(chr(39))}`"
    names = f"`--{name}`" + (f", `--{alias}`" if alias else "")
    choices = re.compile(r"^<(.*?)>: ")  # as absl writes an enum's, which Markdown takes for marks
    text = choices.sub(lambda found: f"`{found[1].replace('|', '`, `')}`: ", flag.help)
    return f"| {names} | {default} | {text} |"
