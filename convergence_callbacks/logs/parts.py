"""Losses that are logged in parts, of boxes, classes and so on: they are their sum."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, Columns, find_columns, words_of
from convergence_callbacks.logs.notes import Notes

TRAIN, VAL = "train/loss", "val/loss"
"""The sums of the parts that the loss is logged in."""

_WHOLE = frozenset({"train", "val", "loss", "total", "epoch", "step"})
"""Words of a loss that is none of the parts."""


def columns_and_sums(
    names: Sequence[str], choice: ColumnChoice, notes: Notes
) -> tuple[Columns, Mapping[str, list[str]]]:
    """Which column is what, sums among them, and the parts of each sum that was taken; it is noted."""
    sums = parts_in(names)
    columns = find_columns([*names, *sums], choice)
    taken = {name: parts for name, parts in sums.items() if name in (columns.train, columns.val)}
    for name, parts in taken.items():
        notes.assume(Assumption(Inference.SUM, name, tuple(parts)))
    used = {part for parts in taken.values() for part in parts}
    return dataclasses.replace(columns, ignored=tuple(name for name in columns.ignored if name not in used)), taken


def parts_in(names: Sequence[str]) -> Mapping[str, list[str]]:
    """The parts of train and validation loss, those that both have, where the loss itself is not logged.

    >>> parts_in(["epoch", "train/box_loss", "train/cls_loss", "val/box_loss", "val/cls_loss"])["val/loss"]
    ['val/box_loss', 'val/cls_loss']
    >>> parts_in(["train/kl_loss", "val/kl_loss", "val/total_loss"])  # of which the parts may be weighted
    {}
    """
    if any("loss" in words_of(name) and words_of(name) <= _WHOLE for name in names):
        return {}
    parts = {
        whole: [name for name in names if name.startswith(f"{data}/") and name.endswith("_loss")]
        for whole, data in ((TRAIN, "train"), (VAL, "val"))
    }
    kinds = [{part.split("/", 1)[1] for part in of_data} for of_data in parts.values()]
    return parts if kinds[0] and kinds[0] == kinds[1] else {}
