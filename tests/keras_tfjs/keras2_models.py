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

L = keras.layers


def chain(shape, *layers) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *layers])


def merged() -> keras.Model:
    x, y = keras.Input((5, 4)), keras.Input((5, 4))
    sums = [layer([x, y]) for layer in (L.Add(), L.Multiply(), L.Average(), L.Maximum())]
    joined = L.Concatenate()([*sums, L.Minimum()([x, y])])
    return keras.Model([x, y], [joined, L.Dot(2)([x, y])])


def shared_and_nested() -> keras.Model:
    x, y = keras.Input((4,)), keras.Input((4,))
    shared = L.Dense(3, "relu", name="shared")
    inner = keras.Sequential([keras.Input((3,)), L.Dense(2, name="inside")], name="inner")
    return keras.Model([x, y], L.Concatenate()([inner(shared(x)), inner(shared(y))]))


def seq2seq() -> keras.Model:
    x, y = keras.Input((5, 4)), keras.Input((6, 4))
    _, *states = L.LSTM(3, return_state=True, name="encoder")(x)
    decoded = L.LSTM(3, return_sequences=True, name="decoder")(y, initial_state=states)
    return keras.Model([x, y], L.Dense(4, "softmax")(decoded))


def cells() -> list:
    return [L.LSTMCell(3, name="one"), L.SimpleRNNCell(2, name="two")]


MODELS = {
    "dense": lambda: chain((6,), L.Dense(5, "elu"), L.Dropout(0.1), L.Dense(3, "softmax")),
    "convolutions": lambda: chain(
        (13, 12, 3),
        L.Conv2D(4, 3, padding="same", activation="relu"),
        L.BatchNormalization(),
        L.SeparableConv2D(5, 3),
        L.DepthwiseConv2D(2, activation="selu"),
        L.Conv2DTranspose(3, 2, 2),
        L.MaxPooling2D(),
        L.UpSampling2D(),
        L.ZeroPadding2D(((1, 0), (2, 1))),
        L.Cropping2D(1),
        L.AveragePooling2D(),
        L.GlobalAveragePooling2D(),
    ),
    "sequence": lambda: chain(
        (9, 4),
        L.Conv1D(3, 2, dilation_rate=2),
        L.MaxPooling1D(),
        L.LayerNormalization(),
        L.PReLU(),
        L.LeakyReLU(0.1),
        L.Permute((2, 1)),
        L.SpatialDropout1D(0.1),
        L.GaussianNoise(0.1),
        L.GaussianDropout(0.1),
        L.Flatten(),
        L.RepeatVector(2),
        L.Reshape((-1, 3)),
        L.AveragePooling1D(),
        L.Softmax(),
        L.ReLU(0.3),
        L.ELU(),
        L.GlobalMaxPooling1D(),
    ),
    "volumes": lambda: chain((5, 6, 4, 3), L.Conv3D(2, 2), L.AveragePooling3D(2), L.Rescaling(0.5)),
    "lstm": lambda: chain((5, 4), L.LSTM(3, return_sequences=True), L.LSTM(2)),
    "gru": lambda: chain((5, 4), L.GRU(3, reset_after=False), L.Dense(2)),
    "simple_rnn": lambda: chain((5, 4), L.SimpleRNN(3, go_backwards=True)),
    "bidirectional": lambda: chain((5, 4), L.Bidirectional(L.LSTM(3), merge_mode="sum")),
    "time_distributed": lambda: chain((5, 4), L.TimeDistributed(L.Dense(3, "tanh"))),
    "rnn": lambda: chain((5, 4), L.RNN(L.LSTMCell(3))),
    "stacked_cells": lambda: chain((5, 4), L.RNN(cells())),
    "conv_lstm": lambda: chain((3, 6, 5, 2), L.ConvLSTM2D(2, 2)),
    "masked": lambda: chain((5, 4), L.Masking(), L.LSTM(3)),
    "embedding": lambda: chain((5,), L.Embedding(9, 3, mask_zero=True), L.LSTM(3)),
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
