"""What a rule costs and what it loses.

Cost is the share of the budget that a rule spends. Regret is what the lowest validation loss it saw lost
against that of the whole run, as a share of the run's whole gain over a trivial predictor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.record.curves import Run

Series = NDArray[np.float64]
SENSIBLE = (0.1, 3)  # learning rates, in units of the usual one, that a user would have chosen


@dataclass(frozen=True)
class Result:
    """What a rule made of each run.

    Args:
        rule: Its name.
        stops: Epochs it spent, by run.
        cost: The same as a share of the budget.
        regret: What it lost of the run's gain.
    """

    rule: str
    stops: NDArray[np.int64]
    cost: Series
    regret: Series

    @property
    def point(self) -> tuple[float, float]:
        """Mean regret and mean cost."""
        return float(self.regret.mean()), float(self.cost.mean())

    def of(self, chosen: NDArray[np.int64]) -> Result:
        """The same of some of the runs."""
        return Result(self.rule, self.stops[chosen], self.cost[chosen], self.regret[chosen])


def usable(run: Run) -> bool:
    """Whether a run says something about stopping: a sound one, at a sensible rate, that learnt something."""
    sound = run.fault == "none" and bool(np.isfinite(run.val).all() and np.isfinite(run.train).all())
    return sound and SENSIBLE[0] <= run.multiplier <= SENSIBLE[1] and run.gain > 0.05 * abs(run.baseline)


def score(rule: str, stops: Sequence[int], runs: Sequence[Run]) -> Result:
    """Cost and regret of stopping each run after so many epochs."""
    lost = [(run.val[:stop].min() - run.val.min()) / run.gain for run, stop in zip(runs, stops, strict=True)]
    spent = [stop / run.epochs for run, stop in zip(runs, stops, strict=True)]
    return Result(rule, np.array(stops), np.array(spent), np.clip(lost, 0, 1))


def cost_at(frontier: Sequence[tuple[float, float]], regret: float) -> float:
    """Cheapest mean cost at a mean regret: linear between the points that no other point beats."""
    envelope: list[tuple[float, float]] = []
    for point in sorted(frontier):
        if not envelope or point[1] < envelope[-1][1]:
            envelope.append(point)
    return float(np.interp(regret, *np.array(envelope).T))


@dataclass(frozen=True)
class Frontiers:
    """Three families of rules on the same runs."""

    stock: Sequence[Result]
    ours: Sequence[Result]
    clairvoyant: Sequence[Result]

    def closed(self, regret: float, chosen: NDArray[np.int64]) -> float:
        """Share of the distance from patience to the clairvoyant that ours closes, on some of the runs."""
        stock, ours, best = (
            cost_at([result.of(chosen).point for result in family], regret)
            for family in (self.stock, self.ours, self.clairvoyant)
        )
        return (stock - ours) / (stock - best)


def bootstrap(names: Sequence[str], draws: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """Runs of data sets drawn with replacement: what other data sets might have shown."""
    rng = np.random.default_rng(seed)
    places = {name: np.flatnonzero(np.array(names) == name) for name in sorted(set(names))}
    return [np.concatenate([places[name] for name in rng.choice(list(places), len(places))]) for _ in range(draws)]
