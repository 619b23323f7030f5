"""What more epochs can be expected to bring, learnt from trainings that nothing cut short.

A curve of *worth* is read at each epoch: the most that any further stretch of training brings for the share of the
budget that it takes, the index by which optimal stopping decides (Gittins, "Bandit processes and dynamic allocation
indices", 1979). Boosted trees estimate it from the learning curve (`features`); half of
what most trainings at best still gain is added, since where the end is open caution pays. What trainings of other data
sets still gained when their worth fell to the same level, on average and at most, is what is expected of this one.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.models import stored
from convergence_callbacks.core.models.boosted_trees import BoostedTrees
from convergence_callbacks.core.models.further_gain import features
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
    return guarded(float(fitted().worth.predict(known)[0]), known)


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
    model = fitted()
    return FurtherGain(
        mean=float(np.interp(worth, model.levels, model.gain, right=1.0)),
        most=float(np.interp(worth, model.levels, model.most, right=1.0)),
    )


@dataclass(frozen=True, eq=False)
class Fitted:
    """The fitted model.

    Args:
        worth: Trees for what training on is worth.
        levels: Levels of worth, rising, …
        gain: … what runs of left-out data sets still gained there on average, as a share of the total gain, …
        most: … and what 19 of 20 of them stayed below.
    """

    worth: BoostedTrees
    levels: Series
    gain: Series
    most: Series


@functools.cache
def fitted() -> Fitted:
    """The fitted model, read when first asked for: importing the package stays fast."""
    arrays = stored.read("further_gain")
    worth = BoostedTrees.stored(arrays, "worth")
    stored.check_features("further_gain", worth.features, features.names())
    levels, gain, most = (arrays[name].astype(np.float64) for name in ("levels", "gain", "most"))
    return Fitted(worth, levels, gain, most)
