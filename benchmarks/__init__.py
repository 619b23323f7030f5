"""Benchmarks: `record` trains to the full budget, `fit` learns models from that, `measure` judges the package."""
