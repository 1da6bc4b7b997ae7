"""Whole models in the style of the Keras examples: TensorFlow.js computes the same as Keras."""

import keras
import numpy as np
import pytest

from harness import applications
from harness.zoo import EXAMPLES
from harness.zoo_runs import convert, run

pytestmark = pytest.mark.long

DOMAINS = sorted({example.domain for example in EXAMPLES.values()})
# TensorFlow.js lacks the hash function of strings.
GRAPHS_REFUSED = {"feature_space", "hashed_categories"}
# At least these models also convert to layers models.
LAYERS_MODELS = set(
    """
    actor_critic addition_rnn anomaly_autoencoder captcha_ocr cifar_resnet convmixer ct_scan
    deep_and_cross deeplab denoising_autoencoder feature_pyramid gan_generator
    grouped_convolutions imbalanced_classes mini_xception mnist_convnet next_frame
    pet_segmentation separable_sequence seq2seq_decoder_step seq2seq_lstm series_convolutions
    series_transformer shared_layers speaker_recognition squeeze_excite_mobile
    text_bidirectional_lstm text_cnn text_convolutions text_lstm text_similarity unet
    video_transformer visual_question_answering wavenet weather_forecast
    wgan_generator zero_dce
    """.split()  # noqa: SIM905
)


def converted(examples, directory):
    """Return the conversions by kind and name."""
    kinds = {"layers": {}, "graph": {}}
    for example in examples:
        for kind, conversion in convert(example, directory, list(kinds)).items():
            kinds[kind][example.name] = conversion
    return kinds


def wrong(conversions, backend, runner, tolerance=1e-5):
    outcomes = run(conversions, backend, runner)
    return {name: out for name, out in outcomes.items() if not out.difference <= tolerance}


def rows_differ(outputs):
    """Tell whether the outputs depend on the inputs; equal constant outputs would prove nothing."""
    return max(np.abs(rows - rows[0]).max() for rows in keras.tree.flatten(outputs)) > 1e-3


@pytest.mark.parametrize("domain", DOMAINS)
def test_models_of_a_domain_compute_the_same(domain, tmp_path, run_in_node):
    examples = [example for example in EXAMPLES.values() if example.domain == domain]
    kinds = converted(examples, tmp_path)
    assert all(rows_differ(conversion.expected[-1]) for conversion in kinds["graph"].values())
    refused = {name: c.refusal for name, c in kinds["graph"].items() if c.refusal}
    assert set(refused) == GRAPHS_REFUSED & set(kinds["graph"]), refused
    layers = {name for name, conversion in kinds["layers"].items() if conversion.jobs}
    assert layers >= LAYERS_MODELS & set(kinds["layers"])
    for backend in ("cpu", "wasm"):
        assert not wrong(kinds["layers"], backend, run_in_node)
        assert not wrong(kinds["graph"], backend, run_in_node)


WEBGL = [
    *("named_entities_transformer", "seq2seq_lstm", "vision_transformer", "feature_pyramid"),
    *("next_frame", "retrieval"),
]


def test_graph_models_compute_the_same_in_webgl(tmp_path, run_in_chromium):
    kinds = converted([EXAMPLES[name] for name in WEBGL], tmp_path)
    assert not wrong(kinds["graph"], "webgl", run_in_chromium)


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "ConvNeXtTiny"])
def test_application_computes_the_same(name, tmp_path, run_in_node):
    (conversion,) = convert(applications.architecture(name), tmp_path, ["graph"]).values()
    assert not conversion.refusal
    scale = max(np.abs(outputs).max() for outputs in conversion.expected)
    for backend in ("cpu", "wasm"):
        assert not wrong({name: conversion}, backend, run_in_node, 1e-5 * scale)
