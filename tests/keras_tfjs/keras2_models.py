"""Creates models with Keras 2, for test_official_converter.py: python keras2_models.py DIRECTORY.

The script runs in the official converter's environment, which has Keras 2 as `tf_keras`. For each
model, it writes the inputs and outputs to NAME.npz. It converts the model's HDF5 file to NAME-h5,
and its SavedModel to NAME-saved, with weights in shards of 100 bytes.
"""

import sys
from pathlib import Path

import numpy as np
import tf_keras as keras
from tensorflowjs.converters import converter
from tf_keras import layers


def chain(shape, *layers) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *layers])


def merged() -> keras.Model:
    x, y = keras.Input((5, 4)), keras.Input((5, 4))
    sums = [
        layer([x, y])
        for layer in (layers.Add(), layers.Multiply(), layers.Average(), layers.Maximum())
    ]
    joined = layers.Concatenate()([*sums, layers.Minimum()([x, y])])
    return keras.Model([x, y], [joined, layers.Dot(2)([x, y])])


def shared_and_nested() -> keras.Model:
    x, y = keras.Input((4,)), keras.Input((4,))
    shared = layers.Dense(3, "relu", name="shared")
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="inside")], name="inner")
    return keras.Model([x, y], layers.Concatenate()([inner(shared(x)), inner(shared(y))]))


def seq2seq() -> keras.Model:
    x, y = keras.Input((5, 4)), keras.Input((6, 4))
    _, *states = layers.LSTM(3, return_state=True, name="encoder")(x)
    decoded = layers.LSTM(3, return_sequences=True, name="decoder")(y, initial_state=states)
    return keras.Model([x, y], layers.Dense(4, "softmax")(decoded))


def cells() -> list:
    return [layers.LSTMCell(3, name="one"), layers.SimpleRNNCell(2, name="two")]


MODELS = {
    "dense": lambda: chain(
        (6,), layers.Dense(5, "elu"), layers.Dropout(0.1), layers.Dense(3, "softmax")
    ),
    "convolutions": lambda: chain(
        (13, 12, 3),
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.SeparableConv2D(5, 3),
        layers.DepthwiseConv2D(2, activation="selu"),
        layers.Conv2DTranspose(3, 2, 2),
        layers.MaxPooling2D(),
        layers.UpSampling2D(),
        layers.ZeroPadding2D(((1, 0), (2, 1))),
        layers.Cropping2D(1),
        layers.AveragePooling2D(),
        layers.GlobalAveragePooling2D(),
    ),
    "sequence": lambda: chain(
        (9, 4),
        layers.Conv1D(3, 2, dilation_rate=2),
        layers.MaxPooling1D(),
        layers.LayerNormalization(),
        layers.PReLU(),
        layers.LeakyReLU(0.1),
        layers.Permute((2, 1)),
        layers.SpatialDropout1D(0.1),
        layers.GaussianNoise(0.1),
        layers.GaussianDropout(0.1),
        layers.Flatten(),
        layers.RepeatVector(2),
        layers.Reshape((-1, 3)),
        layers.AveragePooling1D(),
        layers.Softmax(),
        layers.ReLU(0.3),
        layers.ELU(),
        layers.GlobalMaxPooling1D(),
    ),
    "volumes": lambda: chain(
        (5, 6, 4, 3), layers.Conv3D(2, 2), layers.AveragePooling3D(2), layers.Rescaling(0.5)
    ),
    "lstm": lambda: chain((5, 4), layers.LSTM(3, return_sequences=True), layers.LSTM(2)),
    "gru": lambda: chain((5, 4), layers.GRU(3, reset_after=False), layers.Dense(2)),
    "simple_rnn": lambda: chain((5, 4), layers.SimpleRNN(3, go_backwards=True)),
    "bidirectional": lambda: chain((5, 4), layers.Bidirectional(layers.LSTM(3), merge_mode="sum")),
    "time_distributed": lambda: chain((5, 4), layers.TimeDistributed(layers.Dense(3, "tanh"))),
    "rnn": lambda: chain((5, 4), layers.RNN(layers.LSTMCell(3))),
    "stacked_cells": lambda: chain((5, 4), layers.RNN(cells())),
    "conv_lstm": lambda: chain((3, 6, 5, 2), layers.ConvLSTM2D(2, 2)),
    "masked": lambda: chain((5, 4), layers.Masking(), layers.LSTM(3)),
    "embedding": lambda: chain((5,), layers.Embedding(9, 3, mask_zero=True), layers.LSTM(3)),
    "merged": merged,
    "shared_and_nested": shared_and_nested,
    "seq2seq": seq2seq,
}


def main(directory: Path) -> None:
    rng = np.random.default_rng(0)
    for name, make in MODELS.items():
        model = make()
        weights = [rng.uniform(0.2, 0.9, w.shape) for w in model.get_weights()]
        model.set_weights(weights)
        inputs = [rng.integers(0, 9, (2, *x.shape[1:])).astype(np.float32) for x in model.inputs]
        outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        arrays = {f"input{number}": value for number, value in enumerate(inputs)}
        arrays |= {f"output{number}": value.numpy() for number, value in enumerate(outputs)}
        np.savez(directory / f"{name}.npz", **arrays)
        model.save(directory / f"{name}.h5")
        model.save(directory / name, save_format="tf")
        convert("keras", directory / f"{name}.h5", directory / f"{name}-h5")
        convert("keras_saved_model", directory / name, directory / f"{name}-saved")


def convert(input_format: str, source: Path, target: Path) -> None:
    flags = [f"--input_format={input_format}", "--output_format=tfjs_layers_model"]
    converter.convert([*flags, "--weight_shard_size_bytes=100", str(source), str(target)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
