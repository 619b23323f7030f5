"""A score for each verdict, learnt from recorded trainings whose fault is known."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from convergence_callbacks.core.curve.reading import Readings
from convergence_callbacks.core.models import features, stored
from convergence_callbacks.core.models.boosted_trees import BoostedTrees
from convergence_callbacks.core.verdict import Verdict

VERDICTS = tuple(verdict for verdict in Verdict if verdict is not Verdict.DIVERGED)
"""The verdicts that the trees tell apart, in the order of their sums; a run that diverged needs no fitted model."""


def scores(runs: Readings) -> Sequence[Sequence[float]]:
    """The score of each verdict for each run, in the order of `VERDICTS`; see `Reading.ask`."""
    trees = fitted()
    read: list[list[float]] = trees.predict_rows(features.read(runs).columns(trees.features)).tolist()
    return read


@functools.cache
def fitted() -> BoostedTrees:
    """A sum of trees for each verdict, read when first asked for: importing the package stays fast."""
    trees = BoostedTrees.stored(stored.read(__package__), "verdict")
    stored.check_features(__package__, trees.features, features.names())
    return trees
