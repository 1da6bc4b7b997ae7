"""The next-character LSTM and its training: a port of the original's model.js.

In docstrings, a name in parentheses is the original's name.

The saved model is plain Keras: LSTM layers and a softmax, from one-hot windows
[batch, sample_len, charset_size] to the probabilities of the next character [batch, charset_size].
"""

import functools
import math
import re
from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from lstm_text_generation.cells import State, run_by_character, run_by_layer, zero_state
from lstm_text_generation.data import TextData
from lstm_text_generation.generation import generate_text
from training_run.distribution import all_reduce_mean, num_replicas, shard
from training_run.run import Run
from training_run.schedule import Schedule

Objective = Literal["every_char", "last_char"]

DISPLAY_TEMPERATURES = (0.0, 0.25, 0.5, 0.75)  # as in train_node.js and the book's table 10.1
_EVALUATION_BATCH = 512
_MUON_ADAM_RATIO = 0.2  # Adam's learning rate, for weights that Muon leaves out, divided by Muon's


def create_model(
    sample_len: int, char_set_size: int, lstm_layer_sizes: int | Sequence[int], dropout: float = 0.0
) -> keras.Sequential:
    """Create a model for next-character prediction (`createModel`).

    Args:
      sample_len: characters in a window.
      char_set_size: number of distinct characters.
      lstm_layer_sizes: units of each LSTM layer; a number for a single layer.
      dropout: fraction of each LSTM layer's outputs that training drops.

    Returns:
      A model from one-hot windows [batch, sample_len, char_set_size] to the probabilities of the
      next character, [batch, char_set_size].
    """
    sizes = lstm_layer_sizes if isinstance(lstm_layer_sizes, Sequence) else [lstm_layer_sizes]
    layers: list[keras.Layer] = [keras.Input((sample_len, char_set_size))]
    for number, size in enumerate(sizes, start=1):
        layers.append(
            keras.layers.LSTM(size, return_sequences=number < len(sizes), name=f"lstm_{number}")
        )
        if dropout:
            layers.append(keras.layers.Dropout(dropout, name=f"dropout_{number}"))
    layers.append(keras.layers.Dense(char_set_size, activation="softmax", name="dense"))
    return keras.Sequential(layers, name="next_char")


def compile_model(
    model: keras.Model,
    learning_rate: float,
    optimizer: Literal["rmsprop", "adam", "muon"] = "rmsprop",
    weight_decay: float = 0.0,
) -> None:
    """Compile the model with categorical cross-entropy, in nats (`compileModel`).

    Args:
      optimizer: the original's RMSprop, Adam, or Muon. Muon takes orthogonal steps in the matrices
        of the LSTM layers (Jordan et al., 2024, kellerjordan.github.io/posts/muon); Adam updates
        the biases and the last layer.
      weight_decay: each step shrinks the weights by this fraction times the learning rate; with
        Muon only the matrices of the LSTM layers.
    """
    classes = {
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "muon": functools.partial(
            keras.optimizers.Muon,
            exclude_layers=[re.escape(model.layers[-1].name)],
            adam_lr_ratio=_MUON_ADAM_RATIO,
            adam_weight_decay=None,
        ),
    }
    chosen = classes[optimizer](learning_rate, weight_decay=weight_decay or None)
    model.compile(optimizer=chosen, loss="categorical_crossentropy")
    chosen.build(model.trainable_variables)


