"""All probes: inputs for each operation, dtype and rank that TensorFlow.js names.

Ordinary probes have finite inputs, with negative numbers, ties and zeros.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from harness.arithmetic_probes import arithmetic_probes
from harness.image_probes import image_probes
from harness.index_probes import index_probes
from harness.probe import (
    CONTROL_FLOW,
    ORDINARY,
    SHAPES,
    TYPES,
    Probe,
    i32,
    inputs,
    normal,
    values,
)
from harness.shape_probes import shape_probes


def all_probes() -> Iterator[Probe]:
    """Yield the probes of all operations."""
    yield from arithmetic_probes()
    yield from image_probes()
    yield from shape_probes()
    yield from index_probes()
    yield from _creation()
    yield from _other()


def _creation() -> Iterator[Probe]:
    for dtype in TYPES:
        for rank in range(7):
            arguments = {"dims": i32(*SHAPES[rank]), "value": values(dtype, ())}
            yield Probe("Fill", arguments)
    for start, limit, delta in ((0, 5, 1), (3, -4, -2), (2, 2, 1), (-5, 5, 3)):
        for dtype in (np.int32, np.float32):
            numbers = (np.array(value, dtype) for value in (start, limit, delta))
            kind = "empty" if start == limit else ORDINARY
            yield Probe("Range", dict(zip(("start", "limit", "delta"), numbers, strict=True)), kind)
    for count in (1, 2, 7):
        ends = {"start": np.array(-1.5, np.float32), "stop": np.array(3, np.float32)}
        yield Probe("LinSpace", ends | {"num": np.array(count, np.int32)})
    yield Probe("BroadcastArgs", {"s0": i32(2, 1, 3), "s1": i32(4, 1)})
    for name in CONTROL_FLOW:
        for dtype in ("float32", "int32"):
            for kind, x in inputs(dtype):
                yield Probe(name, {"x": x}, kind)


def _other() -> Iterator[Probe]:
    x = normal(4, 4, 6, 8)
    yield Probe("DepthToSpace", {"input": x, "block_size": 2, "data_format": "NHWC"})
    crops = np.array([[1, 0], [0, 1]], np.int32)
    block = {"block_shape": i32(2, 2)}
    for dtype in ("float32", "int32"):
        x = values(dtype, (4, 4, 6, 2))
        yield Probe("SpaceToBatchND", {"input": x, "paddings": crops * 2, **block})
        yield Probe("SpaceToBatchND", {"input": x, "paddings": crops * 0, **block})
        yield Probe("BatchToSpaceND", {"input": x, "crops": crops, **block})
        one = {"block_shape": i32(2), "paddings": np.array([[0, 0]], np.int32)}
        yield Probe("SpaceToBatchND", {"input": values(dtype, (2, 4, 3)), **one})
        one = {"block_shape": i32(2), "crops": np.array([[0, 0]], np.int32)}
        yield Probe("BatchToSpaceND", {"input": values(dtype, (2, 4, 3)), **one})
    for rank in range(4):
        real, imaginary = values("float32", SHAPES[rank]), values("float32", SHAPES[rank], 1)
        yield Probe("Complex", {"real": real, "imag": imaginary})
    for shape in ((8,), (2, 4), (3, 5), (2, 3, 4)):
        yield Probe("FFT", {"input": values("complex64", shape)})
        yield Probe("IFFT", {"input": values("complex64", shape)})
        x = values("float32", shape)
        yield Probe("RFFT", {"input": x, "fft_length": i32(shape[-1])})
        half = values("complex64", (*shape[:-1], shape[-1] // 2 + 1))
        half[..., 0] = half[..., 0].real
        yield Probe("IRFFT", {"input": half, "fft_length": i32(shape[-1])})
    for rank in range(1, 5):
        shape = {"shape": i32(*[300, 2, 3, 2][:rank])}
        for name in ("RandomStandardNormal", "RandomUniform", "TruncatedNormal"):
            yield Probe(name, {**shape, "dtype": tf.float32}, "random")
        limits = {"minval": np.array(2, np.int32), "maxval": np.array(9, np.int32)}
        yield Probe("RandomUniformInt", shape | limits, "random")
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-9]], np.float32))
    draws = {"num_samples": np.array(2000, np.int32), "output_dtype": tf.int32}
    yield Probe("Multinomial", {"logits": logits, **draws}, "random")
