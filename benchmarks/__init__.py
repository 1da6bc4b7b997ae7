"""Benchmarks: ratios taken within one run, as these hold where absolute times do not."""
