"""The next-character LSTM, its training and its sampling: a port of the original's model.js.

The model that is saved is plain Keras: stacked LSTM layers and a softmax, one-hot windows
[batch, sample_len, charset_size] in, probabilities [batch, charset_size] out. Training and
generating call the LSTM layers' own cells one character at a time, in loops written here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from lstm_text_generation.data import TextData
from training_run import loop

Objective = Literal["every_char", "last_char"]
Mode = Literal["stateful", "windowed"]
States = list[list[tf.Tensor]]  # [h, c] of each LSTM layer, each [batch, units]

_EVALUATION_BATCH = 512
_STREAMED = 10  # characters made between two looks at the screen


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
    sizes = [lstm_layer_sizes] if isinstance(lstm_layer_sizes, int) else list(lstm_layer_sizes)
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
    optimizer: Literal["rmsprop", "adam"] = "rmsprop",
    clip_norm: float = 0.0,
) -> None:
    """Compile the model with categorical cross-entropy, in nats (`compileModel`).

    Args:
      optimizer: the original's RMSprop, or Adam.
      clip_norm: scale the gradient down to this global norm where it is larger; 0 never does.
    """
    classes = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}
    chosen = classes[optimizer](learning_rate, global_clipnorm=clip_norm or None)
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
      seed: decides all random draws, together with the epoch and the step.
      progress: where to go on; by default from the start.
      patience: stop after so many epochs without a lower `val_loss`; 0 never does.

    Returns:
      The history, the best epoch and its weights. `val_loss` is the mean cross-entropy, in nats,
      of the one character after a full window of held-out text, whatever the objective.

    Raises:
      ValueError: the split leaves nothing to validate or to train on.
      UserError: the loss is not a number any more.
    """
    windows = text_data.validation_windows(validation_split) if validation_split else None

    def evaluate() -> loop.Logs:
        return {} if windows is None else {"val_loss": evaluate_model(model, windows)}

    def batches(epoch: int, skip: int) -> tf.data.Dataset:
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
        train_step=make_train_step(model, objective, seed),
        evaluate=evaluate,
        callbacks=callbacks,
        progress=progress,
        patience=patience,
    )


def training_examples(examples_per_epoch: int, validation_split: float) -> int:
    """Return how many of an epoch's examples are trained on, as Keras and the original split."""
    return max(1, math.floor(examples_per_epoch * (1 - validation_split)))


