"""All kinds of models as graph models: subclassed, with dicts, lookup tables or random layers."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from harness.javascript import arrays, difference, graph_job
from keras_tfjs import graph_model
from keras_tfjs.tracing import function_of
from tests.keras_tfjs.case import randomize

BACKENDS = ["cpu", "wasm"]
FLOATS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


@keras.saving.register_keras_serializable(package="tests")
class Recommender(keras.Model):
    """A subclassed model; its input holds a user and an item."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.users, self.items, self.dropout = (
            layers.Embedding(9, 4),
            layers.Embedding(9, 4),
            layers.Dropout(0.5),
        )

    def call(self, pairs, training=None):
        products = self.users(pairs[:, 0]) * self.items(pairs[:, 1])
        return keras.ops.sum(self.dropout(products, training=training), axis=-1, keepdims=True)


class TwoArguments(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, first, second):
        return {"sum": first + self.dense(second)}


class Noise(layers.Layer):
    """Draws from a seed variable at each call."""

    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seed_generator)


def functional(call, *shapes, dtype="float32") -> keras.Model:
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes or [(3,)]]
    return keras.Model(inputs, call(*inputs))


def run(run_in_node, path, values, backend="wasm"):
    signature = json.loads((path / "model.json").read_text())["signature"]
    inputs = dict(zip(signature["inputs"], values, strict=True))
    return run_in_node(backend, [graph_job(path, inputs, list(signature["outputs"]))])[0]


def check(run_in_node, model, path, values, backend="wasm"):
    graph_model.save(model, path)
    expected = model(values[0] if len(values) == 1 else values, training=False)
    assert difference(run(run_in_node, path, values, backend), expected) <= 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_subclassed_model_computes_the_same(run_in_node, tmp_path, backend):
    model, pairs = Recommender(), np.array([[1, 2], [3, 4], [0, 8]], np.float32)
    with pytest.raises(ValueError, match="inputs of Recommender are unknown: call the model once"):
        graph_model.save(model, tmp_path / "model")
    model(pairs)
    check(run_in_node, randomize(model), tmp_path / "model", [pairs], backend)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    check(run_in_node, loaded, tmp_path / "loaded", [pairs], backend)


def test_model_of_several_arguments_needs_a_tf_function(run_in_node, tmp_path):
    model = TwoArguments()
    expected = model(FLOATS, -FLOATS)
    with pytest.raises(
        ValueError, match="missing a required argument: 'second' .give a tf.function"
    ):
        graph_model.save(model, tmp_path / "model")
    specs = [tf.TensorSpec([None, 3], tf.float32, name) for name in ("first", "second")]
    graph_model.save(tf.function(model, input_signature=specs), tmp_path)
    assert difference(run(run_in_node, tmp_path, [FLOATS, -FLOATS]), expected) <= 1e-6


def test_dicts_keep_the_names_of_inputs_and_outputs(run_in_node, tmp_path):
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    model = keras.Model({"b": b, "a": a}, {"two": layers.Dense(2)(a), "one": a + 2 * b})
    graph_model.save(model, tmp_path)
    signature = json.loads((tmp_path / "model.json").read_text())["signature"]
    assert sorted(signature["inputs"]) == ["a", "b"]
    assert list(signature["outputs"]) == ["one", "two"]
    values = {"a": FLOATS, "b": -FLOATS}
    (answer,) = run_in_node("wasm", [graph_job(tmp_path, values, ["one", "two"])])
    expected = model(values)
    assert difference(answer, [expected["one"], expected["two"]]) <= 1e-6


