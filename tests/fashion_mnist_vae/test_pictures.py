import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae import pictures
from fashion_mnist_vae.grid import Grid
from fashion_mnist_vae.model import VaeOptions, decoder, encoder
from fashion_mnist_vae.preview import image_text, preview_image, terminal_style

pytestmark = pytest.mark.quick


def test_grid_goes_up_and_to_the_right():
    z = Grid(3, -1.0, 1.0).z(2).reshape(3, 3, 2)
    np.testing.assert_array_equal(z[0, 0], [-1, 1])
    np.testing.assert_array_equal(z[2, 0], [-1, -1])
    np.testing.assert_array_equal(z[2, 2], [1, -1])
    np.testing.assert_array_equal(z[1, 1], [0, 0])


def test_grid_spans_the_given_dimensions():
    z = Grid(3, -1.0, 1.0, (1, 3)).z(5).reshape(3, 3, 5)
    np.testing.assert_array_equal(z[0, 2], [0, 1, 0, 1, 0])
    assert not z[..., [0, 2, 4]].any()


def test_grid_of_one_point_and_of_one_dimension():
    np.testing.assert_array_equal(Grid(1, -1.0, 2.0).z(2), [[0.5, 0.5]])
    row = Grid(3, -1.0, 1.0, (0, 0))
    np.testing.assert_array_equal(row.z(1), [[-1], [0], [1]])
    decoder_model = decoder(VaeOptions(120, 16, 1))
    assert pictures.decode_grid(decoder_model, row, (12, 10)).shape == (12, 30)


def test_decode_grid_places_each_image():
    decoder_model = decoder(VaeOptions(120, 16, 2))
    grid = Grid(4, -2.0, 2.0)
    montage = pictures.decode_grid(decoder_model, grid, (12, 10))
    assert montage.shape == (48, 40)
    z = grid.z(2).reshape(4, 4, 2)
    for row, column in ((0, 0), (1, 3), (3, 2)):
        tile = montage[row * 12 : (row + 1) * 12, column * 10 : (column + 1) * 10]
        expected = decoder_model(z[row, column][None]).numpy().reshape(12, 10)
        np.testing.assert_allclose(tile, expected, atol=1e-6)


def test_largest_kl_dimensions_are_the_two_largest(shapes):
    encoder_model = encoder(VaeOptions(120, 16, 4))
    biases = {"z_mean": [0.0, 3.0, 0.1, -2.0], "z_log_var": [0.0] * 4}
    for name, bias in biases.items():
        layer = encoder_model.get_layer(name)
        layer.set_weights([np.zeros((16, 4)), np.array(bias)])
    dimensions, divergence = pictures.largest_kl_dimensions(encoder_model, shapes)
    assert dimensions == (1, 3)
    np.testing.assert_allclose(divergence, np.square(biases["z_mean"]) / 2, atol=1e-6)


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_pictures_of_one_and_three_latent_dimensions(shapes, tmp_path, latent_dim):
    opts = VaeOptions(120, 16, latent_dim)
    encoder_model, decoder_model = encoder(opts), decoder(opts)
    dimensions, _ = pictures.largest_kl_dimensions(encoder_model, shapes)
    grid = Grid(3, dimensions=dimensions)
    montage = pictures.decode_grid(decoder_model, grid, shapes.image_shape)
    pictures.save_grid(tmp_path / "grid.png", montage, grid)
    pictures.save_clusters(tmp_path / "clusters.png", encoder_model, shapes, dimensions)
    pictures.save_reconstructions(tmp_path / "r.png", encoder_model, decoder_model, shapes)
    for name in ("grid.png", "clusters.png", "r.png"):
        picture = tf.io.decode_png((tmp_path / name).read_bytes()).numpy()
        assert min(picture.shape[:2]) > 150 and len(np.unique(picture)) > 10


def test_save_image_keeps_every_pixel(tmp_path):
    image = np.linspace(-0.1, 1.1, 35).reshape(5, 7)
    pictures.save_image(tmp_path / "i.png", image)
    read = tf.io.decode_png((tmp_path / "i.png").read_bytes()).numpy()[..., 0]
    np.testing.assert_array_equal(read, np.round(np.clip(image, 0, 1) * 255))


def test_preview_image_prints_text(capsys):
    preview_image(np.array([[0, 1, 0.5], [0, 1, 0.7]]))
    assert capsys.readouterr().out == " @+\n"


def test_image_text_in_ascii():
    image = np.array([[0, 1, 0.5], [0, 1, 0.7], [1, 0, 0]])
    assert image_text(image, "ascii") == " @+\n="  # two rows per line; the last line is half black


def test_image_text_in_half_blocks_keeps_every_pixel():
    image = np.array([[0.0, 1.0], [1.0, 0.5]])
    assert image_text(image, "truecolor") == (
        "\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[38;2;255;255;255;48;2;128;128;128m▀\x1b[0m"
    )
    assert image_text(image, "256") == "\x1b[38;5;232;48;5;255m▀\x1b[38;5;255;48;5;244m▀\x1b[0m"


@pytest.mark.parametrize(
    ("tty", "variables", "style"),
    [
        (False, {"COLORTERM": "truecolor"}, "ascii"),
        (True, {"COLORTERM": "truecolor"}, "truecolor"),
        (True, {}, "256"),
        (True, {"NO_COLOR": "1"}, "ascii"),
        (True, {"TERM": "dumb"}, "ascii"),
    ],
)
def test_terminal_style_follows_the_terminal(monkeypatch, tty, variables, style):
    for name in ("COLORTERM", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: tty)
    assert terminal_style() == style
