"""The ``evals_result`` of XGBoost and LightGBM, saved as JSON: lists of numbers by data set and metric."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.core.errors import unknown_name
from convergence_callbacks.logs.columns import SCORES, ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.json_text import document_in, is_number
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import LIKELY, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, number_in

TRAIN = ("train", "training", "learn", "dtrain", "validation_0")
"""What the training data are called; XGBoost's estimators for scikit-learn call the first data set so."""

VALIDATION = ("valid", "validation", "val", "eval", "test", "dtest", "dvalid", "valid_0", "valid_1", "validation_1")

RISING = SCORES | {"aucpr", "ndcg", "pre", "gini", "kappa", "mcc", "ks", "pearson", "spearman", "jaccard", "score"}
"""Words in the names of metrics of which more is better, or may be; ``@`` and what follows is not looked at."""


class EvalsResult(Reader):
    """Reads what boosted trees recorded in each round."""

    name: ClassVar[str] = "evals_result"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """Two levels of names, of which the first is a usual one, before the first list."""
        names = "|".join(map(re.escape, {*TRAIN, *VALIDATION}))
        start = rb'\s*\{\s*"(' + names.encode() + rb')"\s*:\s*\{\s*"[^"]+"\s*:\s*\['
        is_one = path.suffix.lower() == ".json" and re.match(start, head) is not None
        return Claim(LIKELY, "lists of numbers by data set and metric") if is_one else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run, one round of boosting a step."""
        series = dict(_series(document_in(path)))
        if not series:
            raise NotALogError("it has no list of numbers by data set and metric")
        columns = find(series, choice)
        lists = {name: series[name] for name in (columns.train, columns.val) if name is not None}
        if len({len(values) for values in lists.values()}) > 1:
            raise LogError(f"the lists differ in length: {', '.join(f'{n!r} {len(v)}' for n, v in lists.items())}")
        rounds = range(len(next(iter(lists.values()))))
        rows = (Row(index + 1, _numbers(lists, index)) for index in rounds)
        yield from runs_of(path, self.name, columns, rows, Notes(), unit="round")


def find(series: Mapping[str, Any], choice: ColumnChoice) -> Columns:
    """Train and validation loss among ``data set/metric``.

    Raises:
        LogError: What the user named is not there, or only metrics are that rise.
    """
    for option, wanted in (("--train-metric", choice.train), ("--val-metric", choice.val)):
        if wanted is not None and wanted not in series:
            raise LogError(f"{unknown_name('metric', wanted, series)} ({option})")
    val = choice.val or _first(series, VALIDATION) or _first(series, ("validation_0",))
    if val is None and choice.train is None and (val := _first(series, TRAIN)) is None:
        raise LogError(f"no metric is a loss that falls; name one with --val-metric. Known: {', '.join(series)}")
    metric = val.split("/", 1)[1] if val else ""
    same = [f"{data}/{metric}" for data in TRAIN if f"{data}/{metric}" in series and f"{data}/{metric}" != val]
    train = choice.train or (same[0] if same else None)
    why = {"val": "the first loss on data that are not of training", "train": "the same on the training data"}
    why |= {role: "named by the user" for role in ("train", "val") if getattr(choice, role)}
    others = tuple(name for name in series if name not in (train, val))
    return Columns(train=train, val=val, why=why, ignored=others)


def _first(series: Mapping[str, Any], data_sets: Sequence[str]) -> str | None:
    """The first metric that falls, of the first of these data sets that has one."""
    falling = [name for name in series if not _may_rise(name.split("/", 1)[1])]
    return next((name for data in data_sets for name in falling if name.split("/", 1)[0] == data), None)


def _may_rise(metric: str) -> bool:
    """Whether more of a metric may be better.

    >>> _may_rise("auc_mu"), _may_rise("ndcg@5"), _may_rise("f1_loss"), _may_rise("mape")
    (True, True, False, False)
    """
    words = set(re.findall("[a-z]+[0-9]*", metric.split("@", maxsplit=1)[0].lower()))
    return bool(words & RISING) and not words & {"loss", "error"}


def _series(document: Any) -> Iterator[tuple[str, list[Any]]]:
    for data, metrics in document.items() if isinstance(document, dict) else ():
        for metric, values in metrics.items() if isinstance(metrics, dict) else ():
            if isinstance(values, list) and values and all(is_number(value) for value in values):
                yield f"{data}/{metric}", values


def _numbers(lists: Mapping[str, list[Any]], index: int) -> dict[str, float]:
    values = {name: number_in(values[index]) for name, values in lists.items()}
    return {name: value for name, value in values.items() if value is not None}
