"""The site, built as for a file host, and a browser that visits it."""

import functools
import json
import os
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lstm_text_generation import load
from tests.keras_tfjs import javascript
from tests.support.shared_files import made_once

ROOT = javascript.ROOT
HERE = ROOT / "tests/web"


class _Quiet(SimpleHTTPRequestHandler):
    """A plain file host, as anyone has."""

    def log_message(self, *arguments):
        pass


def build(dist, saved_models) -> None:
    """Build the site with the runs of a directory, as `npm run build` does."""
    line = ["npx", "vite", "build", "--outDir", dist, "--logLevel", "warn"]
    environment = os.environ | {"SAVED_MODELS": str(saved_models)}
    subprocess.run(line, cwd=ROOT, env=environment, check=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The site without runs, as `npm run build` makes it."""
    if not (ROOT / "node_modules/vite").is_dir() or javascript.missing_for_chromium():
        pytest.skip(javascript.missing_for_chromium() or "Vite is not installed: run make test")
    empty = tmp_path_factory.mktemp("empty")
    return made_once(tmp_path_factory, "site", lambda site: build(site / "dist", empty)) / "dist"


@pytest.fixture(scope="session")
def visitor(built, tmp_path_factory):
    """Return a function of runs by name, and an app, that puts up a site with the runs.

    What it returns visits a page in a scenario of text_page.mjs or vae_page.mjs and returns what
    the scenario saw. It fails on errors in the console and on requests that leave the site, but
    for addresses in `allowed`.
    """
    servers = []

    def put_up(runs, app, may_complain=False, corpora=None):
        site = tmp_path_factory.mktemp("visited") / "site"
        shutil.copytree(built, site)
        listed = []
        for name, source in runs.items():
            shutil.copytree(source, site / "saved_models" / name)
            kind = json.loads((source / "run.json").read_text())["app"]
            float16 = (source / "graph_model_float16").is_dir()
            graph = "graph_model_float16" if float16 else "graph_model"
            listed.append({"path": name, "app": kind, "graph": graph})
        (site / "saved_models/index.json").write_text(json.dumps(listed))
        for name, text in (corpora or {}).items():
            path = site / f"saved_models/corpora/{name}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        handler = functools.partial(_Quiet, directory=site)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"

        def visit(scenario, argument=None, allowed=()):
            answered = site / "answer.json"
            line = ["node", HERE / "drive.mjs", javascript.browser(), origin, f"{app}.{scenario}"]
            line += [json.dumps(argument), answered]
            result = subprocess.run(line, capture_output=True, text=True, timeout=300)
            assert result.returncode == 0, result.stderr
            seen = json.loads(answered.read_text())
            assert may_complain or seen["errors"] == []
            assert [url for url in seen["outside"] if not url.startswith(tuple(allowed))] == []
            return seen["answer"]

        visit.site = site
        return visit

    yield put_up
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="session")
def exact_run(text_run, tmp_path_factory):
    """The run without its copy of 16 bits, so that the page computes what Keras computes."""
    run = tmp_path_factory.mktemp("exact") / "bottles"
    shutil.copytree(text_run, run)
    shutil.rmtree(run / "graph_model_float16")
    return run


@pytest.fixture(scope="session")
def trained(text_run):
    model, text_data = load.load_model(text_run)
    return model, text_data["char_set"]
