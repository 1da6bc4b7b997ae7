import keras
import numpy as np
import pytest
import tensorflow as tf

from fashion_mnist_vae.model import (
    VaeOptions,
    ZLayer,
    decoder,
    encoder,
    evaluate,
    kl_divergence,
    reparameterize,
    vae,
    vae_loss,
)

pytestmark = pytest.mark.quick

OPTS = VaeOptions(120, 16, 2)


def make_model(opts=OPTS, seed=0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return vae(encoder(opts), decoder(opts))


def test_names_and_shapes_match_the_original():
    encoder_model, decoder_model = encoder(OPTS), decoder(OPTS)
    vae_model = vae(encoder_model, decoder_model)
    models = (encoder_model, decoder_model, vae_model)
    assert [model.name for model in models] == ["encoder", "decoder", "vae_mlp"]
    names = ["encoder_input", "dense_Dense1", "z_mean", "z_log_var", "z"]
    assert [layer.name for layer in encoder_model.layers] == names
    assert encoder_model.output_shape == [(None, 2)] * 3
    assert [layer.name for layer in decoder_model.layers][1:] == ["dense_Dense2", "dense_Dense3"]
    assert decoder_model.input_shape == (None, 2) and decoder_model.output_shape == (None, 120)
    assert vae_model.output_shape == [(None, 120)] + [(None, 2)] * 3
    images = np.random.default_rng(0).random((5, 120), np.float32)
    decoded, z_mean, z_log_var, z = vae_model(images)
    np.testing.assert_allclose(decoded, decoder_model(z), atol=1e-6)
    np.testing.assert_allclose(z_mean, encoder_model(images)[0], atol=1e-6)
    np.testing.assert_allclose(z_log_var, encoder_model(images)[1], atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_zlayer_draws_from_the_normal_distribution(training):
    n = 200_000
    z_mean, z_log_var = np.array([0.5, -3.0, 0.0]), np.array([0.0, -4.0, 2.0])
    inputs = [tf.tile([z_mean], [n, 1]), tf.tile([z_log_var], [n, 1])]
    z = ZLayer()(inputs, training=training).numpy()
    deviation = np.exp(z_log_var / 2)
    # Five standard errors of the mean, and of the standard deviation.
    assert np.all(np.abs(z.mean(0) - z_mean) < 5 * deviation / np.sqrt(n))
    assert np.all(np.abs(z.std(0) / deviation - 1) < 5 / np.sqrt(2 * n))
    correlations = np.corrcoef(z.T)[np.triu_indices(3, 1)]
    assert np.all(np.abs(correlations) < 5 / np.sqrt(n))


@pytest.mark.parametrize("count", [1, 3])
def test_zlayer_rejects_other_than_two_inputs(count):
    inputs = [keras.Input((2,)) for _ in range(count)]
    with pytest.raises(ValueError, match="Expected exactly 2 input shapes. But got:"):
        ZLayer()(inputs if count > 1 else inputs[0])


def test_zlayer_loads_from_keras_file(tmp_path):
    encoder_model = encoder(OPTS)
    encoder_model.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")  # safe mode, no custom_objects
    assert isinstance(loaded.get_layer("z"), ZLayer)
    images = np.random.default_rng(0).random((5, 120), np.float32)
    for ours, theirs in zip(loaded(images)[:2], encoder_model(images)[:2], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def normal(x, mean, variance):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


@pytest.mark.parametrize(("mean", "log_var"), [(0.0, 0.0), (1.5, 0.7), (-2.0, -3.0)])
def test_kl_divergence_equals_numerical_integral(mean, log_var):
    x = np.linspace(-30, 30, 400_001)
    p, q = normal(x, mean, np.exp(log_var)), normal(x, 0, 1)
    logs = [np.log(np.maximum(density, 1e-300)) for density in (p, q)]
    integrand = p * (logs[0] - logs[1])
    expected = np.trapezoid(integrand, x)
    assert float(kl_divergence(mean, log_var)) == pytest.approx(expected, abs=1e-5)


def test_vae_loss_equals_the_original():
    rng = np.random.default_rng(0)
    inputs, decoded = rng.random((2, 7, 120), np.float32)
    z_mean, z_log_var = rng.standard_normal((2, 7, 3)).astype(np.float32)
    squared = ((inputs - decoded) ** 2).mean() * 120  # MSE times original_dim
    kl = -0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var)).sum(-1).mean()
    outputs = [tf.constant(a) for a in (decoded, z_mean, z_log_var, z_mean)]
    loss, *terms = map(float, vae_loss(inputs, outputs))
    assert loss == pytest.approx(squared + kl, rel=1e-5)
    assert terms == pytest.approx([squared, kl], rel=1e-5)
    loss, *_ = vae_loss(inputs, outputs, beta=4.0)
    assert float(loss) == pytest.approx(squared + 4 * kl, rel=1e-5)
    entropy = keras.losses.BinaryCrossentropy()(inputs, decoded) * 120
    loss, *_ = vae_loss(inputs, outputs, "bce")
    assert float(loss) == pytest.approx(float(entropy) + kl, rel=1e-4)


def test_bce_is_finite_for_certain_wrong_pixels():
    inputs = tf.constant([[1.0, 0.0]])
    zeros = tf.zeros([1, 2])
    loss, *_ = vae_loss(inputs, [1 - inputs, zeros, zeros, zeros], "bce")
    assert np.isfinite(float(loss))


def test_variables_hold_the_state_of_training_noise():
    """A checkpoint of the variables repeats the training noise; inference does not change it."""
    model = make_model()
    images = np.random.default_rng(0).random((5, 120), np.float32)
    (state,) = [v for v in model.variables if not any(v is w for w in model.weights)]
    before = state.numpy()
    first, second = (model(images, training=True)[3].numpy() for _ in range(2))
    assert np.abs(first - second).max() > 1e-3
    state.assign(before)
    model(images)
    np.testing.assert_array_equal(model(images, training=True)[3], first)


def test_evaluate_is_deterministic(shapes):
    model = make_model()
    first = evaluate(model, shapes.test_images)
    model(np.zeros((3, 120), np.float32))  # changes TensorFlow's random state
    assert evaluate(model, shapes.test_images) == first


LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("z_log_var", [LARGEST, -LARGEST, 88.8, -104.0, -np.inf])
def test_kl_divergence_of_extreme_variances_is_not_nan(z_log_var):
    z_mean, z_log_var = (tf.constant([[value]], tf.float32) for value in (0.0, z_log_var))
    divergence = float(kl_divergence(z_mean, z_log_var)[0, 0])
    assert divergence > 0 and not np.isnan(divergence)
    if np.isfinite(divergence):
        assert divergence == pytest.approx(-0.5 * (1 + float(z_log_var[0, 0])), rel=1e-5)
    assert float(kl_divergence(tf.constant(LARGEST), tf.constant(0.0))) == np.inf


def test_reparameterize_accepts_extreme_variances():
    epsilon = tf.constant([0.5, -0.5])
    mean = tf.constant([1.0, 2.0])
    for small in (-LARGEST, -np.inf, -300.0):
        assert reparameterize(mean, tf.constant([small] * 2), epsilon).numpy().tolist() == [1, 2]
    large = reparameterize(mean, tf.constant([LARGEST] * 2), epsilon).numpy()
    assert large.tolist() == [np.inf, -np.inf]
