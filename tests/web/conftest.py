"""Fixtures: the built site, a file host, and a browser that visits the pages."""

import functools
import json
import os
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fashion_mnist_vae import data
from harness import ROOT, javascript
from lstm_text_generation import load
from tests.support.shared_files import made_once

HERE = ROOT / "tests/web"
pytest.register_assert_rewrite("tests.web.vae_model")


class _Quiet(SimpleHTTPRequestHandler):
    """A plain file host without log messages."""

    def log_message(self, *arguments):
        pass


def build(dist, saved_models) -> None:
    """Build the site with the runs in a directory, as `npm run build` does."""
    line = ["npx", "vite", "build", "--outDir", dist, "--logLevel", "warn"]
    environment = os.environ | {"SAVED_MODELS": str(saved_models)}
    subprocess.run(line, cwd=ROOT, env=environment, check=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The site, built without runs."""
    if not (ROOT / "node_modules/vite").is_dir() or javascript.missing_for_chromium():
        pytest.skip(javascript.missing_for_chromium() or "Vite is not installed: run make test")
    empty = tmp_path_factory.mktemp("empty")
    return made_once(tmp_path_factory, "site", lambda site: build(site / "dist", empty)) / "dist"


def add_runs(saved_models, runs, corpora) -> None:
    """Copy runs and corpora to a site, as a build does."""
    listed = []
    for name, source in runs.items():
        shutil.copytree(source, saved_models / name)
        app = json.loads((source / "run.json").read_text())["app"]
        float16 = (source / "graph_model_float16").is_dir()
        graph = "graph_model_float16" if float16 else "graph_model"
        listed.append({"path": name, "app": app, "graph": graph})
    (saved_models / "index.json").write_text(json.dumps(listed))
    for name, text in corpora.items():
        path = saved_models / f"corpora/{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())


@pytest.fixture(scope="session")
def visitor(built, tmp_path_factory):
    """Return a function that serves a site with runs, {name: directory}, for the pages of an app.

    The function returns `visit`, which runs a scenario of text_page.mjs, vae_page.mjs or
    index_page.mjs and returns its result. `visit` fails on errors in the console, and on requests
    to other sites except those in `allowed`.
    """
    servers = []

    def serve(runs, app, allow_errors=False, corpora=None):
        site = tmp_path_factory.mktemp("visited") / "site"
        shutil.copytree(built, site)
        add_runs(site / "saved_models", runs, corpora or {})
        handler = functools.partial(_Quiet, directory=site)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"

        def visit(scenario, argument=None, allowed=()):
            seen = javascript.run_script(HERE / "drive.mjs", origin, app, scenario, argument)
            assert allow_errors or seen["errors"] == []
            assert [url for url in seen["outside"] if not url.startswith(tuple(allowed))] == []
            return seen["answer"]

        visit.site = site
        return visit

    yield serve
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="session")
def exact_run(text_run, tmp_path_factory):
    """A run without float16 weights, so that the page computes the same as Keras."""
    run = tmp_path_factory.mktemp("exact") / "bottles"
    shutil.copytree(text_run, run)
    shutil.rmtree(run / "graph_model_float16")
    return run


@pytest.fixture(scope="session")
def visit_text(visitor, exact_run):
    return visitor({"bottles": exact_run}, "text")


@pytest.fixture(scope="session")
def visit_vae(visitor, image_run, text_run):
    return visitor({"good": image_run, "text": text_run}, "vae")


@pytest.fixture(scope="session")
def trained(text_run):
    """The text model in Keras, and its character set."""
    model, text_data = load.load_model(text_run)
    return model, text_data["char_set"]


@pytest.fixture(scope="session")
def models(image_run):
    """The encoder and the decoder in Keras."""
    from tests.web.vae_model import load_models  # after register_assert_rewrite

    return load_models(image_run)


@pytest.fixture(scope="session")
def test_data(shapes_dir):
    return data.load_directory(shapes_dir, "shapes")
