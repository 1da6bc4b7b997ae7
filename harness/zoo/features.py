"""Single features of Keras: attention, normalization, sharing, `keras.ops`."""

import keras
from keras import layers, ops

from harness.zoo.registry import example, floats, images, padded_tokens


@example(floats(7, 12), floats(9, 12))
def attention_layers():
    """Attention, AdditiveAttention, and MultiHeadAttention with its scores."""
    query, value = keras.Input((7, 12)), keras.Input((9, 12))
    dot = layers.Attention()([query, value])
    scaled = layers.Attention(use_scale=True, score_mode="concat")([query, value])
    additive = layers.AdditiveAttention()([query, value])
    heads, scores = layers.MultiHeadAttention(2, 6)(query, value, return_attention_scores=True)
    return keras.Model([query, value], [layers.add([dot, scaled, additive, heads]), scores])


@example(floats(8, 16))
def group_query_attention():
    inputs = keras.Input((8, 16))
    x = layers.GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(
        inputs, inputs
    )
    return keras.Model(inputs, layers.RMSNormalization()(x + inputs))


@example(images(8, 8, 6))
def normalizations():
    inputs = keras.Input((8, 8, 6))
    x = layers.SpectralNormalization(layers.Conv2D(6, 3, padding="same"))(inputs)
    x = layers.GroupNormalization(groups=3)(x)
    x = layers.RMSNormalization()(layers.LayerNormalization(axis=[1, 2, 3])(x))
    x = layers.UnitNormalization()(layers.BatchNormalization(axis=1)(x))
    return keras.Model(inputs, layers.Flatten()(x))


@example(floats(6, 5), floats(6, 5))
def shared_layers():
    """The same layers and the same nested model in several places."""
    first, second = keras.Input((6, 5)), keras.Input((6, 5))
    dense = layers.Dense(8, activation="relu")
    recurrent = layers.LSTM(6)
    inner_input = keras.Input((6,))
    inner = keras.Model(inner_input, layers.Dense(4, activation="tanh")(inner_input))
    encoded = [inner(recurrent(dense(x))) for x in (first, second)]
    mean = layers.Average()([first, second])
    x = layers.Concatenate()([*encoded, inner(recurrent(dense(mean)))])
    return keras.Model([first, second], layers.Dense(4)(x))


class MultipleInputs(keras.Model):
    """A subclassed model with a nested structure of inputs and outputs."""

    def __init__(self):
        super().__init__()
        self.image = keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.Flatten()])
        self.text = layers.GRU(6)
        self.embedding = layers.Embedding(20, 8, mask_zero=True)
        self.head = layers.Dense(3)

    def call(self, inputs, training=None):
        x = self.text(self.embedding(inputs["text"]))
        joined = ops.concatenate([self.image(inputs["image"]), x], axis=-1)
        return {"logits": self.head(joined), "norm": ops.norm(joined, axis=-1)}


@example(image=images(8, 8, 3), text=padded_tokens(6, 20))
def subclassed_inputs():
    return MultipleInputs()


@example(floats(8))
def operators_and_lambda():
    """Python's operators on Keras tensors, comparisons, `where`, and Lambda."""
    inputs = keras.Input((8,))
    x = 2.0 * inputs - inputs**2 / (1.0 + ops.abs(inputs))
    x = ops.where(x > 0.0, x, ops.expm1(x))
    x = layers.Lambda(lambda t: ops.clip(t, -3.0, 3.0))(x)
    x = layers.Subtract()([x, layers.Dense(8, activation="softsign")(inputs)])
    first, second = x[:, :4], ops.flip(x[:, 4:], axis=-1)
    return keras.Model(inputs, ops.maximum(first, -second) @ ops.eye(4))


@example(floats(6, 8))
def keras_operations():
    """Sorting, sums, products and statistics along axes."""
    inputs = keras.Input((6, 8))
    x = ops.einsum("bij,bkj->bik", inputs, inputs)
    total = ops.cumsum(inputs, axis=1)
    spread = ops.std(inputs, axis=-1, keepdims=True)
    order = ops.argsort(inputs, axis=-1)
    ranked = ops.take_along_axis(inputs, order, axis=-1)
    highest = ops.logsumexp(inputs, axis=1)
    outputs = [
        ops.tril(ops.softmax(x)),
        ops.log1p(ops.abs(total)),
        ranked / (spread + 1e-3),
        ops.swapaxes(ops.erf(inputs), 1, 2),
        ops.norm(highest, axis=-1),
    ]
    return keras.Model(inputs, outputs)


@example(images(20, 20, 3, most=255))
def image_preprocessing():
    """Resizing, cropping, rescaling and augmentation as the first layers."""
    return keras.Sequential(
        [
            keras.Input((20, 20, 3)),
            layers.Resizing(16, 16),
            layers.CenterCrop(12, 12),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.RandomFlip("horizontal_and_vertical"),
            layers.RandomRotation(0.2),
            layers.RandomTranslation(0.1, 0.1),
            layers.RandomBrightness(0.1),
            layers.Conv2D(6, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(4),
        ]
    )


@example(floats(10, 6))
def separable_sequence():
    """One-dimensional separable, depthwise and transposed convolutions."""
    inputs = keras.Input((10, 6))
    x = layers.SeparableConv1D(8, 3, padding="same", activation="relu")(inputs)
    x = layers.DepthwiseConv1D(3, padding="same")(x)
    x = layers.UpSampling1D(2)(layers.ZeroPadding1D(1)(x))
    x = layers.Conv1DTranspose(4, 3, strides=2, padding="same")(layers.Cropping1D(2)(x))
    return keras.Model(inputs, layers.Permute((2, 1))(x))


@example(floats(12))
def activations():
    """Several activations, one after the other."""
    inputs = keras.Input((12,))
    x = layers.Dense(12, activation="elu")(inputs)
    for name in ("gelu", "mish", "selu", "softplus", "hard_sigmoid", "hard_silu", "exponential"):
        x = layers.UnitNormalization()(layers.Dense(12, activation=name)(3.0 * x))
    x = layers.PReLU()(layers.Dense(12)(x))
    x = layers.LeakyReLU(0.1)(layers.ELU()(layers.Dense(12, activation="tanh")(x)))
    return keras.Model(inputs, layers.Softmax()(x))
