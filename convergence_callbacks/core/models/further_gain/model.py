"""What more epochs can be expected to bring, learnt from trainings that nothing cut short.

At each epoch the *worth* of training on is estimated: the most that any further stretch of training gains per share of
the budget that it takes, the index by which optimal stopping decides (Gittins, "Bandit processes and dynamic allocation
indices", 1979). Boosted trees estimate it from the learning curve (`core.models.features`); as a caution, half of what
most trainings at best still gain is added. The expected gain is what trainings of other data sets still gained when
their worth had fallen to the same level: on average, and at most.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.curve.reading import Readings
from convergence_callbacks.core.curve.series import Series
from convergence_callbacks.core.models import features, stored
from convergence_callbacks.core.models.boosted_trees import BoostedTrees


@dataclass(frozen=True, slots=True)
class FurtherGain:
    """What is still to be gained, as shares of the total gain.

    Args:
        mean: On average.
        most: In 19 of 20 trainings it is less.
    """

    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Read:
    """The model's answer for one run at one epoch.

    Args:
        worth: What training on is worth.
        features: What that was estimated from, by name.
    """

    worth: float
    features: Mapping[str, float]


def read(runs: Readings) -> Sequence[Read]:
    """What training on is worth for each run; see `Reading.ask`."""
    table, trees = features.read(runs), fitted().worth
    worths = trees.predict_rows(table.columns(trees.features))[:, 0].tolist()
    return [Read(worth, row) for worth, row in zip(worths, table.each(), strict=True)]


def further_gain(worth: float) -> FurtherGain:
    """What is still to be gained once worth has fallen to this level."""
    model = fitted()
    return FurtherGain(mean=mean_gain(worth), most=float(np.interp(worth, model.levels, model.most, right=1.0)))


def mean_gain(worth: float) -> float:
    """The mean of `further_gain` alone."""
    model = fitted()
    return float(np.interp(worth, model.levels, model.gain, right=1.0))


@dataclass(frozen=True, eq=False)
class Fitted:
    """The fitted model.

    Args:
        worth: Trees for what training on is worth.
        levels: Levels of worth, rising.
        gain: At each level, what runs of left-out data sets still gained on average, as a share of the total gain.
        most: At each level, the gain that 19 of 20 of them stayed below.
    """

    worth: BoostedTrees
    levels: Series
    gain: Series
    most: Series


@functools.cache
def fitted() -> Fitted:
    """The fitted model, read when first asked for: importing the package stays fast."""
    arrays = stored.read(__package__)
    worth = BoostedTrees.stored(arrays, "worth")
    stored.check_features(__package__, worth.features, features.names())
    levels, gain, most = (arrays[name].astype(np.float64) for name in ("levels", "gain", "most"))
    return Fitted(worth, levels, gain, most)
