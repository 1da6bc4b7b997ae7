"""The documents' links, flags, messages and code are correct."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import fashion_mnist_vae.download
import fashion_mnist_vae.evaluate
import fashion_mnist_vae.generate
import fashion_mnist_vae.train
import keras_tfjs.convert
import lstm_text_generation.evaluate
import lstm_text_generation.generate
import lstm_text_generation.train
from fashion_mnist_vae.data import load_directory
from fashion_mnist_vae.load import load_decoder
from harness import ROOT, javascript
from lstm_text_generation.cells import last_probabilities
from lstm_text_generation.load import load_model
from tests.support.readmes import DOCUMENTS, PACKAGES, code_blocks, flag_table

COMMANDS = [
    lstm_text_generation.train,
    lstm_text_generation.generate,
    lstm_text_generation.evaluate,
    fashion_mnist_vae.train,
    fashion_mnist_vae.generate,
    fashion_mnist_vae.evaluate,
    fashion_mnist_vae.download,
    keras_tfjs.convert,
]
SECTIONS = ["Files", "From Python", "Use your own data", "Put it on the web", "Troubleshooting"]


@pytest.mark.quick
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_link_targets_exist(document):
    text = document.read_text()
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)
    for link in filter(lambda link: "://" not in link, (a or b for a, b in links)):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), f"{document} links to {link}"
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else []
        slugs = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
        assert not anchor or anchor in slugs, f"{document} links to {link}"


@pytest.mark.quick
def test_every_picture_is_shown():
    text = "".join(document.read_text() for document in DOCUMENTS)
    for picture in (ROOT / "docs/images").iterdir():
        assert f"images/{picture.name}" in text


@pytest.mark.quick
@pytest.mark.parametrize("package", PACKAGES)
def test_package_readmes_have_all_sections(package):
    text = (ROOT / package / "README.md").read_text()
    for section in SECTIONS:
        assert f"\n## {section}\n" in text


@pytest.mark.quick
@pytest.mark.parametrize("command", COMMANDS, ids=lambda module: module.__name__)
def test_flag_tables_match_the_commands(command):
    table = flag_table(command.FLAGS)
    package = command.__name__.split(".")[0]
    assert table in (ROOT / package / "README.md").read_text(), f"write into it:\n{table}"


@pytest.mark.quick
@pytest.mark.parametrize("package", PACKAGES)
def test_troubleshooting_messages_exist_in_the_sources(package):
    sources = "".join(path.read_text() for name in PACKAGES for path in (ROOT / name).glob("*.py"))
    sources = re.sub(r'"\s*\n\s*(?:\+ )?f?"', "", sources)  # literals over several lines
    _, _, table = (ROOT / package / "README.md").read_text().partition("## Troubleshooting")
    messages = re.findall(r"^\| `(.*?)` \|", table.partition("\n## ")[0], re.MULTILINE)
    assert len(messages) >= 8
    for message in messages:
        for part in filter(None, (part.strip() for part in message.split("..."))):
            assert part in sources, f"nothing says {part!r}"


def run_blocks(document: Path, directory: Path, monkeypatch, replacements: dict[str, str]) -> dict:
    """Run a document's Python in a directory, with these replacements."""
    monkeypatch.chdir(directory)
    names: dict = {}
    for block in code_blocks(document, "python"):
        for long, short in replacements.items():
            block = block.replace(long, short)
        exec(compile(block, str(document), "exec"), names)
    return names


def test_text_readme_python_runs(tmp_path, monkeypatch, text_run, capsys):
    replacements = {
        "saved_models/lstm_text_generation/python-docs": str(text_run),
        "The import statement ": "13 green bottles ",
        "10_000, 128": "256, 64",
    }
    names = run_blocks(ROOT / "lstm_text_generation/README.md", tmp_path, monkeypatch, replacements)
    assert len(names["run"].history) == 5
    written = capsys.readouterr().out
    assert names["seed_text"] in written and len(written) > 400


def test_image_readme_python_runs(tmp_path, monkeypatch, shapes_dir):
    replacements = {'"fashion_mnist", data_dir=None': f'"shapes", data_dir="{shapes_dir}"'}
    names = run_blocks(ROOT / "fashion_mnist_vae/README.md", tmp_path, monkeypatch, replacements)
    assert names["image"].shape == (12, 10)
    mine = load_directory(tmp_path / "my_images", "mine")
    assert mine.image_shape == (16, 16) and len(mine.train_images) == 500
    assert (mine.test_images == names["images"].reshape(100, -1)).all()


def run_javascript(
    document: Path, directory: Path, replacements: dict[str, str], result: str
) -> list[float]:
    """Run a document's JavaScript in Node, with replacements, and return a tensor's values."""
    if missing := javascript.missing_for_node():
        pytest.skip(missing)
    (code,) = code_blocks(document, "js")
    for long, short in replacements.items():
        assert long in code
        code = code.replace(long, short)
    show = f"console.log(JSON.stringify([...{result}.dataSync()]));"
    tf = f"createRequire('{ROOT}/package.json')('@tensorflow/tfjs-node')"
    script = directory / "example.mjs"
    script.write_text(
        f"import {{createRequire}} from 'node:module';\nconst tf = {tf};\n{code}{show}"
    )
    done = subprocess.run(["node", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_text_readme_javascript_equals_keras(tmp_path, text_run):
    replacements = {
        "saved_models/lstm_text_generation/python-docs": f"file://{text_run}",
        "The import statement ": "13 green bottles ",
    }
    readme = ROOT / "lstm_text_generation/README.md"
    there = run_javascript(readme, tmp_path, replacements, "probabilities")
    model, text_data = load_model(text_run)
    indices = [text_data["char_set"].index(char) for char in "13 green bottles "]
    here, _ = last_probabilities(model, tf.constant([indices]))
    assert np.abs(here.numpy()[0] - there).max() < 1e-6


def test_image_readme_javascript_equals_keras(tmp_path, image_run):
    replacements = {
        "saved_models/fashion_mnist_vae/decoder": f"file://{image_run}/decoder",
        "await tf.browser.toPixels(images.reshape([28, 28]), canvas);": "",  # Node has no canvas
    }
    there = run_javascript(ROOT / "fashion_mnist_vae/README.md", tmp_path, replacements, "images")
    decoder, _ = load_decoder(image_run)
    here = decoder(np.array([[1.5, -0.5]], np.float32)).numpy()[0]
    assert np.abs(here - there).max() < 1e-6


def test_keras_tfjs_readme_python_runs(tmp_path, monkeypatch, capsys):
    run_blocks(ROOT / "keras_tfjs/README.md", tmp_path, monkeypatch, {})
    assert "['cat', 'dog']" in capsys.readouterr().out
    assert (tmp_path / "my_graph_model/model.json").exists()


def test_training_run_readme_resumes(tmp_path, monkeypatch):
    for epochs in (20, 30):  # the second one goes on from the first
        replacements = {"run.epochs(20)": f"run.epochs({epochs})"}
        names = run_blocks(ROOT / "training_run/README.md", tmp_path, monkeypatch, replacements)
        losses = [row["val_loss"] for row in names["run"].history]
        assert len(losses) == epochs and losses[-1] < 0.5 * losses[0]
