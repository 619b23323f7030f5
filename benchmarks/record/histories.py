"""Histories that other people's trainings logged: `.npz` files that are no part of this project.

A file holds ``meta``, a JSON list of facts about each history (``repo``, ``path``, ``commit``, ``domain``), and of
history number i the arrays ``r{i}_train``, ``r{i}_val`` and ``r{i}_lr``, a value an epoch, NaN where it was not logged.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.record.curves import Run

SHORTEST = 20  # epochs of a history that says something about stopping
GAINED = 0.03  # of its first validation loss, at least


def load(files: Iterable[Path]) -> list[Run]:
    """All histories with both losses that are long enough and gain something; their data set is their project."""
    return [run for file in files for run in _load(file) if is_usable(run)]


def is_usable(run: Run) -> bool:
    """Whether a history says something about stopping."""
    return run.epochs >= SHORTEST and run.gain > GAINED * abs(run.baseline)


def weights_of(runs: Sequence[Run]) -> NDArray[np.float64]:
    """What each run counts so that each data set or project counts alike; together they count 1."""
    counts = Counter(run.data for run in runs)
    return np.array([1 / (counts[run.data] * len(counts)) for run in runs])


def sources_of(files: Iterable[Path]) -> list[tuple[str, str, str]]:
    """Project, path and commit of each history."""
    return sorted((each["repo"], each["path"], each.get("commit", "")) for file in files for each in _meta(file))


def _load(file: Path) -> list[Run]:
    with np.load(file) as arrays:
        metadata = json.loads(str(arrays["meta"]))
        series = [
            [arrays[f"r{place}_{name}"].astype(float) for name in ("train", "val", "lr")]
            for place in range(len(metadata))
        ]
    runs = (_run_of(f"{file.stem}-{place}", *both) for place, both in enumerate(zip(metadata, series, strict=True)))
    return [run for run in runs if run is not None]


def _run_of(name: str, details: dict[str, Any], series: Sequence[NDArray[np.float64]]) -> Run | None:
    measured = np.isfinite(series[0]) & np.isfinite(series[1])
    if not measured.any():
        return None
    train, val, lr = (values[measured] for values in series)
    return Run(
        name=name,
        task=name,
        data=details["repo"],
        multiplier=1.0,
        baseline=float(val[0]),  # a trivial predictor's is not known
        fault="none",
        train=train,
        val=val,
        lr=lr,
        domain=details.get("domain") or "unknown",
    )


def _meta(file: Path) -> list[dict[str, Any]]:
    with np.load(file) as arrays:
        return list(json.loads(str(arrays["meta"])))
