import gzip
import hashlib
import http.server
import os
import shutil
import struct
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from fashion_mnist_vae import data, sources
from keras_tfjs.command_line import UserError
from tests.shapes import draw_shapes, write_dataset, write_idx

TRAIN = "train-images-idx3-ubyte"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_are_read_as_they_were_written(tmp_path, suffix):
    write_dataset(tmp_path / "d", suffix)
    found = data.load_directory(tmp_path / "d", "shapes")
    images, labels = draw_shapes(100, 1)
    np.testing.assert_array_equal(found.test_images.reshape(images.shape), images)
    np.testing.assert_array_equal(found.test_labels, labels)
    assert found.train_images.shape == (500, 120) and found.train_images.dtype == np.uint8
    assert found.image_shape == (12, 10) and found.class_names == ["0", "1", "2"]


def test_a_directory_without_idx_files(tmp_path):
    assert data.load_directory(tmp_path, "shapes") is None
    assert data.load_directory(tmp_path / "absent", "shapes") is None


def header(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not an IDX file"),
        (b"\x89PNG\r\n\x1a\n", "is not an IDX file"),
        (header(2050, 1, 1, 1), "is not an IDX file of images: it begins"),
        (header(2049, 3) + b"abc", "is not an IDX file of images"),
        (header(2051, 5), "header is not whole"),
        (header(2051, 2, 3, 3) + b"x" * 17, "announces 2 x 3 x 3 bytes, and there are 17"),
        (header(2051, 2, 3, 3) + b"x" * 19, "and there are more"),
        (header(2051, 2**32 - 1, 2**32 - 1, 2**32 - 1), "is damaged"),
        (header(2051, 2**31 - 1, 1, 1) + b"x", "there are 1"),
        (header(2051, 0, 28, 28), "is damaged"),
    ],
)
def test_damaged_and_foreign_files_are_refused_by_name(tmp_path, content, words):
    path = tmp_path / TRAIN
    path.write_bytes(content)
    with pytest.raises(UserError, match=words) as error:
        data.load_images(path)
    assert str(path) in str(error.value)


def test_a_truncated_gzip_file(tmp_path):
    path = tmp_path / f"{TRAIN}.gz"
    write_idx(path, draw_shapes(100, 0)[0])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match=f"cannot read .*{TRAIN}.gz"):
        data.load_images(path)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(UserError, match="cannot read"):
        data.load_images(path)


def test_a_gzip_bomb_costs_no_memory(tmp_path):
    path = tmp_path / f"{TRAIN}.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header(2051, 1, 2, 2))
        for _ in range(200):
            file.write(bytes(1 << 20))
    with pytest.raises(UserError, match="there are more"):
        data.load_images(path)


def test_what_does_not_belong_together(tmp_path):
    directory = write_dataset(tmp_path / "d")
    write_idx(directory / "train-labels-idx1-ubyte", np.zeros(3, np.uint8))
    with pytest.raises(UserError, match="500 images but 3 labels"):
        data.load_directory(directory, "shapes")
    write_idx(directory / "train-labels-idx1-ubyte", np.zeros((3, 4, 4), np.uint8))
    with pytest.raises(UserError, match="train-labels-idx1-ubyte is not an IDX file of labels"):
        data.load_directory(directory, "shapes")
    (directory / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="has no train-labels-idx1-ubyte"):
        data.load_directory(directory, "shapes")


def test_the_originals_directory_of_one_file(tmp_path, capsys):
    """The original's dataset/ has the training images alone."""
    write_dataset(tmp_path / "all")
    (tmp_path / "dataset").mkdir()
    shutil.copy(tmp_path / "all" / TRAIN, tmp_path / "dataset")
    found = sources.load("shapes", str(tmp_path / "dataset"))
    assert found.train_images.shape == (500, 120) and found.test_images.shape == (0, 120)
    assert found.test_labels.shape == (0,) and found.class_names == []
    assert "500 + 0 images" in (out := capsys.readouterr().out)
    assert "There are no test images: the best epoch is that of the lowest training loss" in out


def test_the_originals_file_of_fashion_mnist_is_checked_too(tmp_path):
    write_dataset(tmp_path / "all")
    (tmp_path / "dataset").mkdir()
    shutil.copy(tmp_path / "all" / TRAIN, tmp_path / "dataset")
    with pytest.raises(UserError, match="is not Fashion-MNIST's.*--dataset=NAME"):
        sources.load("fashion_mnist", str(tmp_path / "dataset"))


def test_written_images_are_read_again(tmp_path):
    images = draw_shapes(7, 0)[0]
    data.write_images(tmp_path / TRAIN, images)
    np.testing.assert_array_equal(data.load_images(tmp_path / TRAIN), images)


def test_fashion_mnist_is_checked_to_be_the_original(shapes_dir):
    with pytest.raises(UserError, match="is not Fashion-MNIST's.*--dataset=NAME"):
        data.load_directory(shapes_dir, "fashion_mnist")


