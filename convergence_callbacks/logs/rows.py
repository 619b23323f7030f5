"""From rows to runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import Columns
from convergence_callbacks.logs.epochs import Gathered, Gatherer
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row

MANY_LOST = 0.1
"""Share of the lines from which on it is doubtful that what was left out does not matter."""

LEAST_LOST = 2
"""Lines that were left out for that, at least; a last one that was cut is none."""


def runs_of(
    path: Path,
    format_: str,
    columns: Columns,
    rows: Iterable[Row],
    notes: Notes,
    *,
    name: str = "",
    planned: int | None = None,
    planned_steps: float | None = None,
    unit: str | None = None,
    in_parts: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Run]:
    """The runs in rows: more than one where the epochs start over, or where rows name the run that they are of.

    Args:
        path: The log.
        format_: What its format is called.
        columns: Which column is what.
        rows: All rows, in order.
        notes: What was left out, also while the rows are read.
        name: What the run calls itself.
        planned: Epochs that it was to take; holds where the rows count epochs.
        planned_steps: Steps of the optimiser that it was to take; from them the evaluations are reckoned.
        unit: What a step is, where the format states it.
        in_parts: Whether the epochs are surely logged in parts, as 0.25, also where the first ones are whole.
        metadata: What else the log holds.

    Raises:
        LogError: The rows hold no epoch with a loss.
    """
    gatherers: dict[str, Gatherer] = {}
    taken = 0
    for row in rows:
        taken += 1
        gatherer = gatherers.get(row.run)
        if gatherer is None:
            gatherer = gatherers[row.run] = Gatherer(columns, in_parts=in_parts, planned=planned)
        gatherer.add(row)
    if notes.lines_lost >= max(MANY_LOST * (taken + notes.lines_lost), LEAST_LOST):
        lost = notes.lines_lost
        notes.assume(Assumption(Inference.LOST, numbers=(lost, taken + lost)))
    found = False
    is_stated = unit is not None or any(each.what is Inference.ORDER for each in notes.assumptions())
    for run, gatherer in gatherers.items():
        trainings = (each for each in gatherer.finish() if _has_loss(each))
        for index, training in enumerate(trainings):
            found = True
            yield Run(
                name=" ".join(filter(None, [name, run, f"({index + 1})" if index else ""])),
                path=path,
                format=format_,
                observations=training.observations,
                unit=unit or training.unit,
                counts_from=training.counts_from,
                kilowatt_hours=training.kilowatt_hours,
                planned=_planned(training, planned, planned_steps),
                columns=columns,
                assumed=(*notes.assumptions(), *_unknown(training.assumed, is_stated=is_stated)),
                notes=(*notes.sentences(), *training.notes),
                metadata=metadata or {},
            )
    if not found:
        raise LogError("; ".join(["it has no epoch with a loss", *notes.sentences()]))


def _unknown(assumed: Iterable[Assumption], *, is_stated: bool) -> Iterator[Assumption]:
    """What was assumed, without what the records are where the format or its reader states it."""
    known = {Inference.ORDER, Inference.STEP_IS_EPOCH} if is_stated else set[Inference]()
    return (each for each in assumed if each.what not in known)


def _has_loss(training: Gathered) -> bool:
    """Whether there is a loss at all; settings that are printed at the beginning may name a rate alone."""
    return any(each.train_loss is not None or each.val_loss is not None for each in training.observations)


def _planned(training: Gathered, epochs: int | None, steps: float | None) -> int | None:
    """What the training was to take, in what its steps count; less what came before a log that begins later."""
    if training.unit == "epoch":
        return None if epochs is None else max(epochs - max(training.counts_from - 1, 0), 1)
    if steps is None or not training.steps_each:
        return None
    return max(round(steps / training.steps_each), len(training.observations))