TABLES = {
    "integers": (
        lambda: layers.IntegerLookup(vocabulary=[3, 5, 9]),
        np.int64,
        [[3, 9, 4], [5, 5, 3]],
    ),
    "text": (
        lambda: layers.StringLookup(vocabulary=["ä", "b"]),
        "string",
        [["b", "ä", "?"], ["b"] * 3],
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_lookup_tables_compute_the_same(run_in_node, tmp_path, name, backend):
    layer, dtype, values = TABLES[name]
    model = functional(lambda x: layers.Embedding(9, 2)(layer()(x)), (3,), dtype=dtype)
    model = randomize(model)
    graph_model.save(model, tmp_path)
    answer = run(run_in_node, tmp_path, [np.array(values)], backend)
    assert difference(answer, model(tf.constant(values))) <= 1e-6


def test_lookup_table_returns_strings(run_in_node, tmp_path):
    layer = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    graph_model.save(functional(layer, (3,), dtype="int64"), tmp_path)
    answer = run(run_in_node, tmp_path, [np.array([[1, 2, 0]])])
    assert answer["outputs"][0]["values"] == ["a", "b", "[UNK]"]


def test_random_layers_do_nothing_at_prediction(run_in_node, tmp_path):
    """Dropout, noise and augmentation do nothing at prediction."""
    random_layers = [
        *(
            layers.RandomFlip(),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1),
            layers.RandomContrast(0.1),
        ),
        *(
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomBrightness(0.1),
            layers.GaussianNoise(0.1),
        ),
        *(
            layers.SpatialDropout2D(0.5),
            layers.AlphaDropout(0.5),
            layers.GaussianDropout(0.5),
            layers.Dropout(0.5),
        ),
    ]
    model = keras.Sequential([keras.Input((8, 8, 3)), *random_layers])
    images = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype(np.float32)
    check(run_in_node, model, tmp_path, [images])


def test_layer_with_a_seed_draws_new_numbers(run_in_node, tmp_path):
    """Each call draws new numbers, from the same distribution as in Keras."""
    graph_model.save(functional(Noise()), tmp_path)
    zeros = np.zeros((4000, 3), np.float32)
    first, second = (arrays(run(run_in_node, tmp_path, [zeros]))[0] for _ in range(2))
    assert np.abs(first - second).max() > 0.1
    assert abs(first.mean()) < 0.05 and abs(first.std() - 1) < 0.05


def test_grouped_convolutions_compute_the_same(run_in_node, tmp_path):
    """Keras compiles grouped convolutions with XLA, as separate functions."""
    x = keras.Input((6, 6, 4))
    outputs = [
        layers.Conv2D(6, 3, groups=2, padding="same")(x),
        layers.Conv2D(8, 3, groups=4, padding="same")(x),
        layers.Reshape((6, 6, 4))(
            layers.Conv1D(4, 3, groups=2, padding="same")(layers.Reshape((36, 4))(x))
        ),
    ]
    model = randomize(keras.Model(x, outputs))
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype(np.float32)
    check(run_in_node, model, tmp_path, [images])


def test_signature_chooses_a_function_of_a_saved_model(run_in_node, tmp_path):
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.float32, "x")
    functions = {
        name: tf.function(lambda x, factor=factor: {"y": factor * x}, input_signature=[spec])
        for name, factor in (("double", 2.0), ("half", 0.5))
    }
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=functions)
    with pytest.raises(ValueError, match="has no signature serving_default; it has: double, half"):
        graph_model.save(tmp_path / "saved", tmp_path / "model")
    graph_model.save(tmp_path / "saved", tmp_path / "model", signature="half")
    x = np.array([1, 3], np.float32)
    assert difference(run(run_in_node, tmp_path / "model", [x]), [x / 2]) == 0


REFUSED = {
    "stateful": (
        lambda: keras.Sequential(
            [keras.Input(batch_shape=(2, 6, 4)), layers.LSTM(3, stateful=True)]
        ),
        "the model changes a variable when it is called",
    ),
    "sparse": (
        lambda: keras.Model(x := keras.Input((3,), sparse=True), layers.Dense(2)(x)),
        "TensorFlow.js has no sparse or ragged inputs",
    ),
    "not built": (lambda: keras.Sequential([layers.Dense(2)]), "inputs of Sequential are unknown"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unsupported_model_is_refused(tmp_path, name):
    make, pattern = REFUSED[name]
    with pytest.raises(ValueError, match=pattern):
        graph_model.save(make(), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_output_names_replace_the_defaults(tmp_path):
    model = functional(lambda x: [layers.Dense(2)(x), x])
    for names, found in ((None, ["output_0", "output_1"]), (["y", "x"], ["x", "y"])):
        graph_model.save(function_of(model, names), tmp_path)
        signature = json.loads((tmp_path / "model.json").read_text())["signature"]
        assert list(signature["outputs"]) == found
