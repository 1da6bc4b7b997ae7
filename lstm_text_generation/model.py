"""The next-character LSTM and its training: a port of the original's model.js.

The model that is saved is plain Keras: stacked LSTM layers and a softmax, one-hot windows
[batch, sample_len, charset_size] in, probabilities [batch, charset_size] out. Training and
generating call the LSTM layers' own cells one character at a time (cells.py). What model.js has
besides, `sample` and `generateText`, is in generation.py.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from lstm_text_generation.cells import lstm_cells, read, scan
from lstm_text_generation.data import TextData
from training_run import loop, replicas

Objective = Literal["every_char", "last_char"]

_EVALUATION_BATCH = 512


def create_model(
    sample_len: int, char_set_size: int, lstm_layer_sizes: int | Sequence[int], dropout: float = 0.0
) -> keras.Sequential:
    """Create a model for next-character prediction (`createModel`).

    Args:
      sample_len: characters in a window.
      char_set_size: distinct characters.
      lstm_layer_sizes: units of the LSTM layer, or of each of several.
      dropout: fraction of each LSTM layer's outputs that is dropped in training.

    Returns:
      A model from one-hot windows [batch, sample_len, char_set_size] to the probabilities of the
      character that follows, [batch, char_set_size].
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


def check_model(model: keras.Model) -> None:
    """Check that a model from elsewhere is one as `create_model` makes it.

    Raises:
      ValueError: it is not; the message says where it differs.
    """
    layers: list[Any] = model.layers if isinstance(model, keras.Sequential) else []
    *below, last = layers or [None]
    recurrent = [layer for layer in below if not isinstance(layer, keras.layers.Dropout)]
    if not recurrent or not all(isinstance(layer, keras.layers.LSTM) for layer in recurrent):
        raise ValueError("it must be a Sequential of LSTM layers, and Dropout, and a Dense")
    if any(layer.go_backwards or layer.return_state for layer in recurrent):
        raise ValueError("its LSTM layers must read forwards and return no states")
    if [layer.return_sequences for layer in recurrent] != [True] * (len(recurrent) - 1) + [False]:
        raise ValueError("all its LSTM layers but the last must return sequences")
    softmax = isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax
    if not (softmax and last.use_bias):
        raise ValueError("its last layer must be a Dense with softmax and a bias")
    shape = model.input_shape
    if len(shape) != 3 or not shape[1] or shape[2] != last.units:
        raise ValueError(
            f"it must map windows [batch, sample_len, charset_size] to [batch, charset_size], "
            f"but maps {shape} to {model.output_shape}"
        )


def compile_model(
    model: keras.Model,
    learning_rate: float,
    optimizer: Literal["rmsprop", "adam"] = "rmsprop",
) -> None:
    """Compile the model with categorical cross-entropy, in nats (`compileModel`).

    Args:
      optimizer: the original's RMSprop, or Adam.
    """
    classes = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}
    chosen = classes[optimizer](learning_rate)
    model.compile(optimizer=chosen, loss="categorical_crossentropy")
    chosen.build(model.trainable_variables)


def fit_model(
    model: keras.Model,
    text_data: TextData,
    num_epochs: int,
    examples_per_epoch: int,
    batch_size: int,
    validation_split: float,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    *,
    objective: Objective = "every_char",
    clip_norm: float = 0.0,
    mixed_precision: bool = False,
    seed: int = 0,
    progress: loop.Progress | None = None,
    patience: int = 0,
) -> loop.Progress:
    """Train the model, on fresh examples in each epoch (`fitModel`).

    Args:
      model: a compiled model as `create_model` makes it.
      examples_per_epoch: as in the original, examples for training and validation together:
        each epoch trains on `training_examples(examples_per_epoch, validation_split)`.
      validation_split: fraction of the text, at its end, that no training example touches. The
        original validates on windows that overlap the training ones.
      callbacks: Keras callbacks.
      objective: `last_char` takes the loss at the last character of each window, as the original;
        `every_char` at all of them, so that an example teaches `sample_len` predictions.
      clip_norm: scale the gradient down to this global norm where it is larger; 0 never does.
      mixed_precision: let the LSTM layers compute in bfloat16.
      seed: decides all random draws, together with the epoch and the step.
      progress: where to go on; by default from the start.
      patience: stop after so many epochs without a lower `val_loss`; 0 never does.

    Returns:
      The history, the best epoch and its weights. `val_loss` is the mean cross-entropy, in nats,
      of the one character after a full window of held-out text, whatever the objective;
      `bits_per_char` is the same in bits, as Shannon's 1.3 for English is.

    Raises:
      ValueError: the split leaves nothing to validate or to train on.
      UserError: the loss is not a number any more.
    """
    windows = text_data.validation_windows(validation_split) if validation_split else None

    def evaluate() -> loop.Logs:
        if windows is None:
            return {}
        val_loss = evaluate_model(model, windows)
        return {"val_loss": val_loss, "bits_per_char": val_loss / math.log(2)}

    def batches(epoch: int, skip: int) -> Iterator[tf.Tensor]:
        return text_data.training_batches(
            epoch=epoch,
            num_examples=training_examples(examples_per_epoch, validation_split),
            batch_size=batch_size,
            validation_split=validation_split,
            seed=seed,
            skip=skip,
        )

    return loop.fit(
        model,
        epochs=num_epochs,
        batches=batches,
        train_step=make_train_step(model, objective, clip_norm, mixed_precision, seed),
        evaluate=evaluate,
        callbacks=callbacks,
        progress=progress,
        patience=patience,
    )


