"""The READMEs' text, and the tables of flags that they must contain."""

import re
from pathlib import Path

from absl import flags

from harness import ROOT
from keras_tfjs.command_line import camel_case

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


def flag_table(flag_values: flags.FlagValues) -> str:
    """Return the table of a command's flags: as typed, with the default and the camelCase name."""
    aliases = {camel_case(name) for name in flag_values}
    rows = [_row(flag_values[name]) for name in flag_values if name not in aliases]
    return "\n".join(["| flag | default | |", "| --- | --- | --- |", *rows]) + "\n"


def _row(flag: flags.Flag) -> str:
    name, alias = flag.name, camel_case(flag.name)
    silent = flag.default is None or flag.default is False or flag.default == []
    default = "" if silent else f"`{flag.default_as_str.strip(chr(39))}`"
    names = f"`--{name}`" + (f", `--{alias}`" if alias else "")
    choices = re.compile(r"^<(.*?)>: ")  # as absl writes an enum's, which Markdown takes for marks
    text = choices.sub(lambda found: f"`{found[1].replace('|', '`, `')}`: ", flag.help)
    text = text.replace("*", r"\*")
    return f"| {names} | {default} | {text} |"
