"""Finding and downloading the images."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from fashion_mnist_vae import data, sources
from keras_tfjs.command_line import UserError
from tests.support.shapes import draw_shapes, write_dataset

TRAIN = "train-images-idx3-ubyte"


def test_load_accepts_training_images_only(tmp_path, capsys):
    """The original's dataset/ has only the training images."""
    write_dataset(tmp_path / "all")
    (tmp_path / "dataset").mkdir()
    shutil.copy(tmp_path / "all" / TRAIN, tmp_path / "dataset")
    found = sources.load("shapes", str(tmp_path / "dataset"))
    assert found.train_images.shape == (500, 120) and found.test_images.shape == (0, 120)
    assert found.test_labels.shape == (0,) and found.class_names == []
    assert "500 + 0 images" in (out := capsys.readouterr().out)
    assert (
        "There are no test images, so the best epoch is the one with the lowest training loss"
        in out
    )


def test_training_images_only_must_have_the_md5(tmp_path):
    write_dataset(tmp_path / "all")
    (tmp_path / "dataset").mkdir()
    shutil.copy(tmp_path / "all" / TRAIN, tmp_path / "dataset")
    with pytest.raises(UserError, match="is not Fashion-MNIST's.*--dataset=NAME"):
        sources.load("fashion_mnist", str(tmp_path / "dataset"))


def test_data_dir_comes_first(shapes_dir, capsys):
    found = sources.load("shapes", str(shapes_dir))
    assert len(found.train_images) == 500
    assert capsys.readouterr().out == f"shapes: 500 + 100 images of 12 x 10, from {shapes_dir}\n"


def test_debian_directory_comes_second(tmp_path, monkeypatch):
    write_dataset(tmp_path / "debian", ".gz")
    monkeypatch.setattr(sources, "DEBIAN_DIRECTORY", tmp_path / "debian")
    monkeypatch.setattr(
        data, "IDX_FILES", dict.fromkeys(data.IDX_FILES)
    )  # no MD5, because the images are drawn here
    found, source = sources.find("fashion_mnist", None)
    assert source == str(tmp_path / "debian")
    assert found.class_names[9] == "Ankle boot"


def test_find_reads_tfds_directory(shared_datasets):
    found, source = sources.find("fashion_mnist", str(shared_datasets / "tensorflow_datasets"))
    assert "TensorFlow Datasets" in source
    assert found.train_images.shape == (60_000, 784) and found.test_images.shape == (10_000, 784)
    assert found.class_names == data.CLASS_NAMES


class Digits(tfds.core.GeneratorBasedBuilder):
    """A small TFDS dataset of drawn shapes."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(12, 10, 1)),
            "label": tfds.features.ClassLabel(names=["wide", "high", "box"]),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(40, 0), "test": self._generate_examples(20, 1)}

    def _generate_examples(self, count, seed):
        images, labels = draw_shapes(count, seed)
        for key, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield key, {"image": image[..., None], "label": int(label)}


def test_find_reads_any_small_grayscale_dataset(tmp_path):
    Digits(data_dir=tmp_path).download_and_prepare()
    found, source = sources.find("digits", str(tmp_path))
    assert found.image_shape == (12, 10) and found.class_names == ["wide", "high", "box"]
    expected = {image.tobytes() for image in draw_shapes(40, 0)[0]}
    assert {image.tobytes() for image in found.train_images} == expected
    assert str(tmp_path / "digits") in source
    (file,) = tmp_path.rglob("digits-train.tfrecord*")
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(UserError, match="digits of TensorFlow Datasets: the files in .*damaged"):
        sources.find("digits", str(tmp_path))


class DownloadedDigits(Digits):
    """The same dataset, whose image counts are downloaded."""

    URL = ""

    @property
    def url_infos(self):
        checksum = hashlib.sha256(b"40 20").hexdigest()
        return {self.URL: tfds.download.checksums.UrlInfo(5, checksum, "counts.txt")}

    def _split_generators(self, dl_manager):
        counts = Path(dl_manager.download(self.URL)).read_text().split()
        splits = zip(("train", "test"), map(int, counts), strict=True)
        return {name: self._generate_examples(count, 0) for name, count in splits}


class CountServer(http.server.BaseHTTPRequestHandler):
    """Answers as `server.answer` says."""

    def do_HEAD(self):
        answer = self.server.answer
        self.send_response(int(answer) if answer.isdigit() else 200)
        self.end_headers()

    def do_GET(self):
        answer = self.server.answer
        if answer.isdigit():
            self.send_error(int(answer))
            return
        self.send_response(302 if answer == "loop" else 200)
        if answer == "loop":
            self.send_header("Location", "/counts")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write({"whole": b"40 20", "cut": b"40"}.get(answer, b"99 99"))

    def log_message(self, *args):
        pass


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("404", "404"),
        ("500", "500"),
        ("loop", "redirects"),
        ("cut", "2 bytes read"),
        ("other", "/counts has changed: its checksum"),
    ],
)
def test_failed_download_can_be_repeated(tmp_path, monkeypatch, answer, words):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), CountServer) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        monkeypatch.setattr(
            DownloadedDigits, "URL", f"http://127.0.0.1:{server.server_port}/counts"
        )
        server.answer = answer
        with pytest.raises(sources.datasets.DatasetError, match=words):
            sources.datasets.prepare(DownloadedDigits(data_dir=tmp_path))
        assert not DownloadedDigits(data_dir=tmp_path).is_prepared()
        server.answer = "whole"
        sources.datasets.prepare(DownloadedDigits(data_dir=tmp_path))
        server.shutdown()
    assert DownloadedDigits(data_dir=tmp_path).info.splits["train"].num_examples == 40


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, nothing in Debian's directory, and an empty home."""
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # no server listens here
    monkeypatch.setattr(sources, "DEBIAN_DIRECTORY", Path("/usr/share/absent/fashion-mnist"))
    monkeypatch.setattr(sources, "cache_directory", lambda: tmp_path / "cache" / "fashion-mnist")
    monkeypatch.setattr(sources.datasets, "find", _without_home(tmp_path))
    return tmp_path