def test_batches_hold_every_image_once_in_an_order_of_seed_and_epoch(shapes):
    batches = list(shapes.batch_images(epoch=2, batch_size=64, seed=1))
    assert [len(batch) for batch in batches] == [64] * 7 + [52]  # the last, smaller one counts
    images = np.concatenate(batches)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(np.sort(images, axis=0), np.sort(shapes.train_images, axis=0))
    assert sorted(map(bytes, images)) == sorted(map(bytes, shapes.train_images))
    np.testing.assert_array_equal(images, np.concatenate(list(shapes.batch_images(2, 64, 1))))
    for other in ((3, 64, 1), (2, 64, 2)):
        assert not np.array_equal(images, np.concatenate(list(shapes.batch_images(*other))))
    np.testing.assert_array_equal(shapes.batch_images(2, 64, 1)[3], batches[3])


# ---- sources


def test_the_users_directory_comes_first(shapes_dir, capsys):
    found = sources.load("shapes", str(shapes_dir))
    assert len(found.train_images) == 500
    assert capsys.readouterr().out == f"shapes: 500 + 100 images of 12 x 10, from {shapes_dir}\n"


def test_debians_directory_comes_next(tmp_path, monkeypatch):
    write_dataset(tmp_path / "debian", ".gz")
    monkeypatch.setattr(sources, "DEBIAN_DIRECTORY", tmp_path / "debian")
    monkeypatch.setattr(data, "IDX_FILES", dict.fromkeys(data.IDX_FILES))  # not the real images
    found, source = sources.find("fashion_mnist", None)
    assert source == str(tmp_path / "debian")
    assert found.class_names[9] == "Ankle boot"


def test_a_tfds_directory(shared_datasets):
    found, source = sources.find("fashion_mnist", str(shared_datasets / "tensorflow_datasets"))
    assert "TensorFlow Datasets" in source
    assert found.train_images.shape == (60_000, 784) and found.test_images.shape == (10_000, 784)
    assert found.class_names == data.CLASS_NAMES


class Digits(tfds.core.GeneratorBasedBuilder):
    """A TFDS dataset made here: shapes under the names and splits of the real ones."""

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


def test_any_tfds_dataset_of_small_grayscale_images(tmp_path):
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


class Fetched(Digits):
    """The same, from numbers that a server has."""

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
    """Answers as it is told to."""

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
def test_a_dataset_whose_download_fails_is_prepared_by_the_next_try(
    tmp_path, monkeypatch, answer, words
):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), CountServer) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        monkeypatch.setattr(Fetched, "URL", f"http://127.0.0.1:{server.server_port}/counts")
        server.answer = answer
        with pytest.raises(sources.datasets.DatasetError, match=words):
            sources.datasets.prepare(Fetched(data_dir=tmp_path))
        assert not Fetched(data_dir=tmp_path).is_prepared()
        server.answer = "whole"
        sources.datasets.prepare(Fetched(data_dir=tmp_path))
        server.shutdown()
    assert Fetched(data_dir=tmp_path).info.splits["train"].num_examples == 40


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, nothing in Debian's directory, and an empty home."""
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # no one listens there
    monkeypatch.setattr(sources, "DEBIAN_DIRECTORY", Path("/usr/share/absent/fashion-mnist"))
    monkeypatch.setattr(sources, "_cache", lambda: tmp_path / "cache" / "fashion-mnist")
    monkeypatch.setattr(sources.datasets, "find", _without_home(tmp_path))
    return tmp_path


def _without_home(tmp_path):
    find = sources.datasets.find
    return lambda name, data_dir: find(name, data_dir or str(tmp_path / "tfds"))


def fake_apt_get(directory: Path, monkeypatch, package: Path | None) -> None:
    """Put an apt-get first in PATH that brings `package`, or fails as the real one does."""
    line = f"cp {package} ." if package else "echo 'E: Unable to locate package' >&2; exit 100"
    program = directory / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_offline_with_nothing_found_one_line_names_each_way(offline, monkeypatch):
    fake_apt_get(offline, monkeypatch, None)
    with pytest.raises(UserError) as error:
        sources.find("fashion_mnist", None)
    words = ("apt-get install dataset-fashion-mnist", "--data_dir", "TFDS directory", "IDX files",
             "Unable to locate package")  # fmt: skip
    for word in words:
        assert word in str(error.value)
    with pytest.raises(UserError, match="cannot prepare mnist with TensorFlow Datasets"):
        sources.find("mnist", None)


def test_debians_package_is_unpacked_into_the_cache(offline, monkeypatch):
    """A package made here, of images made here, through the real dpkg-deb."""
    if subprocess.run(["which", "dpkg-deb"], capture_output=True).returncode:
        pytest.skip("dpkg-deb is not at hand: this way is for Debian and its relatives")
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
    for expected in ("Debian's package", "cache"):  # fetched once, found there the second time
        found, source = sources.find("fashion_mnist", None)
        assert len(found.train_images) == 500 and expected in source
        (offline / "bin" / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    assert [p.name for p in (offline / "cache").iterdir()] == ["fashion-mnist"]


def test_datasets_of_other_things_are_refused(offline):
    with pytest.raises(UserError, match="has no dataset called fashion_mnits"):
        sources.find("fashion_mnits", None)
    with pytest.raises(
        UserError, match="has no IDX files .*no mnist of TensorFlow Datasets: it is not"
    ):
        sources.find("mnist", str(offline))
    with pytest.raises(UserError, match="cannot prepare mnist:9.9.9"):
        sources.find("mnist:9.9.9", None)
    with pytest.raises(UserError, match="cifar10 is not a dataset of grayscale images"):
        sources.find("cifar10", None)  # refused before a download is tried
