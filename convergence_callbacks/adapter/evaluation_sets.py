"""The evaluations of gradient boosting: several data sets, several metrics each, at every iteration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

_RISES = re.compile(r"auc|ap$|average_precision|map(@|$)|ndcg|pre(@|$)|accuracy|f1|r2|recall|precision|kappa|mcc", re.I)
"""Metrics of which more is better, where a library does not say so itself."""

_TRAIN = re.compile(r"train|learn", re.I)


class Evaluation(NamedTuple):
    """One metric of one data set."""

    data: str
    metric: str
    value: Any
    rises: bool | None = None
    """Whether more of it is better; None where the library does not say."""


def as_logged(evaluations: Iterable[Evaluation]) -> dict[str, Any]:
    """The evaluations by name, as ``data/metric``, and the two of them that are judged unless others are named.

    ``val_loss`` is, as in the libraries' own early stopping, from the last data set that is not called after the
    training, and of its metrics the last that is better the less it is. ``train_loss`` is the same metric of the data
    set that is called after the training.

    >>> rows = [Evaluation("train", "rmse", 0.4), Evaluation("valid", "auc", 0.9), Evaluation("valid", "rmse", 0.5)]
    >>> as_logged(rows)
    {'train/rmse': 0.4, 'valid/auc': 0.9, 'valid/rmse': 0.5, 'val_loss': 0.5, 'train_loss': 0.4}
    """
    rows = list(evaluations)
    logged = {f"{row.data}/{row.metric}": row.value for row in rows}
    losses = [row for row in rows if not (_RISES.search(row.metric) if row.rises is None else row.rises)]
    validation = [row for row in losses if not _TRAIN.search(row.data)]
    train = [row for row in losses if _TRAIN.search(row.data)]
    if validation:
        last = validation[-1]
        logged["val_loss"] = last.value
        train = [row for row in train if row.metric == last.metric]
    if train:
        logged["train_loss"] = train[-1].value
    return logged