def fit_model(
    model: keras.Model,
    text_data: TextData,
    num_epochs: int,
    examples_per_epoch: int,
    batch_size: int,
    validation_split: float,
    run: Run | None = None,
    *,
    objective: Objective = "every_char",
    schedule: Schedule = "constant",
    warmup_steps: int = 0,
    clip_norm: float = 0.1,
    patience: int = 0,
    seed: int = 0,
    seed_text: str = "",
    display_length: int = 120,
) -> keras.Model:
    """Train the model (`fitModel`).

    Args:
      model: a compiled model as `create_model` makes it.
      text_data: the text, with the model's window length and character set.
      num_epochs: epochs of the run, including those before it was resumed.
      examples_per_epoch: examples in an epoch. As in the original, training leaves out a fraction
        `validation_split` of the examples; see `num_training_examples`.
      batch_size: windows in a step.
      validation_split: fraction of the text, at its end, that is held out for validation. In the
        original, validation windows overlap training windows.
      run: the training run, for one model only; by default a new run that writes no files.
      objective: `last_char` computes the loss at the last character of each window, as the original
        does; `every_char` at all characters, so an example trains `sample_len` predictions.
      schedule, warmup_steps: how the learning rate changes; see `training_run.schedule`.
      clip_norm: clip gradients to this global norm; 0 disables clipping. The default is below the
        usual norm of the gradients, because this keeps long runs stable (docs/recipes.md).
      patience: stop after this many epochs without a lower loss; 0 disables early stopping.
      seed: random seed of the examples and the samples.
      seed_text: the text that the samples after each epoch continue; by default no samples.
      display_length: characters of each sample.

    Returns:
      A copy of the model with the weights of the best epoch, which has the lowest `val_loss`, or
      the lowest training loss if `validation_split` is 0. `run.history` has the metrics of each
      epoch. With both objectives, `val_loss` is the mean cross-entropy, in nats, of the character
      after a window of held-out text.

    Raises:
      ValueError: the held-out text or the training text is too short for a window.
      UserError: the loss is NaN or infinite.
    """
    run = run or Run()
    held_out = text_data.validation_windows(validation_split) if validation_split else None
    learning_rate = float(model.optimizer.learning_rate.numpy())
    # The original computes the loss only at the last position of a window.
    num_positions = 1 if objective == "last_char" else text_data.sample_len()

    @run.on_each_replica
    def train_step(windows: tf.Tensor) -> dict[str, tf.Tensor]:  # int32 [batch, sample_len + 1]
        with tf.GradientTape() as tape:
            logits, _ = sequence_logits(model, windows[:, :-1], num_positions, training=True)
            targets = windows[:, -num_positions:]  # the character after each of these positions
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        # Average the gradients over the replicas. The decorator averages the metrics.
        gradients = all_reduce_mean(gradients, windows)
        if clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
        model.optimizer.apply(gradients, model.trainable_variables)
        return {"loss": loss}

    run.restore(model, model.optimizer)  # a new run has nothing to restore
    for epoch in run.epochs(num_epochs, patience):
        batches = text_data.next_data_epoch(
            num_training_examples(examples_per_epoch, validation_split),
            batch_size,
            epoch=epoch,
            validation_split=validation_split,
            seed=seed,
        )
        for windows in run.steps(batches):
            run.schedule_learning_rate(learning_rate, schedule, warmup_steps)
            run.log_step(train_step(windows))
        metrics = {}
        if held_out is not None:
            val_loss = evaluate(model, held_out)
            run.check_finite("val_loss", val_loss)  # before sampling, which fails on NaN
            metrics = {"val_loss": val_loss, "bits_per_char": val_loss / math.log(2)}
        samples = {}
        if seed_text:
            samples = sample_texts(model, text_data, seed_text, display_length, seed + epoch)
        run.log_epoch(metrics, samples)
    run.set_learning_rate(learning_rate)  # undo the schedule
    return run.best_model(model)


def sequence_logits(
    model: keras.Model,
    windows: tf.Tensor,
    num_positions: int = 0,
    state: State | None = None,
    training: bool = False,
) -> tuple[tf.Tensor, State]:
    """Return the logits of the next character at the last positions of windows.

    Args:
      windows: indices [batch, length].
      num_positions: how many; 0 for all.
      state: the LSTM state before the first position; by default zero.
      training: apply the model's Dropout layers.

    Returns:
      float32 [batch, num_positions, charset_size], and the state after the last position.
    """
    batch_size, dense = tf.shape(windows)[0], model.layers[-1]
    masks = {
        layer.name: _dropout_mask(layer, batch_size)
        for layer in model.layers
        if training and isinstance(layer, keras.layers.Dropout)
    }
    run_layers = run_by_layer if tf.config.list_physical_devices("GPU") else run_by_character
    hidden, state = run_layers(model, windows, state or zero_state(model, batch_size), masks)
    return tf.tensordot(hidden[:, -num_positions:], dense.kernel, axes=1) + dense.bias, state


def _dropout_mask(layer: keras.layers.Dropout, batch_size: tf.Tensor) -> tf.Tensor:
    """Return the factors of a Dropout layer at all positions of a window, [batch, units].

    One mask for all positions regularizes recurrent layers better (Gal and Ghahramani, "A
    Theoretically Grounded Application of Dropout in Recurrent Neural Networks", 2016). The layer
    draws the rows of all replicas, and each replica takes its own rows, so the number of replicas
    does not change the masks.
    """
    ones = tf.ones([batch_size * num_replicas(), layer.output.shape[-1]])
    return shard(layer(ones, training=True))


def evaluate(model: keras.Model, windows: np.ndarray) -> float:
    """Return the mean cross-entropy, in nats, of the last character of windows [n, sample_len + 1].

    Keras's `model.evaluate` computes the same from one-hot windows.
    """
    starts = range(0, len(windows), _EVALUATION_BATCH)
    losses = [_last_char_loss(model, windows[i : i + _EVALUATION_BATCH]) for i in starts]
    return sum(float(loss) for loss in losses) / len(windows)


@tf.function(reduce_retracing=True, autograph=False)
def _last_char_loss(model: keras.Model, windows: tf.Tensor) -> tf.Tensor:
    """Return the summed cross-entropy, in nats, of the windows' last characters."""
    logits, _ = sequence_logits(model, windows[:, :-1], num_positions=1)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(windows[:, -1:], logits)
    return tf.reduce_sum(losses)


def sample_texts(
    model: keras.Model, text_data: TextData, seed_text: str, length: int, seed: int
) -> dict[str, str]:
    """Return a text for each temperature of train_node.js, all with the same seed text.

    Raises:
      UserError: the model's probabilities are NaN.
    """
    char_set, indices = text_data.char_set(), text_data.text_to_indices(seed_text)
    return {
        f"{temperature:g}": generate_text(model, char_set, indices, length, temperature, seed=seed)
        for temperature in DISPLAY_TEMPERATURES
    }


def num_training_examples(examples_per_epoch: int, validation_split: float) -> int:
    """Return the number of training examples in an epoch, split as in Keras and the original."""
    return max(1, math.floor(examples_per_epoch * (1 - validation_split)))
