"""Probes of convolutions, pooling, resizing and batch normalization."""

import itertools
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from harness.probe import ORDINARY, Probe, i32, normal


def image_probes() -> Iterator[Probe]:
    """Yield calls of the operations on images."""
    x = normal(2, 7, 6, 3)
    for size, stride, padding, dilation in itertools.product(
        ((1, 1), (3, 3), (2, 3)), ((1, 1), (2, 2), (1, 2)), ("SAME", "VALID", "EXPLICIT"), (1, 2)
    ):
        strides, dilations = [1, *stride, 1], [1, dilation, dilation, 1]
        explicit = [0, 0, 1, 2, 0, 1, 0, 0] if padding == "EXPLICIT" else []
        common = {"strides": strides, "padding": padding, "explicit_paddings": explicit}
        if stride == (1, 1) or dilation == 1:
            arguments = {"input": x, "filter": normal(*size, 3, 4, seed=1), "dilations": dilations}
            yield Probe("Conv2D", arguments | common)
            yield Probe("Conv2D", {**arguments, **common, "input": x[:1]})
            if stride[0] == stride[1]:
                kernel = {"filter": normal(*size, 3, 2, seed=2)}
                yield Probe("DepthwiseConv2dNative", arguments | common | kernel)
                kernel = {"filter": normal(*size, 3, 1, seed=2)}
                yield Probe("DepthwiseConv2dNative", arguments | common | kernel)
        if padding == "EXPLICIT":
            continue
        del common["explicit_paddings"]
        if dilation == 1:
            pool = {"ksize": [1, *size, 1], **common}
            for value, kind in ((x, ORDINARY), (x - 9, ORDINARY), (_spoiled(x), "not finite")):
                yield Probe("AvgPool", {"value": value, **pool}, kind)
                yield Probe("MaxPool", {"input": value, **pool}, kind)
            yield Probe("MaxPoolWithArgmax", {"input": x - 9, "Targmax": tf.int32, **pool})
            height, width = (
                -(-n // s) if padding == "SAME" else (n - k) // s + 1
                for n, k, s in zip((7, 6), size, stride, strict=True)
            )
            back = {"input_sizes": i32(2, 7, 6, 3), "filter": normal(*size, 3, 4, seed=3)}
            arguments = {"out_backprop": normal(2, height, width, 4), **common}
            yield Probe("Conv2DBackpropInput", back | arguments)
        if stride == (1, 1) or dilation == 1:
            arguments = {"input": x, "filter": normal(*size, 3), **common}
            yield Probe("Dilation2D", arguments | {"rates": dilations})
    x = normal(2, 5, 4, 6, 2)
    for size, stride, padding in itertools.product((1, 2, 3), (1, 2), ("SAME", "VALID")):
        strides = [1, stride, stride, stride, 1]
        common = {"strides": strides, "padding": padding}
        yield Probe("Conv3D", {"input": x, "filter": normal(size, size, 2, 2, 3), **common})
        pool = {"ksize": [1, size, size, size, 1], **common}
        yield Probe("AvgPool3D", {"input": x, **pool})
        yield Probe("AvgPool3D", {"input": x - 9, **pool})
        yield Probe("MaxPool3D", {"input": x - 9, **pool})
    yield from _resizes()
    yield from _normalizations()


def _spoiled(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[0, 0, 0], x[0, 3, 3], x[1, 2, 2] = np.nan, np.inf, -np.inf
    return x


def _resizes() -> Iterator[Probe]:
    for shape in ((1, 4, 5, 3), (2, 2, 3, 1), (2, 1, 1, 2)):
        x = normal(*shape)
        for size in ((8, 10), (2, 3), (7, 3), (1, 1), (4, 5)):
            for corners, half in ((False, False), (True, False), (False, True)):
                flags = {"align_corners": corners, "half_pixel_centers": half}
                arguments = {"images": x, "size": i32(*size), **flags}
                yield Probe("ResizeBilinear", arguments)
                yield Probe("ResizeNearestNeighbor", arguments)
    boxes = np.array([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [0.5, 0.6, 1.2, 1.4]], np.float32)
    for method in ("bilinear", "nearest"):
        arguments = {"image": normal(2, 6, 5, 3), "boxes": boxes, "box_ind": i32(0, 1, 1)}
        yield Probe("CropAndResize", arguments | {"crop_size": i32(4, 3), "method": method})
        for fill in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
            transforms = np.array([[1, 0.2, 0.3, -0.1, 0.9, 0.5, 0, 0]] * 2, np.float32)
            yield Probe("ImageProjectiveTransformV3", {
                "images": normal(2, 6, 5, 3), "transforms": transforms, "output_shape": i32(5, 4),
                "fill_value": np.zeros((), np.float32),
                "interpolation": method.upper(), "fill_mode": fill,
            })  # fmt: skip
    corners = np.sort(np.random.default_rng(0).random((9, 2, 2)).astype("f"), 1).reshape(9, 4)
    scores = np.random.default_rng(1).random(9).astype("f")
    limits = {
        "max_output_size": np.array(4, np.int32),
        "iou_threshold": np.array(0.3, np.float32),
    }
    arguments = {"boxes": corners, "scores": scores, **limits}
    yield Probe("NonMaxSuppressionV2", arguments)
    threshold = {"score_threshold": np.array(0.2, np.float32)}
    yield Probe("NonMaxSuppressionV3", arguments | threshold)
    yield Probe("NonMaxSuppressionV4", arguments | threshold)
    soft = {"soft_nms_sigma": np.array(0.5, np.float32)}
    yield Probe("NonMaxSuppressionV5", arguments | threshold | soft)


def _normalizations() -> Iterator[Probe]:
    x, size = normal(2, 4, 3, 5), (5,)
    for name in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
        vectors = {"scale": normal(*size), "offset": normal(*size, seed=1)}
        vectors |= {"mean": normal(*size, seed=2), "variance": np.abs(normal(*size, seed=3)) + 0.1}
        for epsilon in (1e-3, 0.1):
            arguments = {"x": x, **vectors, "epsilon": epsilon, "is_training": False}
            yield Probe(name, arguments)
    for radius, alpha, beta in ((1, 1.0, 0.5), (2, 0.1, 0.75), (5, 0.3, 1.0)):
        yield Probe("LRN", {"input": x, "depth_radius": radius, "alpha": alpha, "beta": beta})
