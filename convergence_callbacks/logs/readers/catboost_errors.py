"""CatBoost's ``learn_error.tsv`` and ``test_error.tsv``, where its log in JSON is not beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, number_in
from convergence_callbacks.logs.text_table import Table
from convergence_callbacks.metrics.meaning import meaning

FILES = {"learn": "learn_error.tsv", "test": "test_error.tsv"}
COUNTER = "iter"


class CatBoostErrors(Reader):
    """Reads the metric of each round that is to fall, of training and of the test set."""

    name: ClassVar[str] = "CatBoost errors"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The names of the files, and of their first column."""
        is_one = path.name in FILES.values() and head.startswith(f"{COUNTER}\t".encode())
        return Claim(CERTAIN, "the name of CatBoost's own table") if is_one else None

    def log_of(self, path: Path) -> Path:
        """The folder's table of the training, or else that of the test set."""
        learn = path.parent / FILES["learn"]
        return learn if learn.is_file() else path

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run, one round of boosting a step."""
        notes = Notes()
        values: dict[float, dict[str, float]] = {}
        names: dict[str, str] = {}
        for data, file in FILES.items():
            if (path.parent / file).is_file():
                wanted = choice.train if data == "learn" else choice.val
                names[data] = _read(path.parent / file, data, wanted, values, notes)
        _forget_another_s(names, values, notes)
        why = {"val": "the first metric of the test set that is to fall", "train": "the same of the training data"}
        columns = Columns(train=names.get("learn"), val=names.get("test"), epoch=COUNTER, why=why)
        rows = (Row(number, values[each]) for number, each in enumerate(sorted(values), start=1))
        yield from runs_of(path, self.name, columns, rows, notes, unit="round")


def _forget_another_s(names: dict[str, str], values: dict[float, dict[str, float]], notes: Notes) -> None:
    """Leave out the errors of a test set that end with another round: CatBoost leaves those of an earlier training.

    A training without a test set writes ``learn_error.tsv`` anew, and no ``test_error.tsv``.
    """
    ends = {data: max((at for at, row in values.items() if name in row), default=0.0) for data, name in names.items()}
    if len(set(ends.values())) > 1:
        notes.add(
            f"{FILES['test']} ends with round {round(ends['test'])}, "
            f"{FILES['learn']} with round {round(ends['learn'])}: the former is of another training, and left out"
        )
        test = names.pop("test")
        for at in list(values):
            values[at].pop(test, None)
            if len(values[at]) == 1:
                del values[at]


def _read(file: Path, data: str, wanted: str | None, values: dict[float, dict[str, float]], notes: Notes) -> str:
    """Take in a table; gives the name of its column that was taken.

    Raises:
        NotALogError: It has none that surely falls.
    """
    table = Table(file, notes)
    metrics = table.names[1:]
    metric = next(
        (name for name in metrics if wanted == f"{data}/{name}" or (not wanted and meaning(name).direction == "min")),
        None,
    )
    if metric is None:
        listed = ", ".join(repr(f"{data}/{each}") for each in metrics)
        message = f"none of its metrics is known to fall: {listed}"
        raise LogError(message) if wanted else NotALogError(message)
    name = f"{data}/{metric}"
    for _, (count, value) in table.texts(COUNTER, metric):
        at, read = number_in(count), number_in(value)
        if at is not None and read is not None:
            values.setdefault(at, {COUNTER: at})[name] = read
    return name
