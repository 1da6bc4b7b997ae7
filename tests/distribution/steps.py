"""What one of several workers computes; run as `python -m tests.distribution.steps KIND FILE`.

KIND is a value of --distribution; mirrored runs on two processors that TensorFlow makes of one.
Writes to FILE what the test compares with that of the others.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

from fashion_mnist_vae import model as vae
from lstm_text_generation import model as lstm
from lstm_text_generation.data import TextData
from tests import shapes
from tests.conftest import TEXT
from training_run import replicas
from training_run.cluster import join

STEPS = 50
SIZES = [30] * (STEPS - 1) + [3]  # one that four replicas cannot share evenly; one too small


class Gradient(keras.optimizers.Optimizer):
    """Puts the gradient in the variable's place, so that it can be read exactly."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign(variable, gradient)


def text_model(optimizer, dropout=0.0):
    """Return a model, a step function of it and a batch for each step."""
    data = TextData("bottles", TEXT, 12, 3)
    keras.utils.set_random_seed(0)
    model = lstm.create_model(12, data.char_set_size(), [16, 8], dropout)
    lstm.compile_model(model, 0.01)
    model.optimizer = optimizer()
    model.optimizer.build(model.trainable_variables)
    (whole,) = data.training_batches(epoch=0, num_examples=sum(SIZES), batch_size=sum(SIZES))
    batches = np.split(whole.numpy(), np.cumsum(SIZES)[:-1])
    return model, lstm.make_train_step(model, clip_norm=0.05), batches


def image_model(optimizer):
    """Return the same of the other app."""
    images = _images(200)
    keras.utils.set_random_seed(0)
    opts = vae.VaeOptions(images.shape[1], 16, 2)
    model = vae.vae(vae.encoder(opts), vae.decoder(opts))
    model.compile(optimizer=optimizer())
    model.optimizer.build(model.trainable_variables)
    order = np.random.default_rng(0).integers(0, len(images), sum(SIZES))
    return model, vae.make_train_step(model, images, seed=3), np.split(order, np.cumsum(SIZES)[:-1])


def _images(count: int) -> np.ndarray:
    return shapes.draw_shapes(count, 0)[0].reshape(count, -1)


def measure() -> dict[str, np.ndarray]:
    """Return all figures, under the present strategy."""
    found = {}
    rows = tf.function(lambda: replicas.run(lambda: replicas.share(tf.range(10))))
    found["rows"] = rows().numpy()
    cases = {
        "text": text_model,
        "dropout": lambda optimizer: text_model(optimizer, 0.5),
        "images": image_model,
    }
    for name, make in cases.items():
        model, step, batches = make(lambda: Gradient(1.0))
        step(tf.constant(batches[0]))
        for index, gradient in enumerate(model.trainable_variables):
            found[f"{name}/gradient/{index:02d}"] = gradient.numpy()
        model, step, batches = make(lambda: keras.optimizers.Adam(0.01))
        losses = [float(step(tf.constant(batch))["loss"]) for batch in batches]
        found[f"{name}/losses"] = np.array(losses)
        copies = [tf.distribute.get_strategy().experimental_local_results(variable.value)
                  for variable in model.trainable_variables]  # fmt: skip
        for number, weights in enumerate(zip(*copies, strict=True)):  # of each replica here
            found[f"{name}/weights/{number}"] = np.concatenate([w.numpy().ravel() for w in weights])
        if name == "text":
            found["text/val_loss"] = np.array(lstm.evaluate_model(model, batches[0]))
        if name == "images":
            found["images/val_loss"] = np.array(vae.evaluate_model(model, _images(30)))
    return found


def main(kind: str, file: str) -> None:
    """Compute, and write the figures."""
    if kind == "mirrored":
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    with join(kind) as cluster, cluster.strategy.scope():
        np.savez(file, **measure())


if __name__ == "__main__":
    main(*sys.argv[1:])
