"""Quantizes weights to 8 or 16 bits, in TensorFlow.js's format.

float16 has 11 significant bits. uint8 and uint16 are linear: value = stored * scale + min, with one
scale and one min for each weight, chosen so that 0 is stored exactly.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

DTYPES: dict[str, np.dtype] = {
    "float16": np.dtype("<f2"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
}
_UNQUANTIZED = "float32"
_LARGEST = 1e30  # limit of scale and min: their product with 65535 must be a float32
_CHUNK = 1 << 20  # values converted at a time, to limit memory


class Rule(NamedTuple):
    """The dtype of all weights whose name matches a glob."""

    dtype: str
    pattern: str


def parse_rules(text: str | None) -> list[Rule]:
    """Return the rules of a text such as `float16` or `uint8:*/kernel,float16:*`.

    A rule is a dtype, or a dtype and a glob. The first rule that matches a weight's name applies.
    float32 keeps a weight unchanged.

    Raises:
      ValueError: the text does not have this form.
    """
    if text is None:
        return []
    rules = []
    for entry in text.split(","):
        dtype, colon, pattern = entry.strip().partition(":")
        if dtype not in (*DTYPES, _UNQUANTIZED) or (colon and not pattern):
            raise ValueError(
                f"quantize={text}: must be {', '.join(DTYPES)}, or several with a glob of weight "
                "names each, as in uint8:*/kernel,float16:*"
            )
        rules.append(Rule(dtype, pattern or "*"))
    return rules


def check_all_match(rules: Sequence[Rule], names: Sequence[str]) -> None:
    """Check that each rule matches a weight.

    Raises:
      ValueError: a rule matches no weight.
    """
    for rule in rules:
        if not any(fnmatchcase(name, rule.pattern) for name in names):
            known = ", ".join(names[:5])
            raise ValueError(f"quantize: no weight is named {rule.pattern}; some names are {known}")


def spec_for(rules: Sequence[Rule], name: str, value: np.ndarray) -> dict[str, Any] | None:
    """Return a manifest's `quantization` of a weight; None to store the weight unchanged.

    Integers, bools, single numbers, and weights with values that the dtype cannot represent (such
    as infinities) are stored unchanged.
    """
    dtype = next((rule.dtype for rule in rules if fnmatchcase(name, rule.pattern)), _UNQUANTIZED)
    if dtype == _UNQUANTIZED or value.dtype != np.float32 or value.size < 2:
        return None
    low, high = float(value.min()), float(value.max())
    largest = float(np.finfo(np.float16).max) if dtype == "float16" else _LARGEST
    if not max(-low, high) <= largest:  # also false for NaN
        return None
    if dtype == "float16":
        return {"dtype": dtype, "original_dtype": "float32"}
    scale, least = _linear(low, high, levels=int(np.iinfo(DTYPES[dtype]).max))
    return {"dtype": dtype, "original_dtype": "float32", "scale": scale, "min": least}


def _linear(low: float, high: float, levels: int) -> tuple[float, float]:
    """Return scale and min for numbers from `low` to `high`."""
    if low == high:
        return 1.0, low
    if low >= 0 or high <= 0:
        return (high - low) / levels, low
    zero = round(-low / (high - low) * levels)  # the level of 0
    zero = min(max(zero, 1), levels - 1)
    scale = max(-low / zero, high / (levels - zero))
    return scale, -zero * scale


def quantized(value: np.ndarray, quantization: dict[str, Any]) -> Iterator[np.ndarray]:
    """Yield the quantized values of a weight in parts."""
    dtype = DTYPES[quantization["dtype"]]
    flat = np.ravel(value)
    for start in range(0, flat.size, _CHUNK):
        numbers = flat[start : start + _CHUNK]
        if dtype.kind == "u":
            steps = (numbers.astype(np.float64) - quantization["min"]) / quantization["scale"]
            numbers = np.rint(steps).clip(0, np.iinfo(dtype).max)
        yield numbers.astype(dtype)


def check_quantization(quantization: Any, dtype: str) -> None:
    """Check a manifest's `quantization` of a weight.

    Raises:
      ValueError: the entry is damaged, or TensorFlow.js would refuse it.
    """
    stored = quantization.get("dtype") if isinstance(quantization, dict) else None
    if not isinstance(stored, str) or stored not in DTYPES:
        raise ValueError(f"must have a dtype, one of {', '.join(DTYPES)}")
    if dtype not in (("float32",) if stored == "float16" else ("float32", "int32")):
        raise ValueError(f"{dtype} cannot be stored as {stored}")
    if stored == "float16":
        return
    for field in ("scale", "min"):
        number = quantization.get(field)
        if type(number) not in (int, float) or not abs(number) <= _LARGEST:
            raise ValueError(f"{field}: must be a number of at most {_LARGEST:g}")


def dequantized(stored: np.ndarray, quantization: dict[str, Any], dtype: np.dtype) -> np.ndarray:
    """Return the values that TensorFlow.js computes from quantized ones, bit for bit.

    Raises:
      ValueError: an integer does not fit into int32.
    """
    if stored.dtype.kind == "f":
        return stored.astype(dtype)
    values = np.empty(stored.size, dtype)
    for start in range(0, stored.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        numbers = stored[part].astype(np.float64) * quantization["scale"] + quantization["min"]
        if dtype.kind == "i":
            numbers = np.floor(numbers + 0.5)  # as JavaScript rounds
            if numbers.size and not np.abs(numbers).max() < 2**31:
                raise ValueError("has integers that are larger than int32")
        values[part] = numbers
    return values
