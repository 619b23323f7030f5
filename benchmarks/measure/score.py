"""What a rule costs and what it loses.

Cost is the share of the budget that a rule spends. Regret is what the lowest validation loss that it saw lost against
that of the whole run, as a share of the run's whole gain over a trivial predictor.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.record.curves import Run
from benchmarks.record.histories import weights_of
from convergence_callbacks.compare.figures import share_lost

Series = NDArray[np.float64]
SENSIBLE = (0.1, 3)  # learning rates, in units of the usual one, that a user would have chosen
NEIGHBOURS = 2  # epochs on each side over which a loss is smoothed


@dataclass(frozen=True)
class Result:
    """What a rule made of each run.

    Args:
        rule: Its name.
        stops: Epochs it spent, by run.
        cost: The same as a share of the budget.
        regret: What it lost of the run's gain.
        weights: What each run counts.
    """

    rule: str
    stops: NDArray[np.int64]
    cost: Series
    regret: Series
    weights: Series

    @property
    def point(self) -> tuple[float, float]:
        """Mean regret and mean cost."""
        return self.mean(self.regret), self.mean(self.cost)

    def mean(self, values: Series) -> float:
        """The mean over the runs, by what each counts."""
        return float(np.average(values, weights=self.weights))

    def quantile(self, share: float) -> float:
        """What the regret stays below in so many of the runs, by what each counts."""
        if np.ptp(self.weights) == 0:
            return float(np.quantile(self.regret, share))
        order = np.argsort(self.regret)
        covered = np.cumsum(self.weights[order]) / self.weights.sum()
        return float(self.regret[order][np.searchsorted(covered, share)])

    def of(self, chosen: NDArray[np.intp]) -> Result:
        """The result on some of the runs."""
        parts = (each[chosen] for each in (self.stops, self.cost, self.regret, self.weights))
        return Result(self.rule, *parts)


def usable(run: Run) -> bool:
    """Whether a run says something about stopping: a sound one, at a sensible rate, that learnt something."""
    sound = run.fault == "none" and bool(np.isfinite(run.val).all() and np.isfinite(run.train).all())
    return sound and SENSIBLE[0] <= run.multiplier <= SENSIBLE[1] and run.gain > 0.05 * abs(run.baseline)


def smoothed(run: Run) -> Run:
    """The run with each validation loss averaged with its neighbours': a lucky low among noise is no gain."""
    window = np.ones(2 * NEIGHBOURS + 1)
    counts = np.convolve(np.ones(run.epochs), window, "same")
    return dataclasses.replace(run, val=np.convolve(run.val, window, "same") / counts)


def score(rule: str, stops: Sequence[int], runs: Sequence[Run]) -> Result:
    """Cost and regret of stopping each run after so many epochs; public projects count alike, recorded runs too."""
    lost = [
        share_lost(float(run.val[:stop].min()), float(run.val.min()), run.gain)
        for run, stop in zip(runs, stops, strict=True)
    ]
    spent = [stop / run.epochs for run, stop in zip(runs, stops, strict=True)]
    is_recorded = all(run.domain == "recorded" for run in runs)
    weights = np.ones(len(runs)) if is_recorded else weights_of(runs)
    return Result(rule, np.array(stops), np.array(spent), np.clip(lost, 0, 1), weights)


def cost_at(frontier: Sequence[tuple[float, float]], regret: float) -> float:
    """Cheapest mean cost at a mean regret: linear between the points that no other point beats.

    Never to stop, which costs all and loses nothing, is one of the points.
    """
    envelope: list[tuple[float, float]] = []
    for point in sorted([(0.0, 1.0), *frontier]):
        if not envelope or point[1] < envelope[-1][1]:
            envelope.append(point)
    return float(np.interp(regret, *np.array(envelope).T))


@dataclass(frozen=True)
class Frontiers:
    """Three families of rules on the same runs."""

    stock: Sequence[Result]
    ours: Sequence[Result]
    clairvoyant: Sequence[Result]

    def closed(self, regret: float, chosen: NDArray[np.intp]) -> float:
        """Share of the distance from patience to the clairvoyant that ours closes, on some of the runs."""
        stock, ours, best = (
            cost_at([result.of(chosen).point for result in family], regret)
            for family in (self.stock, self.ours, self.clairvoyant)
        )
        return (stock - ours) / (stock - best)
