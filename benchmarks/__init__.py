"""Benchmarks. They report ratios within a run, because absolute times depend on the machine."""
