"""MLflow's store in SQLite, ``mlflow.db``."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.points import Point, runs_of_points
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.run import Run

MAGIC = b"SQLite format 3\0"
DELETED = "deleted"


class MlflowSqlite(Reader):
    """Reads all runs of a database that were not deleted.

    The tables are read as they are: MLflow's own client refuses databases of other versions until they are migrated,
    and what only reads must change nothing.
    """

    name: ClassVar[str] = "MLflow SQLite"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A database of SQLite with the tables of MLflow."""
        if not head.startswith(MAGIC):
            return None
        try:
            with contextlib.closing(_opened(path)) as database:
                tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.Error:  # it is damaged, and nobody can say whose it was
            return None
        is_store = {"runs", "metrics", "experiments"} <= tables
        return Claim(CERTAIN, "a database with the tables of MLflow") if is_store else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs that have a loss, named after experiment and run."""
        found, problem = False, None
        try:
            with contextlib.closing(_opened(path)) as database:
                for identity, name in list(_runs(database)):
                    points, params = list(_points(database, identity)), dict(_params(database, identity))
                    try:
                        yield from runs_of_points(path, self.name, points, choice, Notes(), name=name, metadata=params)
                        found = True
                    except NotALogError:
                        continue
                    except LogError as error:  # of this run; the others are not lost
                        problem = problem or LogError(f"run {name!r}: {error.message}")
        except sqlite3.Error as error:
            raise LogError(f"the database can't be read: {error}") from error
        if not found:
            raise problem or NotALogError("it holds no run with a loss")


def _opened(path: Path) -> sqlite3.Connection:
    """The database, for reading only; a training that writes to it is not waited for longer than 5 seconds."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)


def _runs(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    query = """
        SELECT run_uuid, experiments.name, runs.name FROM runs JOIN experiments USING (experiment_id)
        WHERE runs.lifecycle_stage != ? ORDER BY start_time, run_uuid"""
    for identity, experiment, name in database.execute(query, (DELETED,)):
        yield identity, "/".join(filter(None, [experiment, name or identity]))


def _points(database: sqlite3.Connection, identity: str) -> Iterator[Point]:
    query = "SELECT key, value, step, timestamp, is_nan FROM metrics WHERE run_uuid = ?"
    for key, value, step, time, is_nan in database.execute(query, (identity,)):
        yield Point(
            key, math.nan if is_nan or value is None else float(value), float(step or 0), float(time or 0) / 1000
        )


def _params(database: sqlite3.Connection, identity: str) -> Iterator[tuple[str, str]]:
    yield from database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (identity,))
