"""Recomputes the decisions of a record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.record.read import Entry, Part, read_record

TOLERANCE = 1e-9
"""Numbers that differ by less than this share are the same: other processors round the last digits otherwise."""

LEFT_OUT = (
    "lr_schedule was a function whose rates could not be recorded, and decisions that looked ahead in it can't be "
    "recomputed; set max_epochs too, or give the rates as a list"
)
"""What is said of a record without the schedule that its monitor knew."""


BROKEN = "it does not follow the line before, so that one was changed, or lines were left out, added or moved here"
"""What is said of a line that holds another hash than that of the line before it."""


@dataclass(frozen=True)
class Verification:
    """Whether all decisions of a record follow from its observations.

    Args:
        decisions: How many were recomputed.
        difference: The first that differs, with its line, or why they can't be recomputed; empty where all are the
            same.
        notes: What else is to be known of the record.
    """

    decisions: int
    difference: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """Whether there are some, and none differs."""
        return not self.difference

    def __str__(self) -> str:
        said = f"confirmed: all {self.decisions} decisions follow from the observations"
        return "\n".join([said if self.is_confirmed else f"not confirmed: {self.difference}", *self.notes])


def verify(path: str | Path) -> Verification:
    """Recompute all decisions of a record from its observations, and compare.

    Raises:
        StateError: The file is no record, or is damaged; names file and line.
        SettingsError: Its settings name a criterion that is not known here.
        OSError: The file can't be read.
    """
    from convergence_callbacks import __version__

    record = read_record(path)
    notes = [f"line {line} is cut and was passed over" for line in record.cut]
    versions = sorted({part.package for part in record.parts} - {__version__})
    notes += [f"decided by version {', '.join(versions)}, recomputed by {__version__}"] if versions else []
    seen = 0
    broken = next(iter(record.breaks), math.inf)
    for part in record.parts:
        if part.schedule_left_out:
            return Verification(seen, f"{path}, line {part.line}: {LEFT_OUT}", tuple(notes))
        for entry, decision in _recomputed(part):
            if entry.line >= broken:
                break
            difference = _difference(entry, decision)
            if difference:
                return Verification(seen, f"{path}, line {entry.line}: {difference}", tuple(notes))
            seen += 1
    if record.breaks:
        return Verification(seen, f"{path}, line {broken}: {BROKEN}", tuple(notes))
    return Verification(seen, "" if seen else f"{path}: it holds no decision", tuple(notes))


def _recomputed(part: Part) -> list[tuple[Entry, Decision]]:
    counters = [entry.decision.counter for entry in part.entries[:1]]
    monitor = Monitor.from_settings(part.settings, counter=counters[0] if counters else Counter())
    if part.state is not None:
        monitor.load_state_dict(part.state)
    return [(entry, monitor.observe(entry.observation)) for entry in part.entries]


def _difference(entry: Entry, recomputed: Decision) -> str:
    """Where two decisions differ first, in words; empty where they do not."""
    recorded, again = entry.decision.to_dict(), recomputed.to_dict()
    for name in recorded:
        if not _same(recorded[name], again[name]):
            return f"epoch {recorded['step']}: {name} was recorded as {recorded[name]!r}, it is {again[name]!r}"
    return ""


def _same(recorded: Any, again: Any) -> bool:
    if isinstance(recorded, Mapping) and isinstance(again, Mapping):
        return recorded.keys() == again.keys() and all(_same(recorded[name], again[name]) for name in recorded)
    if isinstance(recorded, float) or isinstance(again, float):
        numbers = isinstance(recorded, int | float) and isinstance(again, int | float)
        return numbers and math.isclose(recorded, again, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(recorded == again)