def _without_home(tmp_path):
    find = sources.datasets.find
    return lambda name, data_dir: find(name, data_dir or str(tmp_path / "tfds"))


def fake_apt_get(directory: Path, monkeypatch, package: Path | None) -> None:
    """Put an apt-get first in PATH, which copies `package`, or fails as the real apt-get."""
    line = f"cp {package} ." if package else "echo 'E: Unable to locate package' >&2; exit 100"
    program = directory / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_find_offline_names_every_source(offline, monkeypatch):
    fake_apt_get(offline, monkeypatch, None)
    with pytest.raises(UserError) as error:
        sources.find("fashion_mnist", None)
    words = ("apt-get install dataset-fashion-mnist", "--data_dir", "TFDS directory", "IDX files",
             "Unable to locate package")  # fmt: skip
    for word in words:
        assert word in str(error.value)
    with pytest.raises(UserError, match="cannot prepare mnist with TensorFlow Datasets"):
        sources.find("mnist", None)


def test_debian_package_is_unpacked_into_cache(offline, monkeypatch):
    """The real dpkg-deb builds and unpacks a package of drawn images."""
    if subprocess.run(["which", "dpkg-deb"], capture_output=True).returncode:
        pytest.skip("dpkg-deb is missing, which Debian and its derivatives have")
    monkeypatch.setattr(data, "IDX_FILES", dict.fromkeys(data.IDX_FILES))
    content = offline / "package"
    inside = content / "usr/share/absent/fashion-mnist"
    inside.mkdir(parents=True)
    write_dataset(inside, ".gz")
    (content / "DEBIAN").mkdir()
    (content / "DEBIAN" / "control").write_text(
        "Package: dataset-fashion-mnist\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\n"
        "Description: test\n"
    )
    package = offline / "dataset-fashion-mnist_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", content, package], check=True, capture_output=True)
    fake_apt_get(offline, monkeypatch, package)
    for expected in ("Debian's package", "cache"):  # downloaded first, then found in the cache
        found, source = sources.find("fashion_mnist", None)
        assert len(found.train_images) == 500 and expected in source
        (offline / "bin" / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    assert [p.name for p in (offline / "cache").iterdir()] == ["fashion-mnist"]


def test_find_rejects_other_datasets(offline):
    with pytest.raises(UserError, match="has no dataset called fashion_mnits"):
        sources.find("fashion_mnits", None)
    with pytest.raises(
        UserError, match="has no IDX files .*no mnist of TensorFlow Datasets: it is not"
    ):
        sources.find("mnist", str(offline))
    with pytest.raises(UserError, match="cannot prepare mnist:9.9.9"):
        sources.find("mnist:9.9.9", None)
    with pytest.raises(UserError, match="cifar10 is not a dataset of grayscale images"):
        sources.find("cifar10", None)  # rejected before the download
