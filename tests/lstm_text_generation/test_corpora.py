import contextlib
import http.server
import threading
import time
from typing import ClassVar

import pytest

from keras_tfjs.command_line import UserError
from lstm_text_generation import corpora

pytestmark = pytest.mark.quick


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a request as its path says."""

    text = b"To be, or not to be, that is the question.\r\n" * 1000
    BODIES: ClassVar = {
        "login": b"<html>Log in</html>",
        "picture": b"\x89PNG\r\n" + bytes(range(128, 256)) * 344,
        "nul": b"\0" * len(text),
        "empty": b"",
    }

    def do_GET(self):
        self.server.requests.append(self.path)
        answer = self.path.strip("/")
        if answer.isdigit():
            self.send_error(int(answer))
        elif answer == "loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        else:
            body = self.BODIES.get(answer, self.text)
            self.send_response(200)
            if answer in ("whole", "cut", "stalled"):
                self.send_header("Content-Length", str(len(self.text)))
            self.end_headers()
            if answer == "slow":
                for part in range(0, len(body), 2000):
                    self.wfile.write(body[part : part + 2000])
                    time.sleep(0.05)
            elif answer.startswith(("cut", "stalled")):
                self.wfile.write(body[: len(body) * 9 // 10])
                time.sleep(3 if answer == "stalled" else 0)
            else:
                self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """A local server. The fixture's value sets how it answers a request for `shakespeare`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.requests = []
        threading.Thread(target=httpd.serve_forever, args=[0.05], daemon=True).start()

        def answer_with(kind: str) -> list[str]:
            url = f"http://127.0.0.1:{httpd.server_port}/{kind}"
            fake = corpora.Download(url, len(Handler.text), "a text")
            monkeypatch.setitem(corpora.TEXT_DATA_URLS, "shakespeare", fake)
            return httpd.requests

        yield answer_with
        httpd.shutdown()


def test_download_is_cached(server, tmp_path):
    requests = server("whole")
    for _ in range(2):
        path = corpora.download("shakespeare", tmp_path)
        assert path.read_bytes() == Handler.text
    assert requests == ["/whole"]


def test_slow_download_completes(server, monkeypatch, tmp_path):
    monkeypatch.setattr(
        corpora, "DOWNLOAD_TIMEOUT", 2
    )  # seconds; the whole download takes about one
    server("slow")
    assert corpora.download("shakespeare", tmp_path).read_bytes() == Handler.text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("stalled", "timed out"),
        ("picture", "is not utf-8 text: byte 0 cannot be read"),
        ("nul", "is not a text file"),
        ("empty", "returned 0 bytes"),
        ("404", "404"),
        ("500", "500"),
        ("loop", "redirects"),
        ("cut", "bytes read"),  # shorter than its Content-Length
        ("cut-unannounced", "returned 39,600 bytes instead of about 44,000"),
        ("login", "returned 19 bytes"),
    ],
)
def test_failed_download_leaves_no_file(server, monkeypatch, tmp_path, kind, words):
    monkeypatch.setattr(corpora, "DOWNLOAD_TIMEOUT", 0.5)  # seconds without a byte
    server(kind)
    with pytest.raises(UserError, match="cannot download shakespeare: .*python-docs") as error:
        corpora.download("shakespeare", tmp_path)
    assert words in str(error.value)
    assert list(tmp_path.iterdir()) == []
    server("whole")  # the next download succeeds
    assert corpora.download("shakespeare", tmp_path).read_bytes() == Handler.text


def test_download_without_network_is_one_error(monkeypatch, tmp_path):
    with contextlib.closing(__import__("socket").socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fake = corpora.Download(f"http://127.0.0.1:{port}/", 1000, "a text")
    monkeypatch.setitem(corpora.TEXT_DATA_URLS, "nietzsche", fake)
    with pytest.raises(UserError, match="cannot download nietzsche.*refused.*need no network"):
        corpora.download("nietzsche", tmp_path)


def test_python_docs_has_text():
    text = corpora.load("python-docs")
    assert len(text) > 300_000 and "expression" in text


def test_load_keeps_newlines_and_byte_order_mark(tmp_path):
    path = tmp_path / "verne.txt"
    path.write_bytes("\ufeffone\r\ntwo\n".encode())
    assert corpora.load(str(path)) == "\ufeffone\r\ntwo\n"


def test_load_decodes_the_given_encoding(tmp_path):
    path = tmp_path / "old.txt"
    path.write_bytes("café".encode("latin-1"))
    with pytest.raises(UserError, match="not utf-8 text: byte 3 .*--encoding"):
        corpora.load(str(path))
    assert corpora.load(str(path), encoding="latin-1") == "café"
    path.write_bytes("café".encode("utf-16"))
    with pytest.raises(UserError, match="byte 0 .*--encoding=utf-16"):
        corpora.load(str(path))
    with pytest.raises(UserError, match="is not an encoding"):
        corpora.load(str(path), encoding="klingon")
    for encoding in ("punycode", "undefined"):
        with pytest.raises(UserError, match=f"is not {encoding} text"):
            corpora.load(str(path), encoding=encoding)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"\x7fELF\x02\x01\0", "NUL at character 6"), (b"\x89PNG\r\n", "byte 0")],
)
def test_load_rejects_files_that_are_not_text(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        corpora.load(str(path))


def test_load_rejects_unknown_names(tmp_path):
    with pytest.raises(UserError, match="did you mean shakespeare?"):
        corpora.load("shakespear")
    with pytest.raises(UserError, match="neither a corpus nor a file called qqq; The corpora are"):
        corpora.load("qqq")
    with pytest.raises(UserError, match="is a directory"):
        corpora.load(str(tmp_path))


def test_table_lists_every_corpus_with_its_size():
    for name in ("shakespeare", "nietzsche", "julesverne", "tfjs-code", "tiny_shakespeare"):
        (line,) = [line for line in corpora.table().splitlines() if line.split()[0] == name]
        assert " MB " in line
    assert corpora.DEFAULT in corpora.table()


def test_tiny_shakespeare_is_complete(shared_datasets):
    text = corpora.load("tiny_shakespeare", str(shared_datasets / "tensorflow_datasets"))
    original = (shared_datasets / "texts" / "tinyshakespeare.txt").read_bytes().decode()
    assert text == original


def test_tiny_shakespeare_without_network_is_one_error(tmp_path, monkeypatch):
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # no server listens here
    with pytest.raises(UserError, match="cannot prepare tiny_shakespeare with .*need no network"):
        corpora.load("tiny_shakespeare", str(tmp_path))


def test_load_keeps_a_real_corpus_unchanged(shared_datasets):
    text = corpora.load(str(shared_datasets / "texts" / "julesverne.txt"))
    assert text[0] == "\ufeff" and "\r\n" in text
