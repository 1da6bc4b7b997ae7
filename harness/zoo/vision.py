"""Images: convolutional networks for classes, pixels and text."""

import keras
from keras import layers, ops

from harness.zoo.registry import example, images


@example(images(28, 28, 1))
def mnist_convnet():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(16, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


@example(images(16, 16, 3))
def cifar_resnet():
    def convolution(x, filters, strides=1):
        x = layers.Conv2D(filters, 3, strides, padding="same", kernel_regularizer="l2")(x)
        return layers.BatchNormalization()(x)

    inputs = keras.Input((16, 16, 3))
    x = layers.Activation("relu")(convolution(inputs, 8))
    for filters, strides in ((8, 1), (16, 2), (24, 2)):
        y = layers.Activation("relu")(convolution(x, filters, strides))
        y = convolution(y, filters)
        if strides > 1:
            x = layers.Conv2D(filters, 1, strides, padding="same")(x)
        x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(pool_size=4)(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


@example(images(32, 32, 3, most=255))
def mini_xception():
    """Rescaling, separable convolutions with residuals, as in the first image tutorial."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1.0 / 255)(inputs)
    x = layers.Conv2D(8, 3, strides=2, padding="same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    previous = x
    for size in (12, 16):
        x = layers.Activation("relu")(x)
        x = layers.BatchNormalization()(layers.SeparableConv2D(size, 3, padding="same")(x))
        x = layers.Activation("relu")(x)
        x = layers.BatchNormalization()(layers.SeparableConv2D(size, 3, padding="same")(x))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(size, 1, strides=2, padding="same")(previous)
        x = previous = layers.add([x, residual])
    x = layers.SeparableConv2D(24, 3, padding="same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(1)(x))


@example(images(32, 32, 3))
def unet():
    def double_convolution(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    inputs = keras.Input((None, None, 3))
    skips, x = [], inputs
    for filters in (4, 8):
        x = double_convolution(x, filters)
        skips.append(x)
        x = layers.Dropout(0.3)(layers.MaxPooling2D(2)(x))
    x = double_convolution(x, 12)
    for filters in (8, 4):
        x = layers.Conv2DTranspose(filters, 3, 2, padding="same")(x)
        x = layers.concatenate([x, skips.pop()])
        x = double_convolution(layers.Dropout(0.3)(x), filters)
    return keras.Model(inputs, layers.Conv2D(3, 1, padding="same", activation="softmax")(x))


@example(images(32, 32, 3))
def pet_segmentation():
    """A U-Net of separable and transposed convolutions with nearest upsampling."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same")(inputs)
    previous = x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (8, 12):
        x = layers.Activation("relu")(x)
        x = layers.BatchNormalization()(layers.SeparableConv2D(filters, 3, padding="same")(x))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    for filters in (12, 8, 4):
        x = layers.Activation("relu")(x)
        x = layers.BatchNormalization()(layers.Conv2DTranspose(filters, 3, padding="same")(x))
        x = layers.UpSampling2D(2)(x)
        residual = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(previous))
        previous = x = layers.add([x, residual])
    return keras.Model(inputs, layers.Conv2D(3, 3, activation="softmax", padding="same")(x))


@example(images(32, 32, 3))
def deeplab():
    """Dilated convolutions beside a pooled branch, bilinear upsampling (DeepLabV3+)."""

    def convolution(x, filters=8, size=3, rate=1):
        x = layers.Conv2D(filters, size, dilation_rate=rate, padding="same", use_bias=False)(x)
        return ops.nn.relu(layers.BatchNormalization()(x))

    inputs = keras.Input((32, 32, 3))
    low = convolution(layers.MaxPooling2D(2)(convolution(inputs)))
    x = convolution(layers.MaxPooling2D(4)(low), 12)
    pooled = convolution(layers.AveragePooling2D(pool_size=(4, 4))(x), size=1)
    pooled = layers.UpSampling2D(size=(4, 4), interpolation="bilinear")(pooled)
    branches = [convolution(x, size=1), *(convolution(x, rate=rate) for rate in (2, 3))]
    x = convolution(layers.Concatenate()([pooled, *branches]), size=1)
    x = layers.UpSampling2D(size=(4, 4), interpolation="bilinear")(x)
    x = convolution(layers.Concatenate()([x, convolution(low, size=1)]))
    x = layers.UpSampling2D(size=(2, 2), interpolation="bilinear")(x)
    return keras.Model(inputs, layers.Conv2D(5, 1, padding="same")(x))


