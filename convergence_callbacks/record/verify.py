"""Recomputes the decisions of a record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.record.read import Entry, Follows, Part, read_record
from convergence_callbacks.record.schedule import Answers
from convergence_callbacks.record.stages import after_stages

TOLERANCE = 1e-9
"""Numbers that differ by less than this share are the same: other processors round the last digits otherwise."""

BROKEN = "it does not follow the line before, so that one was changed, or lines were left out, added or moved here"
"""What is said of a line that does not hold the hash of the line before it."""

OPEN = (
    "no closing line says that the record ends here: the training still runs or was killed, or lines were cut off; "
    "up to here all {decisions} decisions follow from the observations"
)
"""What is said of a record whose last lines may be missing."""


@dataclass(frozen=True)
class Verification:
    """Whether all decisions of a record follow from its observations, and none of its lines is missing or changed.

    Args:
        decisions: How many were recomputed.
        difference: The first line that differs, or why the record can't be confirmed; empty where all is as it was.
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
        result = f"confirmed: all {self.decisions} decisions follow from the observations"
        return "\n".join([result if self.is_confirmed else f"not confirmed: {self.difference}", *self.notes])


def verify(path: str | Path) -> Verification:
    """Recompute all decisions of a record from its observations, and compare.

    Raises:
        StateError: The file is no record, is damaged, or names what is not known here; names file and line.
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
        try:
            for entry, difference in _compared(part):
                if entry.line >= broken:
                    break
                if difference:
                    return Verification(seen, f"{path}, line {entry.line}: {difference}", tuple(notes))
                seen += 1
        except StateError as error:
            raise StateError(f"{path}, line {part.first.line}: {error}") from error
    if record.breaks:
        return Verification(seen, f"{path}, line {broken}: {BROKEN}", tuple(notes))
    if not seen:
        return Verification(seen, f"{path}: it holds no decision", tuple(notes))
    return Verification(seen, "" if record.is_closed else f"{path}: {OPEN.format(decisions=seen)}", tuple(notes))


def _compared(part: Part) -> Iterator[tuple[Entry, str]]:
    """Each entry, and where its decision differs from that which follows, in words; empty where it does not."""
    counter = part.entries[0].decision.counter if part.entries else Counter()
    monitor = Monitor.from_settings(part.settings, counter=counter)
    monitor.know(lr_schedule=part.first.schedule)
    if part.state is not None:
        monitor.load_state_dict(part.state)
    for line in part.lines:
        if isinstance(line, Entry):
            yield line, _difference(line, monitor)
        elif isinstance(line, Follows):
            monitor.know(lr_schedule=line.schedule)
        elif isinstance(answers := monitor.settings.lr_schedule, Answers):
            answers.add(line.answers)


def _difference(entry: Entry, monitor: Monitor) -> str:
    """Where an entry differs first from what is recomputed, in words; empty where it does not."""
    judged = monitor.observe(entry.observation)
    try:
        decided = after_stages(entry.stages, entry.judged, entry.observation, monitor.settings)
    except StateError as error:
        return f"epoch {entry.observation.step}: {error}"
    return _differ(entry.judged, judged) or _differ(entry.decision, decided)


def _differ(recorded: Decision, recomputed: Decision) -> str:
    """Where two decisions differ first, in words."""
    before, again = recorded.to_dict(), recomputed.to_dict()
    for name in before:
        if not _same(before[name], again[name]):
            return f"epoch {before['step']}: {name} was recorded as {before[name]!r}, it is {again[name]!r}"
    return ""


def _same(recorded: Any, again: Any) -> bool:
    if isinstance(recorded, Mapping) and isinstance(again, Mapping):
        return recorded.keys() == again.keys() and all(_same(recorded[name], again[name]) for name in recorded)
    if isinstance(recorded, float) or isinstance(again, float):
        numbers = isinstance(recorded, int | float) and isinstance(again, int | float)
        return numbers and math.isclose(recorded, again, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(recorded == again)
