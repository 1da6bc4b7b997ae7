"""Run models in the real TensorFlow.js, in Node and in Chromium, for tests/ and benchmarks/."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
