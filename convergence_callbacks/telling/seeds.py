"""Words for the comparison of several seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from convergence_callbacks.telling import numbers

if TYPE_CHECKING:
    from convergence_callbacks.experiments.seeds import SeedComparison


def words_of(compared: SeedComparison) -> tuple[str, tuple[str, ...]]:
    """The reason for the outcome in a sentence with its numbers, and what to do next."""
    return _reason(compared), _advice(compared)


def _reason(compared: SeedComparison) -> str:
    runs, missing = len(compared.behind), sum(map(math.isinf, compared.behind))
    if not compared.gained:
        return f"none of {numbers.count(runs, 'run')} gained anything"
    if missing:
        have = "has" if missing == 1 else "have"
        return f"{numbers.count(missing)} of {numbers.count(runs, 'run')} {have} no finite loss at all"
    low, high = map(numbers.percent, compared.interval)
    far = numbers.percent(max(compared.behind))
    return f"the furthest of {runs} runs is {far} of the gain behind the best (90% interval {low} to {high})"


def _advice(compared: SeedComparison) -> tuple[str, ...]:
    if not compared.gained:
        return ("find out why none of them learns",)
    if compared.outcome == "same_quality":
        return (f"any of them will do; run {compared.best} is the best",)
    if compared.outcome == "stuck":
        which = f"run{'s' * (len(compared.stuck) > 1)} {', '.join(map(str, compared.stuck))}"
        return f"use run {compared.best}", f"rerun {which} from other seeds: stuck in a poor local minimum"
    tolerated = numbers.percent(compared.tolerance)
    return f"use run {compared.best}", f"rerun with more seeds, to see whether they differ by {tolerated} of the gain"
