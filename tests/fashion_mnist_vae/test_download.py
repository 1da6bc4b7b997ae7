"""The download command, run as a user runs it."""

import numpy as np

from fashion_mnist_vae import data, download, train
from tests.support.commands import assert_one_line
from tests.support.shapes import draw_shapes


def test_download_prints_where_the_images_are(call, shapes_dir):
    code, out, _ = call(download, "--dataset=shapes", f"--data_dir={shapes_dir}")
    assert (code, out) == (0, f"shapes: 500 + 100 images of 12 x 10, from {shapes_dir}\n")


def test_download_writes_the_file_of_the_original(call, shapes_dir, tmp_path):
    output = tmp_path / "dataset"
    code, out, _ = call(
        download, "--dataset=shapes", f"--data_dir={shapes_dir}", f"--output={output}"
    )
    assert code == 0 and out.endswith(f"Wrote {output / 'train-images-idx3-ubyte'}.\n")
    (file,) = output.iterdir()
    np.testing.assert_array_equal(data.load_images(file), draw_shapes(500, 0)[0])
    assert_one_line(
        call(download, "--dataset=shapes", f"--data_dir={shapes_dir}", f"--output={file}"),
        "File exists",
    )


def test_download_reports_another_order(call, shared_datasets, tmp_path):
    tfds = shared_datasets / "tensorflow_datasets"
    code, out, _ = call(download, f"--data_dir={tfds}", f"--output={tmp_path}")
    assert code == 0 and "have another order than in the original's file" in out
    line = [f"--data_dir={tmp_path}", f"--save_path={tmp_path / 'run'}"]
    assert_one_line(call(train, *line), "is not Fashion-MNIST's", "--dataset=NAME")
