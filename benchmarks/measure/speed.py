"""How long an update takes, and whether that grows."""

from __future__ import annotations

import json
import time

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks import Monitor

UPDATES = 1_000_000
EARLY = slice(1_000, 11_000)
SHORT = 128


def durations(updates: int) -> tuple[NDArray[np.float64], Monitor]:
    """Seconds of each update of one long run that never stops, and its monitor."""
    warm = Monitor()  # a process reads the fitted models once
    for epoch in range(10):
        warm.update(val_loss=1 / (1 + epoch))
    monitor, took = Monitor(stop_on=()), np.empty(updates)
    noise = np.random.default_rng(0).normal(0, 0.01, updates).tolist()
    for epoch in range(updates):
        loss = 0.3 + 1 / (1 + 0.1 * epoch) + noise[epoch]
        began = time.perf_counter()
        monitor.update(train_loss=loss, val_loss=loss, lr=0.1)
        took[epoch] = time.perf_counter() - began
    return took, monitor


def rows() -> list[str]:
    """A table of means and medians."""
    took, monitor = durations(UPDATES)
    micros = 1e6 * took
    size = len(json.dumps(monitor.state_dict()))
    return [
        "| update | |",
        "|---|---|",
        f"| mean of the first 128 epochs | {micros[:SHORT].mean():.0f} µs |",
        f"| median of them | {np.median(micros[:SHORT]):.0f} µs |",
        f"| mean of the others of a million | {micros[SHORT:].mean():.0f} µs |",
        f"| median of them | {np.median(micros[SHORT:]):.0f} µs |",
        f"| last ten thousand against those after the first thousand | {_ratio(micros):.2f} |",
        f"| state after a million | {size / 1000:.1f} kB |",
    ]


def _ratio(micros: NDArray[np.float64]) -> float:
    return float(np.median(micros[-10_000:]) / np.median(micros[EARLY]))
