"""One training, as it was logged."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.assumption import Assumption
from convergence_callbacks.logs.columns import Columns


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training, as it was logged.

    Args:
        name: What it is called: the path below the folder that was read, and the run's own name where it has one.
        path: The file or folder that it was read from.
        format: The name of the reader.
        observations: What was measured, in order; their steps grow and count from 0.
        unit: What a step is: ``"epoch"``, ``"evaluation"`` (validated more or less than once an epoch), ``"step"``
            or ``"round"`` (of boosting).
        counts_from: The number that the log itself gives the step 0: 0 or 1, or more where the log begins later.
        kilowatt_hours: Energy since the start at each observation; empty where it was not logged.
        planned: Steps that the training was to take, where the log states them.
        states_budget: Whether the log holds all that is to know about the budget: without `planned` there was none.
        rates_ahead: The learning rates that the training had in advance, where the log states them.
        judged_by: The settings by which the training was judged, where the log states them.
        patience: Epochs without improvement after which the project itself would have stopped, where a file states it.
        schedule: The kind of schedule of the learning rate, as "cosine", where a file beside the log states it.
        columns: Which columns were taken, and why.
        recognised: Why the log was taken for one of this format.
        evidence: What of the log itself the reading is from, a line each: the pattern of its lines, and examples.
        assumed: What was assumed in reading without a word for it in the log, and what in it is doubtful.
        notes: What was mended or left out in reading, a sentence each.
        metadata: What else the log holds about the run: names and hyperparameters.
    """

    name: str
    path: Path
    format: str
    observations: tuple[Observation, ...]
    unit: str = "epoch"
    counts_from: int = 0
    kilowatt_hours: tuple[float, ...] = ()
    planned: int | None = None
    states_budget: bool = False
    rates_ahead: Schedule | None = None
    judged_by: Settings | None = None
    patience: int | None = None
    schedule: str = ""
    columns: Columns = field(default_factory=Columns)
    recognised: str = ""
    evidence: tuple[str, ...] = ()
    assumed: tuple[Assumption, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only mapping can't be pickled
        values = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return functools.partial(Run, **{**values, "metadata": dict(self.metadata)}), ()

    @property
    def counter(self) -> Counter:
        """What its steps are called, and how the log numbers them."""
        return Counter(self.unit, self.counts_from)

    @property
    def steps(self) -> int:
        """How many steps it took: epochs, where the unit is one."""
        return self.observations[-1].step + 1 if self.observations else 0

    @property
    def seconds(self) -> float | None:
        """How long it took, None where no times were logged."""
        return self.observations[-1].elapsed if self.observations else None

    @property
    def energy(self) -> float | None:
        """The energy it took in kWh, None where it was not logged."""
        return self.kilowatt_hours[-1] if self.kilowatt_hours else None

    def number(self, step: int) -> int:
        """The number that the log itself gives a step."""
        return self.counter.number(step)

    def explained(self) -> Iterator[str]:
        """How it was read, a line each: the format, the columns, the counter, its lines, and what was mended."""
        if self.recognised:
            yield f"read as {self.format}: {self.recognised}"
        yield from self.columns.explained()
        taken = self.columns.epoch if self.unit == "epoch" and self.columns.epoch else self.columns.step
        by = f"by {taken!r}" if taken else "in the order of the log"
        yield f"counted: {self.unit}s, {by}, from {self.counts_from}"
        yield from self.evidence
        plans = {"planned": self.planned, "patience": self.patience, "schedule": self.schedule}
        yield from (f"{name}: {value}" for name, value in plans.items() if value)
        yield from (f"note: {note}" for note in self.notes)
