"""Run models in the real TensorFlow.js, in Node and in Chromium, for tests/ and benchmarks/."""