class DepthToSpace(layers.Layer):
    """Turn channels into blocks of pixels, for images of any size."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, images):
        batch, height, width, depth = ops.shape(images)
        size, depth = self.factor, depth // self.factor**2
        x = ops.reshape(images, (batch, height, width, size, size, depth))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (batch, height * size, width * size, depth))


@example(images(12, 10, 1))
def super_resolution():
    """Sub-pixel convolution (ESPCN): depth to space with reshapes and a transposition."""
    factor = 3
    inputs = keras.Input((None, None, 1))
    x = layers.Conv2D(12, 5, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(factor**2, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, DepthToSpace(factor)(x))


@example(images(40, 16, 1))
def captcha_ocr():
    """Convolutions, then a bidirectional LSTM along the width of the image."""
    inputs = keras.Input((40, 16, 1), name="image")
    x = layers.Conv2D(8, (3, 3), activation="relu", padding="same")(inputs)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(12, (3, 3), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Reshape(target_shape=(10, 48))(x)
    x = layers.Dropout(0.2)(layers.Dense(16, activation="relu")(x))
    x = layers.Bidirectional(layers.LSTM(12, return_sequences=True, dropout=0.25))(x)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True, dropout=0.25))(x)
    return keras.Model(inputs, layers.Dense(21, activation="softmax")(x))


@example(images(16, 16, 3), images(16, 16, 3))
def siamese_images():
    """The distance of two embeddings from one network."""
    encoder = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.BatchNormalization(),
            layers.Conv2D(4, 5, activation="tanh"),
            layers.AveragePooling2D(pool_size=2),
            layers.Conv2D(8, 3, activation="tanh"),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dense(10, activation="tanh"),
        ]
    )
    first, second = keras.Input((16, 16, 3), name="first"), keras.Input((16, 16, 3), name="second")

    def distance(pair):
        total = ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(total, keras.config.epsilon()))

    merged = layers.Lambda(distance, output_shape=(1,))([encoder(first), encoder(second)])
    x = layers.BatchNormalization()(merged)
    return keras.Model([first, second], layers.Dense(1, activation="sigmoid")(x))


@example(images(16, 16, 16, 1))
def ct_scan():
    inputs = keras.Input((16, 16, 16, 1))
    x = inputs
    for filters in (4, 8):
        x = layers.Conv3D(filters=filters, kernel_size=3, activation="relu")(x)
        x = layers.MaxPool3D(pool_size=2)(x)
        x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling3D()(x)
    x = layers.Dropout(0.3)(layers.Dense(12, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


@example(images(24, 24, 3))
def squeeze_excite_mobile():
    """Inverted residuals with squeeze and excitation, swish, and pooling that keeps its rank."""
    inputs = keras.Input((24, 24, 3))
    x = layers.Activation("swish")(layers.Conv2D(8, 3, 2, padding="same")(inputs))
    for filters, strides in ((8, 1), (12, 2)):
        y = layers.Conv2D(24, 1, use_bias=False)(x)
        y = layers.Activation("swish")(layers.BatchNormalization()(y))
        if strides == 2:
            y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
        padding = "valid" if strides == 2 else "same"
        y = layers.DepthwiseConv2D(3, strides, padding=padding, use_bias=False)(y)
        y = layers.Activation("swish")(layers.BatchNormalization()(y))
        squeezed = layers.GlobalAveragePooling2D(keepdims=True)(y)
        squeezed = layers.Conv2D(6, 1, activation="swish")(squeezed)
        y = layers.multiply([y, layers.Conv2D(24, 1, activation="sigmoid")(squeezed)])
        y = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal")(y)
        y = layers.BatchNormalization()(y)
        x = layers.add([x, y]) if strides == 1 else y
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(7)(x))


@example(images(32, 32, 3))
def feature_pyramid():
    """RetinaNet in small: lateral sums with nearest upsampling, shared heads, a dict of outputs."""
    inputs = keras.Input((32, 32, 3))
    levels, x = [], inputs
    for filters in (8, 12, 16):
        x = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(x)
        levels.append(layers.Conv2D(8, 1)(x))
    pyramid = [levels.pop()]
    while levels:
        pyramid.append(levels.pop() + layers.UpSampling2D(2)(pyramid[-1]))
    any_size = keras.Input((None, None, 8))
    class_head = keras.Sequential([any_size, layers.Conv2D(8, 3, padding="same"), layers.ReLU()])
    box_head = keras.Sequential([any_size, layers.Conv2D(4, 3, padding="same")])
    classes = [layers.Reshape((-1, 4))(class_head(level)) for level in pyramid]
    boxes = [layers.Reshape((-1, 4))(box_head(level)) for level in pyramid]
    outputs = {
        "boxes": layers.Concatenate(axis=1)(boxes),
        "classes": ops.sigmoid(layers.Concatenate(axis=1)(classes)),
    }
    return keras.Model(inputs, outputs)


@example(images(24, 24, 3))
def keypoints():
    """Training-time augmentation before the network; a map of 1 x 1 with two numbers a point."""
    inputs = keras.Input((24, 24, 3))
    x = layers.RandomFlip("horizontal")(inputs)
    x = layers.RandomRotation(0.1)(x)
    x = layers.RandomZoom(0.2)(x)
    x = layers.RandomContrast(0.1)(x)
    x = layers.Conv2D(8, 5, 3, activation="relu")(x)
    x = layers.SeparableConv2D(12, kernel_size=5, strides=1, activation="relu")(x)
    x = layers.SeparableConv2D(8, kernel_size=3, strides=1, activation="sigmoid")(x)
    return keras.Model(inputs, x)


@example(images(20, 20, 3))
def zero_dce():
    """Light curves for dark images, applied eight times."""
    inputs = keras.Input((None, None, 3))
    first = layers.Conv2D(8, 3, activation="relu", padding="same")(inputs)
    second = layers.Conv2D(8, 3, activation="relu", padding="same")(first)
    x = layers.Concatenate()([first, second])
    curves = layers.Conv2D(24, 3, activation="tanh", padding="same")(x)
    x = inputs
    for index in range(8):
        x = x + curves[..., 3 * index : 3 * index + 3] * (ops.square(x) - x)
    return keras.Model(inputs, x)


@example(images(24, 24, 3))
def grouped_convolutions():
    """ResNeXt: grouped convolutions, then grouped normalization."""
    inputs = keras.Input((24, 24, 3))
    x = layers.Conv2D(16, 3, 2, padding="same")(inputs)
    y = layers.Conv2D(16, 3, padding="same", groups=4, use_bias=False)(x)
    y = layers.Activation("relu")(layers.GroupNormalization(groups=4)(y))
    x = layers.add([x, layers.Conv2D(16, 1)(y)])
    y = layers.DepthwiseConv2D(7, padding="same")(x)
    y = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Dense(16)(layers.Dense(32, activation="gelu")(y))
    x = layers.GlobalAveragePooling2D()(layers.add([x, y]))
    return keras.Model(inputs, layers.Dense(5)(x))
