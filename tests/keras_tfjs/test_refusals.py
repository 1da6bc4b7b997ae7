"""`save` refuses models that TensorFlow.js cannot compute exactly; the error names the layer."""

import keras
import pytest
from keras import layers, ops

from keras_tfjs import layers_model
from tests.keras_tfjs.refused_models import (
    IMAGE,
    VOLUME,
    Configured,
    CustomReLU,
    CustomSequential,
    Factor,
    Scaled,
    SpecialDense,
    Unregistered,
    always_training_model,
    functional,
    layer_of_two_models,
    other_backward_layer,
    relu,
    renamed_backward_layer,
    sequential,
    subclassed_model,
    violated_constraint,
    within_steps,
)

pytestmark = pytest.mark.quick

REFUSED = {
    "custom relu": (lambda: sequential(layers.Dense(3, relu)), "is a custom function"),
    "custom class with a known name": (
        lambda: sequential(CustomReLU()),
        "has its own class ReLU",
    ),
    "subclass of Sequential": (
        lambda: CustomSequential([keras.Input((4,)), layers.Dense(2)]),
        "no subclasses",
    ),
    "argument of 0": (
        lambda: functional(lambda x: Factor()(x, factor=0.0)),
        "called with more than its inputs: factor",
    ),
    "config": (lambda: sequential(Configured()), "its config cannot be written as JSON"),
    "constraint": (violated_constraint, "layer 'd': kernel does not meet its constraint"),
    "dilation": (
        lambda: sequential(layers.DepthwiseConv2D(2, dilation_rate=2), shape=(5, 5, 1)),
        "dilation_rate: TensorFlow.js has .1, 1. only",
    ),
    "integers": (
        lambda: functional(layers.BatchNormalization(), (4,), dtype="int32"),
        "is called on int32; only Embedding, Rescaling and layers that move values accept it",
    ),
    "integers in a Sequential": (
        lambda: keras.Sequential([keras.Input((4,), dtype="int32"), layers.ReLU()]),
        "is called on int32; only Embedding, Rescaling and layers that move values accept it",
    ),
    "no size": (lambda: functional(layers.Dense(3), (0,)), "has no inputs of shape"),
    "scalars": (
        lambda: functional(lambda x: layers.Reshape((1,))(x), ()),
        "has no inputs of shape",
    ),
    "name": (lambda: sequential(layers.Dense(3, name="a b")), "takes names of letters, digits"),
    "backward name": (renamed_backward_layer, "backward_layer: differs from layer in name"),
    "outputs in a Sequential": (
        lambda: sequential(layers.LSTM(3, return_state=True)),
        "needs a single output in a Sequential",
    ),
    "one to add": (lambda: functional(lambda x: layers.Add()([x])), "needs at least two inputs"),
    "output twice": (lambda: functional(lambda x: [x, x]), "an output occurs twice"),
    "axis within TimeDistributed": (
        lambda: sequential(layers.TimeDistributed(layers.Softmax(axis=1))),
        "axis: must be -1, not 1",
    ),
    "hard_sigmoid": (
        lambda: sequential(layers.LSTM(3, recurrent_activation="hard_sigmoid", name="l")),
        "layer 'l' .LSTM.: recurrent_activation: hard_sigmoid of Keras 3 is x / 6",
    ),
    "function": (lambda: sequential(layers.Dense(3, lambda x: x)), "has no activation"),
    "GRU": (
        lambda: sequential(layers.GRU(3, name="g")),
        "layer 'g' .GRU.: reset_after: must be False",
    ),
    "stateful": (
        lambda: keras.Sequential(
            [keras.Input(batch_shape=(2, 6, 4)), layers.LSTM(3, stateful=True)]
        ),
        "stateful: TensorFlow.js has False only",
    ),
    "dtype": (lambda: sequential(layers.Dense(3, dtype="float16")), "its dtype is float16"),
    "mixed": (lambda: sequential(layers.Dense(3, dtype="mixed_float16")), "dtype is mixed_float16"),
    "input dtype": (
        lambda: keras.Sequential([keras.Input((3,), dtype="uint8"), layers.Flatten()]),
        "its dtype is uint8",
    ),
    "Lambda": (lambda: sequential(layers.Lambda(lambda x: x)), "class is not in the table"),
    "custom with weights": (lambda: sequential(Scaled()), "custom layers with weights"),
    "not registered": (lambda: sequential(Unregistered()), "class is not in the table"),
    "subclass": (lambda: sequential(SpecialDense(2)), "class is not in the table"),
    "channels first": (
        lambda: sequential(layers.GlobalMaxPooling1D(data_format="channels_first")),
        "data_format: must be 'channels_last'",
    ),
    "output padding": (
        lambda: sequential(layers.Conv2DTranspose(2, 3, 2, output_padding=1), shape=(4, 4, 1)),
        "output_padding: TensorFlow.js has None only",
    ),
    "RMS": (lambda: sequential(layers.LayerNormalization(rms_scaling=True)), "rms_scaling"),
    "initializer": (
        lambda: sequential(
            layers.Dense(
                3,
                kernel_initializer=keras.initializers.VarianceScaling(
                    1, "fan_in", "untruncated_normal"
                ),
            )
        ),
        "kernel_initializer: TensorFlow.js has no distribution 'untruncated_normal'",
    ),
    "regularizer": (
        lambda: sequential(
            layers.Dense(3, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())
        ),
        "kernel_regularizer: TensorFlow.js has no 'OrthogonalRegularizer'",
    ),
    "activity regularizer": (
        lambda: sequential(layers.Dense(3, activity_regularizer="l2")),
        "activity_regularizer",
    ),
    "backward layer": (other_backward_layer, "backward_layer: differs from layer in activation"),
    "training": (
        always_training_model,
        "layer 'drop' .*called with more than its inputs: training",
    ),
    "two models": (layer_of_two_models, "two weights are named shared/kernel"),
    "subclassed": (subclassed_model, "only Sequential and functional models"),
    "not built": (lambda: keras.Sequential([layers.Dense(2)]), "begin it with keras.Input"),
    "activation": (
        lambda: sequential(layers.Dense(3, "exponential", name="d")),
        "layer 'd' .Dense.: activation: TensorFlow.js has no activation 'exponential'",
    ),
    "class": (
        lambda: sequential(layers.UnitNormalization(name="unit")),
        "layer 'unit' .UnitNormalization.: the class is not in the table",
    ),
    "AlphaDropout": (lambda: sequential(layers.AlphaDropout(0.1)), "drops to the wrong value"),
    "augmentation": (
        lambda: sequential(layers.RandomFlip(name="flip"), shape=IMAGE),
        "layer 'flip' .RandomFlip.: acts in training only; remove it",
    ),
    "transposed 3D convolution": (
        lambda: sequential(layers.Conv3DTranspose(2, 3), shape=VOLUME),
        "wasm backend computes wrong numbers",
    ),
    "3D pooling of steps": (
        lambda: within_steps(layers.MaxPooling3D(2), (2, *VOLUME)),
        "wasm backend computes wrong numbers for negative values",
    ),
    "dropout of cells": (
        lambda: sequential(layers.RNN(layers.LSTMCell(3, dropout=0.1))),
        "layer 'lstm_cell.*' .LSTMCell.: dropout: TensorFlow.js has 0.0 only",
    ),
    "states of stacked cells": (
        lambda: functional(
            layers.RNN([layers.LSTMCell(2), layers.LSTMCell(3)], return_state=True), (6, 4)
        ),
        "return_state: TensorFlow.js has the states of stacked cells reversed",
    ),
    "bidirectional cells": (
        lambda: sequential(layers.Bidirectional(layers.RNN(layers.SimpleRNNCell(3)))),
        "layer: TensorFlow.js has LSTM, GRU and SimpleRNN only",
    ),
    "states of a ConvLSTM2D": (
        lambda: functional(
            lambda x, h, c: layers.ConvLSTM2D(2, 2, padding="same")(x, initial_state=[h, c]),
            (4, 6, 5, 3),
            (6, 5, 2),
            (6, 5, 2),
        ),
        "initial_state: TensorFlow.js fails to load the model",
    ),
    "dot product": (
        lambda: functional(lambda x, y: layers.Dot(3)([x, y]), IMAGE, IMAGE),
        "has no dot product of more than 3 dimensions",
    ),
    "slope and maximum": (
        lambda: sequential(layers.ReLU(6, negative_slope=0.1)),
        "cannot be written with a max_value",
    ),
    "unknown size": (
        lambda: sequential(layers.UpSampling2D(interpolation="bilinear"), shape=(None, None, 3)),
        "the input size must be known",
    ),
    "crop": (lambda: sequential(layers.CenterCrop(9, 9), shape=IMAGE), "image size must be known"),
    "operation": (
        lambda: functional(lambda x: ops.exp(x)),
        "is an operation of keras.src.ops.numpy, not a layer",
    ),
    "division": (lambda: functional(lambda x, y: x / y, (4,), (4,)), "divide by a number only"),
    "ranks": (
        lambda: functional(lambda x, y: x + y, (6, 4), (4,)),
        "broadcasts tensors of equal rank only",
    ),
    "batch axis": (
        lambda: functional(lambda x: ops.transpose(x, (1, 0)), (4,)),
        "cannot transpose the batch axis",
    ),
    "slice of the batch": (
        lambda: functional(lambda x: x[1:, :]),
        "can slice axes of known size only",
    ),
    "one tensor twice": (
        lambda: functional(lambda x, h: layers.LSTM(3)(x, initial_state=[h, h]), (6, 4), (3,)),
        "is called on one tensor twice",
    ),
    "number": (
        lambda: functional(lambda x: x[:, 0]),
        "the result is a vector",
    ),
    "custom function in a composition": (
        lambda: functional(lambda x: layers.Dense(3, lambda x: x)(x) + 1),
        "activation",
    ),
    "attention mask": (
        lambda: functional(
            lambda x, m: layers.MultiHeadAttention(2, 2)(x, x, attention_mask=m), (6, 4), (6, 6)
        ),
        "cannot be written with attention_mask",
    ),
    "constant of another shape": (
        lambda: functional(lambda x: x * ops.ones(3), (1,)),
        "cannot broadcast a tensor to the shape of a larger constant",
    ),
    "masked composition": (
        lambda: functional(
            lambda x: layers.Attention()([layers.Masking()(x), x]),
            (6, 4),
        ),
        "no composition for inputs with a mask",
    ),
    "nan in metadata": (lambda: sequential(layers.Dense(2)), "Out of range float values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unsupported_model_is_refused(tmp_path, name):
    make, pattern = REFUSED[name]
    metadata = {"x": float("nan")} if name == "nan in metadata" else None
    with pytest.raises(ValueError, match=pattern):
        layers_model.save(make(), tmp_path / "model", metadata)
    assert not (tmp_path / "model").exists()