def cosine(learning_rate: float, num_epochs: int) -> Callable[[int], float]:
    """Return a schedule for `keras.callbacks.LearningRateScheduler`.

    The learning rate falls from the given one to zero along half a cosine's period, epoch by epoch
    (Loshchilov and Hutter, "SGDR", 2017, without restarts).
    """
    return lambda epoch: learning_rate * (1 + math.cos(math.pi * epoch / num_epochs)) / 2


def training_examples(examples_per_epoch: int, validation_split: float) -> int:
    """Return how many of an epoch's examples are trained on, as Keras and the original split."""
    return max(1, math.floor(examples_per_epoch * (1 - validation_split)))


def make_train_step(
    model: keras.Model,
    objective: Objective = "every_char",
    clip_norm: float = 0.0,
    mixed_precision: bool = False,
    seed: int = 0,
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Return a function that takes one gradient step on windows [batch, sample_len + 1].

    Args:
      objective, clip_norm, mixed_precision, seed: as in `fit_model`.
    """
    cells, dense = lstm_cells(model), model.layers[-1]
    rate = next((x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)), 0.0)
    length = model.input_shape[1]

    def replica_step(windows: tf.Tensor) -> dict[str, tf.Tensor]:
        whole = tf.shape(windows)[0]
        characters = tf.transpose(replicas.share(windows))  # [length + 1, batch]
        step = tf.cast(model.optimizer.iterations.value, tf.int32)
        with tf.GradientTape() as tape:
            masks = [
                # Drawn from (seed, step), so that a resumed run drops the same units; and for the
                # whole batch, so that several replicas drop what one would.
                replicas.share(
                    tf.nn.experimental.stateless_dropout(
                        tf.ones([whole, length, cell.units]), rate, seed=(seed + layer, step)
                    )
                )
                for layer, cell in enumerate(cells)
                if rate
            ]
            with replicas.mixed_precision(cells, mixed_precision):
                outputs = scan(model, characters[:-1], masks)
            if objective == "every_char":
                hidden = tf.reshape(outputs, [-1, cells[-1].units])
                targets = tf.reshape(characters[1:], [-1])
            else:
                hidden, targets = outputs[-1], characters[-1]
            logits = tf.matmul(hidden, dense.kernel) + dense.bias
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            count = whole * (length if objective == "every_char" else 1)
            loss = tf.reduce_sum(losses) / tf.cast(count, tf.float32)
        variables = model.trainable_variables
        loss, *gradients = replicas.total([loss, *tape.gradient(loss, variables)])
        replicas.update(model.optimizer, gradients, variables, clip_norm)
        return {"loss": loss}

    @tf.function(input_signature=[tf.TensorSpec([None, length + 1], tf.int32)], autograph=False)
    def train_step(windows: tf.Tensor) -> dict[str, tf.Tensor]:
        return replicas.run(replica_step, windows)

    return train_step


def evaluate_model(model: keras.Model, windows: np.ndarray) -> float:
    """Return the mean cross-entropy, in nats, of the last character of windows [n, sample_len + 1].

    This is what Keras's `model.evaluate` computes from the one-hot pair.
    """
    starts = range(0, len(windows), _EVALUATION_BATCH)
    parts = [_loss(model, tf.constant(windows[i : i + _EVALUATION_BATCH])) for i in starts]
    return sum(map(float, parts)) / len(windows)


@tf.function(reduce_retracing=True, autograph=False)
def _loss(model: keras.Model, windows: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy, in nats, of the windows' last characters, summed."""

    def replica_loss(windows: tf.Tensor) -> tf.Tensor:
        mine = replicas.share(windows)
        probs, _ = read(model, mine[:, :-1])
        right = tf.gather(probs, mine[:, -1], batch_dims=1)
        return replicas.total([-tf.reduce_sum(tf.math.log(tf.maximum(right, 1e-30)))])[0]

    return replicas.run(replica_loss, windows)
