"""The decision records that this package writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.record.read import is_record, read_record


class DecisionRecords(Reader):
    """Reads the observations of a record; after a resume those that were repeated hold as they came last."""

    name: ClassVar[str] = "decision record"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """What its first line calls itself."""
        return Claim(CERTAIN, "its first line says so") if is_record(head) else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a record."""
        try:
            record = read_record(path)
        except ConvergenceError as error:
            raise LogError(str(error)) from error
        observations: list[Observation] = []
        for part in record.parts:
            for entry in part.entries:
                while observations and observations[-1].step >= entry.observation.step:
                    observations.pop()
                observations.append(entry.observation)
        if not observations:
            raise LogError("the record has no epoch yet")
        notes = tuple(f"line {line} is cut and was passed over" for line in record.cut)
        columns = Columns(train="train_loss", val="val_loss", lr="lr", time="elapsed")
        counter = record.counter
        yield Run(
            name="",
            path=path,
            format=self.name,
            observations=tuple(observations),
            unit=counter.noun,
            counts_from=counter.first,
            planned=record.parts[-1].settings.max_epochs,
            states_budget=True,
            rates_ahead=record.parts[-1].rates_ahead,
            judged_by=record.parts[-1].settings,
            columns=columns,
            notes=notes,
        )
