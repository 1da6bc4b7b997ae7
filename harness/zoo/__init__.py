"""Small models in the style of the Keras examples, written for these tests, with random weights."""

from harness.zoo import (
    features,
    generative,
    patches,
    recommenders,
    series,
    structured,
    text,
    translation,
    vision,
)
from harness.zoo.registry import EXAMPLES, Example

__all__ = [
    "EXAMPLES",
    "Example",
    "features",
    "generative",
    "patches",
    "recommenders",
    "series",
    "structured",
    "text",
    "translation",
    "vision",
]