def make_train_step(
    model: keras.Model, objective: Objective = "every_char", seed: int = 0
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Return a function that takes one gradient step on windows [batch, sample_len + 1].

    The loop over the characters is unrolled into the graph, character by character through all
    layers. So one layer's next character and the next layer's present one wait for nothing but
    their own inputs, and TensorFlow computes them at the same time on two cores. That, and not the
    arithmetic, is where it is faster than `model.fit`: the matrices are too small to share.
    """
    cells, dense = _cells(model), model.layers[-1]
    rate = next((x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)), 0.0)
    length, size = model.input_shape[1:]

    @tf.function(input_signature=[tf.TensorSpec([None, length + 1], tf.int32)])
    def train_step(windows: tf.Tensor) -> dict[str, tf.Tensor]:
        characters = tf.unstack(tf.transpose(windows))  # [batch] of each position
        batch = tf.shape(windows)[0]
        step = tf.cast(model.optimizer.iterations.value, tf.int32)
        with tf.GradientTape() as tape:
            states = _zero_states(model, batch)
            masks = [
                # Drawn from (seed, step), so that a resumed run drops the same units.
                tf.nn.experimental.stateless_dropout(
                    tf.ones([length, batch, cell.units]), rate, seed=(seed + layer, step)
                )
                for layer, cell in enumerate(cells)
                if rate
            ]
            outputs = []
            for position in range(length):
                x = tf.one_hot(characters[position], size)
                for layer, cell in enumerate(cells):
                    x, states[layer] = cell(x, states[layer])
                    if rate:
                        x *= masks[layer][position]
                outputs.append(x)
            targets = characters[1:]
            if objective == "last_char":
                outputs, targets = outputs[-1:], targets[-1:]
            logits = tf.matmul(tf.concat(outputs, 0), dense.kernel) + dense.bias
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.concat(targets, 0), logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return {"loss": loss}

    return train_step


def evaluate_model(model: keras.Model, windows: np.ndarray) -> float:
    """Return the mean cross-entropy, in nats, of the last character of windows [n, sample_len + 1].

    This is what Keras's `model.evaluate` computes from the one-hot pair.
    """
    starts = range(0, len(windows), _EVALUATION_BATCH)
    parts = [_losses(model, tf.constant(windows[i : i + _EVALUATION_BATCH])) for i in starts]
    return float(np.concatenate(parts).mean(dtype=np.float64))


def read(model: keras.Model, text: tf.Tensor) -> tuple[tf.Tensor, States]:
    """Run the model over a text from its beginning.

    The loop keeps nothing but tensors. Keras's own keeps lists of them, which TensorFlow.js cannot
    run.

    Args:
      text: indices [batch, length], or one-hot vectors [batch, length, charset_size].

    Returns:
      The probabilities of the character that follows, [batch, charset_size], and the LSTM states.
    """
    cells, size = _cells(model), model.input_shape[2]

    def body(position: tf.Tensor, _: tf.Tensor, states: States) -> tuple:
        x = text[:, position]
        if text.dtype.is_integer:
            x = tf.one_hot(x, size)
        return position + 1, *_advance(cells, x, states)

    length = tf.shape(text)[1]
    batch = tf.shape(text)[0]
    output = tf.zeros([batch, cells[-1].units])
    start = (tf.constant(0), output, _zero_states(model, batch))
    _, output, states = tf.while_loop(lambda position, *_: position < length, body, start)
    return model.layers[-1](output), states


def sample(
    probs: Any, temperature: Any, seed: Sequence[int] | None = None, top_k: int = 0
) -> tf.Tensor:
    """Draw characters from predicted probabilities (`sample`; the book's section 10.1.3).

    A probability p becomes proportional to p^(1 / temperature): below 1 the likely ones grow
    likelier, at 0 only the likeliest is left, above 1 they come closer to each other.

    Args:
      probs: probabilities [charset_size], or [batch, charset_size]; they may hold zeros.
      temperature: at least 0; a number, or one a row.
      seed: two integers that decide the draw; by default another draw every time.
      top_k: draw only from the k likeliest; 0 draws from all.

    Returns:
      The index drawn, or [batch] of them.

    Raises:
      ValueError: the temperature is negative or not a finite number.
    """
    probs = tf.convert_to_tensor(probs, tf.float32)
    if not np.all(np.isfinite(temperature)) or np.any(np.asarray(temperature) < 0):
        raise ValueError(f"temperature must be a number of at least 0, but got {temperature}")
    if seed is None:
        seed = np.random.default_rng().integers(0, 2**31, 2).tolist()
    rows = tf.reshape(probs, [-1, probs.shape[-1]])
    drawn = _draw(rows, tf.constant(temperature, tf.float32), tf.constant(seed, tf.int64), top_k)
    return tf.reshape(drawn, probs.shape[:-1])


class TextGenerator:
    """Writes text with a trained model, a character at a time, a batch of texts at once.

    `stateful` reads the seed text once, whatever its length, and then carries the LSTM states on.
    `windowed` reads the last `sample_len` characters anew for every character, as the original.
    """

    def __init__(self, model: keras.Model, mode: Mode = "stateful", top_k: int = 0):
        self.model = model
        self.mode = mode
        self.top_k = top_k
        indices = tf.TensorSpec([None, None], tf.int32)
        self.start = tf.function(self._start, input_signature=[indices])
        self.write = tf.function(self._write, reduce_retracing=True)

    def _start(self, text: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Read seed texts [batch, length]; in windowed mode at least `sample_len` characters.

        Returns:
          The probabilities of the next character, and what else `write` needs to go on.
        """
        window = text[:, -self.model.input_shape[1] :]
        if self.mode == "windowed":
            return read(self.model, window)[0], window
        return read(self.model, text)

    def _write(
        self,
        probs: tf.Tensor,
        memory: Any,
        length: tf.Tensor,
        temperature: tf.Tensor,
        seed: tf.Tensor,
        position: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """Write `length` characters more.

        Args:
          probs, memory: as the last call, or `start`, returned them.
          temperature: of all texts, or one a text.
          seed, position: what decides the draws: the seed, and how many characters came before.

        Returns:
          The indices written [batch, length], and `probs` and `memory` for the next call.
        """

        def body(i: tf.Tensor, probs: tf.Tensor, memory: Any, written: tf.TensorArray) -> tuple:
            draw_seed = tf.stack([seed, position + tf.cast(i, tf.int64)])
            drawn = _draw(probs, temperature, draw_seed, self.top_k)
            return i + 1, *self._go_on(memory, drawn), written.write(i, drawn)

        written = tf.TensorArray(tf.int32, length)
        start = (tf.constant(0), probs, memory, written)
        _, probs, memory, written = tf.while_loop(lambda i, *_: i < length, body, start)
        return tf.transpose(written.stack()), probs, memory

    def _go_on(self, memory: Any, drawn: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Return the probabilities after one character more, and the memory."""
        if self.mode == "windowed":
            window = tf.concat([memory[:, 1:], drawn[:, None]], axis=1)
            return read(self.model, window)[0], window
        x = tf.one_hot(drawn, self.model.input_shape[2])
        output, states = _advance(_cells(self.model), x, memory)
        return self.model.layers[-1](output), states


def generate_text(
    model: keras.Model,
    char_set: Sequence[str],
    sentence_indices: Sequence[int],
    length: int,
    temperature: float,
    on_text_generation_char: Callable[[str], None] | None = None,
    *,
    mode: Mode = "stateful",
    top_k: int = 0,
    seed: int | None = None,
) -> str:
    """Generate text with a next-character model (`generateText`).

    Args:
      char_set: the characters by index.
      sentence_indices: the seed text; in windowed mode at least `sample_len` characters.
      length: characters to generate.
      temperature: at least 0; see `sample`.
      on_text_generation_char: called with each character, soon after it is made.
      mode: see `TextGenerator`.
      top_k: draw only from the k likeliest characters; 0 draws from all.
      seed: decides the draws; by default another text every time.

    Raises:
      ValueError: the seed text is empty, or too short for windowed mode.
    """
    needed = model.input_shape[1] if mode == "windowed" else 1
    if len(sentence_indices) < needed:
        raise ValueError(
            f"Seed text must have a length of at least {needed}, but has a length of "
            f"{len(sentence_indices)}."
        )
    if seed is None:
        seed = int(np.random.default_rng().integers(0, 2**31))
    generator = TextGenerator(model, mode, top_k)
    probs, memory = generator.start(tf.constant([sentence_indices], tf.int32))
    generated = ""
    while len(generated) < length:
        indices, probs, memory = generator.write(
            probs,
            memory,
            tf.constant(min(_STREAMED, length - len(generated))),
            tf.constant(temperature, tf.float32),
            tf.constant(seed, tf.int64),
            tf.constant(len(generated), tf.int64),
        )
        for index in indices[0].numpy():
            generated += char_set[index]
            if on_text_generation_char:
                on_text_generation_char(char_set[index])
    return generated


def _cells(model: keras.Model) -> list[keras.layers.LSTMCell]:
    return [layer.cell for layer in model.layers if isinstance(layer, keras.layers.LSTM)]


def _zero_states(model: keras.Model, batch: tf.Tensor) -> States:
    return [[tf.zeros([batch, cell.units])] * 2 for cell in _cells(model)]


def _advance(
    cells: list[keras.layers.LSTMCell], x: tf.Tensor, states: States
) -> tuple[tf.Tensor, States]:
    """Take one character [batch, charset_size] through the LSTM layers."""
    advanced = []
    for cell, state in zip(cells, states, strict=True):
        x, state = cell(x, state)
        advanced.append(state)
    return x, advanced


@tf.function(reduce_retracing=True)
def _losses(model: keras.Model, windows: tf.Tensor) -> tf.Tensor:
    """Return the cross-entropy, in nats, of each window's last character."""
    probs, _ = read(model, windows[:, :-1])
    return -tf.math.log(tf.maximum(tf.gather(probs, windows[:, -1], batch_dims=1), 1e-30))


def _draw(probs: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor, top_k: int) -> tf.Tensor:
    """Draw an index from each row of probs [batch, charset_size], in log space."""
    likeliest = tf.argmax(probs, axis=-1, output_type=tf.int32)
    # log(0) is never taken: what has no probability must not get any at a high temperature.
    logits = tf.where(probs > 0, tf.math.log(tf.maximum(probs, 1e-38)), -math.inf)
    if top_k and top_k < probs.shape[-1]:
        least = tf.math.top_k(logits, top_k).values[:, -1:]
        logits = tf.where(logits >= least, logits, -math.inf)
    divisor = tf.maximum(temperature, 1e-6)  # the original's lower bound
    if divisor.shape.rank:
        divisor = divisor[:, None]
    logits = (logits - tf.reduce_max(logits, axis=-1, keepdims=True)) / divisor
    drawn = tf.random.stateless_categorical(logits, 1, seed, dtype=tf.int32)[:, 0]
    return tf.where(temperature < 1e-6, likeliest, drawn)
