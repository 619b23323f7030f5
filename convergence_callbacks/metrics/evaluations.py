"""Which of the evaluations of boosted trees is judged: several data sets, several metrics each, in every round."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from convergence_callbacks.metrics.find import find_named
from convergence_callbacks.metrics.meaning import meaning
from convergence_callbacks.metrics.vocabulary import COUNTS_MISTAKES


class Evaluation(NamedTuple):
    """One metric of one data set in a round.

    Args:
        data: What the data set is called.
        metric: What the metric is called.
        value: Its value.
        rises: Whether more of it is better; None where the library does not say.
    """

    data: str
    metric: str
    value: Any
    rises: bool | None = None

    @property
    def name(self) -> str:
        """How the evaluation is logged: ``data/metric``."""
        return f"{self.data}/{self.metric}"

    @property
    def is_of_training(self) -> bool:
        """Whether the data set is called after the training."""
        return meaning(self.data).role == "train"

    @property
    def falls(self) -> bool:
        """Whether less of it is better, as the library or the name says."""
        return meaning(self.metric, rises=self.rises).direction == "min"


def as_logged(evaluations: Iterable[Evaluation]) -> dict[str, Any]:
    """The evaluations by name, as ``data/metric``, with the two of them that are judged unless others are named.

    ``val_loss`` is, as in the libraries' own early stopping, from the last data set that is not called after the
    training: the first metric of which less is better, one that counts mistakes only where there is no other. A metric
    of which nobody says which way it improves is never taken. ``train_loss`` is the same metric of the data set that is
    called after the training.

    >>> rows = [Evaluation("train", "rmse", 0.4), Evaluation("valid", "auc", 0.9), Evaluation("valid", "rmse", 0.5)]
    >>> as_logged(rows)
    {'train/rmse': 0.4, 'valid/auc': 0.9, 'valid/rmse': 0.5, 'val_loss': 0.5, 'train_loss': 0.4}
    """
    rows = list(evaluations)
    layout, values = _layout_of(rows), [row.value for row in rows]
    logged = dict(zip(layout.names, values, strict=True))
    for loss, place in layout.losses:
        logged[loss] = values[place]
    return logged


def judged(wanted: str | None, evaluations: Iterable[Evaluation]) -> Evaluation | None:
    """The evaluation that is judged: the one that is named, or else that of which `as_logged` makes ``val_loss``.

    >>> judged(None, [Evaluation("train", "rmse", 0.4), Evaluation("valid", "rmse", 0.5)]).name
    'valid/rmse'
    """
    rows = {row.name: row for row in evaluations}
    if wanted is None:
        return _judged([row for row in rows.values() if not row.is_of_training])
    found = find_named(wanted, rows)
    return None if found is None else rows[found]


def rises(wanted: str, evaluations: Iterable[Evaluation]) -> bool | None:
    """Whether more of a metric is better, as far as the library says.

    >>> rises("valid_0's auc", [Evaluation("valid_0", "auc", 0.9, rises=True)])
    True
    """
    found = judged(wanted, evaluations)
    return None if found is None else found.rises


def is_validated(evaluations: Sequence[Evaluation]) -> bool:
    """Whether other than the training data was evaluated, or nothing was, which is to be reported.

    >>> is_validated([Evaluation("learn", "Logloss", 0.4)])
    False
    """
    return _layout_of(evaluations).is_validated


class _Layout(NamedTuple):
    """What the evaluations of a training have in common in each round, whatever their values.

    Args:
        names: What each is logged as.
        losses: The two that are judged, each with its place.
        is_validated: See `is_validated`.
    """

    names: tuple[str, ...]
    losses: tuple[tuple[str, int], ...]
    is_validated: bool


def _layout_of(evaluations: Sequence[Evaluation]) -> _Layout:
    return _layout(tuple([(row.data, row.metric, row.rises) for row in evaluations]))


@functools.lru_cache(maxsize=512)
def _layout(named: tuple[tuple[str, str, bool | None], ...]) -> _Layout:
    """The layout of evaluations of which data, metric and direction are known."""
    rows = [Evaluation(data, metric, place, rises) for place, (data, metric, rises) in enumerate(named)]
    others = [row for row in rows if not row.is_of_training]
    validation = _judged(others)
    same = [row for row in rows if row.is_of_training and (validation is None or row.metric == validation.metric)]
    losses = {"val_loss": validation, "train_loss": _judged(same)}
    return _Layout(
        names=tuple(row.name for row in rows),
        losses=tuple((loss, row.value) for loss, row in losses.items() if row is not None),
        is_validated=not rows or bool(others),
    )


def _judged(rows: list[Evaluation]) -> Evaluation | None:
    """The evaluation that is judged: of the last data set, the first loss that is more than a count of mistakes."""
    falling = [row for row in rows if row.falls]
    last = [row for row in falling if row.data == falling[-1].data]
    smooth = [row for row in last if not meaning(row.metric).measure & COUNTS_MISTAKES]
    return next(iter(smooth or last), None)
