"""Benchmarks: `python -m tests.bench NAME`. Each prints ratios against something measured in the same run."""
