"""Columns of words that show of which run, or of which part of the data, a row is."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convergence_callbacks.logs.columns import words_of
from convergence_callbacks.logs.errors import LogError

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "dev", "test"})
"""What a part of the data is called, in lower case."""

SPLIT_NAMES = ("mode", "split", "phase", "stage", "subset", "set", "partition", "dataset", "data_split")
"""Columns that name the part of the data, in lower case."""

RUN_NAMES = (
    *("run", "run_id", "run_name", "experiment", "experiment_name", "exp", "exp_name", "trial", "trial_id", "job_id"),
    *("fold", "seed", "model", "model_name", "method", "name", "id"),
)
"""Columns that name the run, in lower case."""

VAGUE = frozenset({"name", "id", "model", "model_name", "method"})
"""Those of them that may name something else, as the checkpoint of an epoch."""

MOST = 10_000
"""Runs in a file, at most."""

COUNTS = frozenset({"epoch", "epochs", "step", "steps", "iter", "iteration", "time", "lr", "timestamp", "rate"})
"""Words of names that mean the same for every part of the data."""


@functools.lru_cache(maxsize=4096)
def of_split(split: str, name: str) -> str:
    """The name of a number of a part of the data.

    >>> of_split("val", "loss"), of_split("val", "epoch")
    ('val/loss', 'epoch')
    """
    return name if words_of(name) & COUNTS else f"{split}/{name}"


def is_split(values: Iterable[str]) -> bool:
    """Whether the words of a column are parts of the data."""
    words = {value.strip().lower() for value in values} - {""}
    return bool(words) and len(words & SPLITS) >= min(2, len(words))


@dataclass
class Labels:
    """Finds out which columns name the run of a row; takes rows in order.

    Args:
        names: All columns.
        has_epochs: Whether one of them counts epochs.
    """

    names: Sequence[str]
    has_epochs: bool
    _seen: dict[str, dict[str, int]] = field(default_factory=dict)
    _together: dict[tuple[str, ...], int] = field(default_factory=dict)
    _rows: int = 0
    _unlabelled: int = 0

    @functools.cached_property
    def candidates(self) -> list[str]:
        """Columns by whose names they may be."""
        return [name for name in self.names if name.strip().lower() in RUN_NAMES]

    @functools.cached_property
    def _alone(self) -> frozenset[str]:
        return frozenset(self.candidates)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take in a row, by the names of the columns."""
        self._rows += 1
        if self._alone.isdisjoint(row):  # as in most logs: all of its labels are empty
            self._unlabelled += 1
            return
        for name in self.candidates:
            value = str(row.get(name, ""))
            seen = self._seen.setdefault(name, {})
            if value in seen or len(seen) < MOST:
                seen[value] = seen.get(value, 0) + 1

    def runs(self) -> list[str]:
        """The columns that tell several runs apart, none where it is one.

        Raises:
            LogError: Each row is another run.
        """
        for seen in self._seen.values():
            if self._unlabelled:
                seen[""] = seen.get("", 0) + self._unlabelled
        self._unlabelled = 0
        several = [name for name in self.candidates if len(self._seen.get(name, {})) > 1]
        for name in list(several):
            if len(self._seen[name]) < self._rows or self._rows < 3:
                continue
            if self.has_epochs and name.strip().lower() in VAGUE:
                several.remove(name)
                continue
            raise LogError(
                f"each row is another run, by its column {name!r}: a table of what runs came to, not the log of one"
            )
        return several
