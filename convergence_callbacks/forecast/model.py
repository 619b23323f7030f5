"""How far the level of a loss will have moved by a later epoch, and how many epochs are left."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.curve.series import Series
from convergence_callbacks.core.models import stored
from convergence_callbacks.core.models.boosted_trees import BoostedTrees
from convergence_callbacks.forecast import features

STAGES = (0.15, 0.375, 0.625)
"""Shares of the way at which one stage ends and the next one begins."""

NEAR_ZERO = 0.1
"""Changes are learnt on a scale that is even below this share of the recent movement and logarithmic above."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The fitted model.

    Args:
        level: Trees for the lower end, the middle and the upper end of the `magnitude` of the level's change, in units
            of the recent movement.
        level_wider: How much wider intervals are than these trees say, by loss (validation, train) and `stage`.
        left: Trees for the same of the epochs that are left: log(1 + epochs left / epochs so far).
        left_wider: How much wider these intervals are.
    """

    level: BoostedTrees
    level_wider: Series
    left: BoostedTrees
    left_wider: Series


@functools.cache
def fitted() -> Fitted:
    """The fitted model, read when first asked for: importing the package stays fast."""
    arrays = stored.read(__package__)
    level, left = BoostedTrees.stored(arrays, "level"), BoostedTrees.stored(arrays, "left")
    stored.check_features(__package__, level.features, features.names())
    stored.check_features(__package__, left.features, (*features.names(), *features.names_with_tolerance()))
    level_wider, left_wider = (arrays[name].astype(np.float64) for name in ("level_wider", "left_wider"))
    return Fitted(level, level_wider, left, left_wider)


def magnitude(change: Series) -> Series:
    """A change in units of the recent movement, on the scale on which it is learnt."""
    return np.asarray(np.arcsinh(change / NEAR_ZERO))


def change(magnitude: Series) -> Series:
    """The change of that magnitude."""
    return NEAR_ZERO * np.sinh(magnitude)


def stage(share: float) -> int:
    """How far a run has come of the way that is looked ahead: intervals are widened by the same factor in each."""
    return sum(share >= bound for bound in STAGES)
