"""Small models in the style of the Keras examples, written for these tests, with random weights."""

from tests.keras_tfjs.zoo import (
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
from tests.keras_tfjs.zoo.registry import EXAMPLES, Example

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
