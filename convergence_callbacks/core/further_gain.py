"""What more epochs can be expected to bring, learnt from trainings that nothing cut short.

A curve of *worth* is read at each epoch: the most that any further stretch of training brings for the share of the
budget that it takes, the index by which optimal stopping decides (Gittins, "Bandit processes and dynamic allocation
indices", 1979). Boosted trees estimate it from the learning curve (`convergence_callbacks.core.features`); half of
what most trainings at best still gain is added, since where the end is open caution pays. What trainings of other data
sets still gained when their worth fell to the same level, on average and at most, is what is expected of this one.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core import further_gain_model
from convergence_callbacks.core.boosted_trees import BoostedTrees
from convergence_callbacks.core.signals import Series

MEMORY = 0.1
"""Share of the run over which worth is averaged: a single low estimate among noisy ones is no reason to stop."""

LEAST_MEMORY = 5
"""Bins over which it is averaged at least where the budget is not known: then all that is known is the curve."""

FAR_ABOVE = 0.4
"""Validation loss so much above its best, as a share of the total gain, is not where it will stay, …"""

UNSTEADY = 0.2
"""… if its noise is that share of the distance."""

WORTH_OF_WAITING = 1.4
"""What training on is worth then: more than any tolerance."""


@dataclass(frozen=True, slots=True)
class FurtherGain:
    """What is still to be gained, as shares of the total gain.

    Args:
        mean: On average.
        most: In 19 of 20 trainings it is less.
    """

    mean: float
    most: float


def worth_of(known: Mapping[str, float]) -> float:
    """What training on is worth, from the features of a curve."""
    return guarded(worth_trees().predict(known), known)


def guarded(worth: float, known: Mapping[str, float]) -> float:
    """The same, where validation loss was thrown off: far above its best and unsteady, it may yet come back.

    So it is in fine-tuning, while the learning rate is high. Overfitting rises too, but steadily.
    """
    level = known["val_level_12"]
    thrown_off = level > FAR_ABOVE and known["val_noise"] > UNSTEADY * level
    return max(worth, WORTH_OF_WAITING) if thrown_off else worth


def averaged(before: float | None, worth: float, bins: int, budget: int | None) -> float:
    """The running average of worth.

    Args:
        before: That of the last bin, None at the first.
        worth: Of the latest bin.
        bins: How many there are.
        budget: Epochs the training may take, None where unknown.
    """
    memory = max(MEMORY * bins, 1.0 if budget else LEAST_MEMORY)
    return worth if before is None else before + (worth - before) / memory


def further_gain(worth: float) -> FurtherGain:
    """What is still to be gained where worth has fallen to this level for the first time."""
    levels, gain, most = _levels()
    return FurtherGain(
        mean=float(np.interp(worth, levels, gain, right=1.0)),
        most=float(np.interp(worth, levels, most, right=1.0)),
    )


@functools.cache
def _levels() -> tuple[Series, Series, Series]:
    return np.array(further_gain_model.WORTH), np.array(further_gain_model.GAIN), np.array(further_gain_model.MOST)


@functools.cache
def worth_trees() -> BoostedTrees:
    """Put together at the first epoch that is judged: importing the package stays fast."""
    return BoostedTrees.of(further_gain_model.FEATURES, further_gain_model.START, further_gain_model.TREES)
