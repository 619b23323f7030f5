"""Energy that CodeCarbon measured, from its file beside a log."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import number_in

EMISSIONS = "emissions.csv"
"""CodeCarbon's file."""

MOST = 10_000
"""Rows of it that are read, at most."""


def with_emissions(runs: Sequence[Run], log: Path, logs_beside: int) -> list[Run]:
    """The runs of a log with the energy that CodeCarbon measured, where it is plain that it is of this training.

    Args:
        runs: The runs of the log.
        log: Where it is.
        logs_beside: How many logs are in its folder, this one included.
    """
    file = (log if log.is_dir() else log.parent) / EMISSIONS
    total = _consumed(file)
    if total is None or len(runs) != 1 or logs_beside != 1 or runs[0].kilowatt_hours:
        return list(runs)
    (run,) = runs
    shares = [
        each.elapsed / run.seconds if each.elapsed is not None and run.seconds else (each.step + 1) / run.steps
        for each in run.observations
    ]
    note = f"the energy is that of {EMISSIONS} beside it, spread evenly over the training"
    spread = tuple(total * share for share in shares)
    return [dataclasses.replace(run, kilowatt_hours=spread, notes=(*run.notes, note))]


def _consumed(file: Path) -> float | None:
    """What CodeCarbon measured of the training in a file; None unless it is exactly one."""
    try:
        with file.open(newline="", encoding="utf-8", errors="replace") as opened:
            rows = [row for row in itertools.islice(csv.DictReader(opened), MOST) if row.get("energy_consumed")]
        if len({row.get("run_id") for row in rows}) != 1:
            return None
        return number_in(rows[-1]["energy_consumed"])  # a training has several rows, each with all so far
    except (OSError, ValueError, csv.Error):
        return None
