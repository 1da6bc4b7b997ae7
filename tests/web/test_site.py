"""The built site and the development server, with the runs of a saved_models/ directory."""

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from harness import ROOT
from tests.web.conftest import build


@pytest.fixture
def saved_models(tmp_path, text_run, image_run):
    if not (ROOT / "node_modules/vite").is_dir():
        pytest.skip("Vite is not installed: run make test")
    directory = tmp_path / "saved_models"
    shutil.copytree(text_run, directory / "deep/bottles")
    shutil.copytree(image_run, directory / "shapes")
    for name in ("other.training", ".shapes.old", "first_version.unfinished"):
        shutil.copytree(image_run, directory / name)
    (directory / "corpora").mkdir()
    (directory / "corpora/python-docs.txt").write_text("text")
    return directory


RUNS = [
    {"path": "deep/bottles", "app": "lstm_text_generation", "graph": "graph_model_float16"},
    {"path": "shapes", "app": "fashion_mnist_vae", "graph": "graph_model_float16"},
]


def test_build_contains_runs_and_needed_files(saved_models, tmp_path):
    dist = tmp_path / "dist"
    build(dist, saved_models)
    assert json.loads((dist / "saved_models/index.json").read_text()) == RUNS
    text, image = dist / "saved_models/deep/bottles", dist / "saved_models/shapes"
    assert sorted(path.name for path in text.iterdir()) == [
        "epochs.json", "graph_model", "graph_model_float16", "model.json", "text_data.json",
        "weights.bin",
    ]  # fmt: skip
    assert sorted(path.name for path in image.iterdir()) == [
        "decoder", "encoder", "epochs.json", "formation.json", "formation.png", "graph_model",
        "graph_model_float16", "image_data.json", "test_images.bin", "test_images.json",
    ]  # fmt: skip
    assert (dist / "saved_models/corpora/python-docs.txt").read_text() == "text"
    names = {path.name for path in (dist / "saved_models").iterdir()}
    assert names == {"index.json", "deep", "shapes", "corpora"}
    index = (dist / "index.html").read_text()
    for page in re.findall(r'href="\./(\w+/web/index\.html)"', index):
        assert (dist / page).is_file()
    assert "http" not in re.sub(r"<!.*?>", "", index)


def test_development_server_lists_current_runs(saved_models):
    environment = os.environ | {"SAVED_MODELS": str(saved_models)}
    line = ["node", ROOT / "node_modules/vite/bin/vite.js", "--port", "0"]
    process = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        for output in process.stdout:
            plain = re.sub(r"\x1b\[\d*m", "", output)
            if found := re.search(r"http://127\.0\.0\.1:\d+", plain):
                break
        origin = found.group()
        # Only 127.0.0.1 may answer. 127.0.0.2 is another address of the same machine.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(origin.rsplit(":", 1)[1])), timeout=5)

        def fetch(path):
            with urllib.request.urlopen(f"{origin}/{path}") as response:
                return response.read()

        assert json.loads(fetch("saved_models/index.json")) == RUNS
        shutil.rmtree(saved_models / "shapes")
        assert json.loads(fetch("saved_models/index.json")) == RUNS[:1]
        weights = (saved_models / "deep/bottles/weights.bin").read_bytes()
        assert fetch("saved_models/deep/bottles/weights.bin") == weights
        for path in ("saved_models/nothing.json", "saved_models/%2e%2e/%2e%2e/etc/passwd"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetch(path)
        assert b"Two generative models" in fetch("index.html")
        assert b"jsxDEV" in fetch("lstm_text_generation/web/page.jsx")  # compiled by the server
    finally:
        process.terminate()
        process.wait()
