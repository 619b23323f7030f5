"""Words for where a search stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convergence_callbacks.telling import numbers

if TYPE_CHECKING:
    from convergence_callbacks.experiments.search import SearchOutlook


def end_of_search(outlook: SearchOutlook) -> str:
    """Why a search ends, in a sentence with its numbers."""
    tried = numbers.count(outlook.trials, "trial")
    best = f", the best {numbers.value(outlook.best)}" if outlook.best is not None else ""
    if not outlook.ahead:
        return f"the search ends: all {tried} were made{best}"
    brings, tolerated = (numbers.percent(share) for share in (outlook.expected, outlook.tolerance))
    further = f"the next {outlook.ahead} are expected to bring {brings} of its gain"
    return f"the search ends after {tried}{best}: {further}, less than the tolerance of {tolerated}"
