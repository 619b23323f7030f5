"""CatBoost's ``catboost_info/catboost_training.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.core.errors import unknown_name
from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.json_text import document_in, is_number
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, number_in


class CatBoost(Reader):
    """Reads what CatBoost recorded in each round: the metrics that it marks as falling."""

    name: ClassVar[str] = "CatBoost"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """Its name, or the keys at its beginning."""
        if path.name == "catboost_training.json":
            return Claim(CERTAIN, "the name of CatBoost's own log")
        keys = path.suffix == ".json" and b'"meta"' in head[:200] and b'"learn_metrics"' in head
        return Claim(CERTAIN, "the keys of CatBoost's own log") if keys else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run, one round of boosting a step."""
        document = document_in(path)
        try:
            meta, rounds = document["meta"], document["iterations"]
            learn = _falling("learn", meta["learn_metrics"])
            test = _falling("test", meta["test_metrics"]) if meta["test_sets"] else {}
        except (TypeError, KeyError) as error:
            raise LogError(f"it is no training of CatBoost: {error!r} is missing") from None
        columns = _columns(learn, test, choice)
        notes = Notes()
        rows = (_row(number, each, columns, learn, test) for number, each in enumerate(rounds, start=1))
        planned = meta.get("iteration_count") if isinstance(meta.get("iteration_count"), int) else None
        yield from runs_of(path, self.name, columns, rows, notes, planned=planned, unit="round")


def _falling(data: str, metrics: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Where in the lists each metric is that CatBoost wants small."""
    return {f"{data}/{each['name']}": index for index, each in enumerate(metrics) if each["best_value"] == "Min"}


def _columns(learn: Mapping[str, int], test: Mapping[str, int], choice: ColumnChoice) -> Columns:
    for option, wanted in (("--train-metric", choice.train), ("--val-metric", choice.val)):
        if wanted is not None and wanted not in {**learn, **test}:
            raise LogError(f"{unknown_name('metric', wanted, [*learn, *test])} ({option})")
    val, train = choice.val or next(iter(test), None), choice.train or next(iter(learn), None)
    if train is None and val is None:
        raise LogError("none of its metrics is to fall")
    why = {"val": "the first metric of the test set that is to fall", "train": "the same of the training data"}
    return Columns(train=train, val=val, time="passed_time", why=why)


def _row(number: int, each: Any, columns: Columns, learn: Mapping[str, int], test: Mapping[str, int]) -> Row:
    """One round; tests may be evaluated in some rounds only."""
    values: dict[str, float] = {}
    of_test = each.get("test") or []  # of the first set; the second is called test1
    nested = bool(of_test) and isinstance(of_test[0], list)
    lists = {"learn": each.get("learn") or [], "test": of_test[0] if nested else of_test}
    for name in (columns.train, columns.val):
        if name is not None:
            index, numbers = {**learn, **test}[name], lists[name.split("/", 1)[0]]
            number_there = numbers[index] if index < len(numbers) else None
            if is_number(number_there) and (value := number_in(number_there)) is not None:
                values[name] = value
    if is_number(each.get("passed_time")):
        values["passed_time"] = float(each["passed_time"])
    return Row(number, values)
