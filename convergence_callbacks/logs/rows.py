"""From rows to runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.logs.columns import Columns
from convergence_callbacks.logs.epochs import Gatherer
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row


def runs_of(
    path: Path,
    format_: str,
    columns: Columns,
    rows: Iterable[Row],
    notes: Notes,
    *,
    name: str = "",
    planned: int | None = None,
    unit: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Run]:
    """The runs that rows tell of: more than one where the epochs start over.

    Args:
        path: The log.
        format_: What its format is called.
        columns: Which column is what.
        rows: All rows, in order.
        notes: What was left out, also while the rows are read.
        name: What the run calls itself.
        planned: Epochs that it was to take; holds where the rows count epochs.
        unit: What a step is, where the format tells.
        metadata: What else the log tells.

    Raises:
        LogError: The rows tell of no epoch with a loss.
    """
    gatherer = Gatherer(columns)
    for row in rows:
        gatherer.add(row)
    trainings = gatherer.finish()
    if not trainings:
        raise LogError("; ".join(["it has no epoch with a loss", *notes.told()]))
    for index, training in enumerate(trainings):
        yield Run(
            name=" ".join(filter(None, [name, f"({index + 1})" if index else ""])),
            path=path,
            format=format_,
            observations=training.observations,
            unit=unit or training.unit,
            counts_from=training.counts_from,
            kilowatt_hours=training.kilowatt_hours,
            planned=planned if training.unit == "epoch" else None,
            columns=columns,
            notes=(*notes.told(), *training.notes),
            metadata=metadata or {},
        )
