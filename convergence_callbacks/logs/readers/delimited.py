"""Tables: Lightning's and Keras's CSVLogger, timm's summary, and any other with a header."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns, words_of
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.labels import RUN_NAMES, SPLIT_NAMES
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.points import Point, runs_of_points
from convergence_callbacks.logs.reader import GUESS, POSSIBLE, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import number_in, seconds_in
from convergence_callbacks.logs.text_table import Table, header_in, is_header, numbers_below

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".log", ".tab", ".dat", ".out"})
TEXTS = frozenset({".txt", ".log", ".dat", ".out"})
"""Endings that texts have too: a sentence with commas is no header."""

TAGS = ("tag", "metric", "metric_name", "key", "name", "variable")
VALUES = ("value", "metric_value")
"""Names of the columns of a long table, in lower case: a row holds one number, and names what it is of."""

LOOKED_AT = 50
"""Rows that are looked at for columns of words."""

TABLE_OF_RUNS = (
    frozenset({"name", "state", "created"}),  # Weights & Biases
    frozenset({"run_id", "experiment_id", "status"}),  # mlflow.search_runs()
    frozenset({"start time", "duration", "run id"}),  # MLflow's page
    frozenset({"number", "value", "state"}),  # optuna's trials_dataframe()
    frozenset({"mean_fit_time", "mean_test_score"}),  # scikit-learn's cv_results_
)
"""Columns, in lower case, of tables in which each row is another run."""


class Delimited(Reader):
    """Reads tables whose first line names the columns."""

    name: ClassVar[str] = "CSV"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A name that tables have, and a first line of names; several, and numbers below, where texts are named so."""
        header, suffix = header_in(head), path.suffix.lower()
        if suffix not in SUFFIXES or not is_header(header):
            return None
        if suffix in TEXTS and (len(header) < 2 or not numbers_below(head)):
            return None
        return Claim(
            GUESS if suffix in TEXTS and not numbers_below(head, every=True) else POSSIBLE, "a header of names"
        )

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file; several where the epochs start over, or a column names the run of each row."""
        notes = Notes()
        table = Table(path, notes)
        lowered = {name.lower() for name in table.names}
        if any(usual <= lowered for usual in TABLE_OF_RUNS):
            raise LogError("each row is another run, with what it came to: export the history of the runs, or a chart")
        tag = next((name for name in table.names if name.lower() in TAGS), None)
        value = next((name for name in table.names if name.lower() in VALUES), None)
        if tag is not None and value is not None:
            for name, points in _long(table, tag, value, notes).items():
                yield from runs_of_points(path, self.name, points, choice, notes, name=name)
            return
        try:
            names = table.labelled()
        except LogError as error:
            if any("loss" in words_of(name) for name in table.names):
                raise
            raise NotALogError(error.message) from None
        columns = find_columns(names, choice)
        if columns.epoch is None and columns.step is None:
            _refuse_runs(path, [name for name in table.names if name != columns.time])
        yield from runs_of(path, self.name, columns, table.rows(columns), notes)


def _refuse_runs(path: Path, names: list[str]) -> None:
    """Refuse a table that counts nothing and whose rows differ in words, as in settings: each may be another run.

    Raises:
        LogError: It is one.
    """
    others = [name for name in names if name.lower() not in (*SPLIT_NAMES, *RUN_NAMES)]
    words: dict[str, set[str]] = {name: set() for name in others}
    for _, cells in itertools.islice(Table(path, Notes()).texts(*others), LOOKED_AT):
        for name, cell in zip(others, cells, strict=True):
            if _is_word(cell):
                words[name].add(cell)
    differing = next((name for name, found in words.items() if len(found) > 1), None)
    if differing is not None:
        raise LogError(
            f"nothing counts its rows, and {differing!r} differs in words: each row may be another run; "
            "for a training give it a column named epoch or step"
        )


def _is_word(cell: str) -> bool:
    for read in (number_in, seconds_in):
        try:
            read(cell)
        except ValueError:
            continue
        return False
    return any(letter.isalpha() for letter in cell)


def _long(table: Table, tag: str, value: str, notes: Notes) -> dict[str, list[Point]]:
    """The numbers of a long table, by run: a row for each, as pandas' ``melt`` and TensorBoard's data frames have it.

    Raises:
        NotALogError: There are none.
    """
    step = find_counter(table.names)
    time = next((name for name in table.names if name.lower() in {"wall_time", "timestamp", "time"}), None)
    run = next((name for name in table.names if name.lower() in {"run", "run_id", "run_uuid", "experiment"}), None)
    others = [name for name in (step, time, run) if name]
    points: dict[str, list[Point]] = {}
    for number, (key, cell, *more) in table.texts(tag, value, *others):
        cells = dict(zip(others, more, strict=True))
        try:
            read = number_in(cell)
            at = number_in(cells[step]) if step else 0.0
            when = seconds_in(cells[time]) if time else None
        except ValueError as error:
            notes.add(f"is left out, since {error}", number, kind="no number")
            continue
        if read is not None:
            point = Point(key, read, at or 0.0, math.nan if when is None else when)
            points.setdefault(cells.get(run or "", ""), []).append(point)
    if not points:
        raise NotALogError("it has no row with a number")
    return points if len(points) > 1 else {"": next(iter(points.values()))}


def find_counter(names: list[str]) -> str | None:
    """The column that counts steps or epochs."""
    return next((name for name in names if words_of(name) <= {"step", "epoch", "iteration", "global"} and name), None)
