"""Benchmarks: trainings recorded to their full budget, and what every rule would have made of them."""
