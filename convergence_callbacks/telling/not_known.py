"""What the rule did not know about a logged training."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import TREES


class Unknown(enum.StrEnum):
    """What a rule may not know about a logged training, in words."""

    BUDGET = "the budget"
    RATE = "the learning rate"
    SCHEDULE = "the schedule"
    BASELINE = "the loss of guessing"


OF_SEVERAL: Mapping[Unknown, str] = {
    **{each: each.value for each in Unknown},
    Unknown.BUDGET: f"{Unknown.BUDGET}, taken to be all that was logged",
}
"""Each of them in words if several runs lack it."""


@dataclass(frozen=True)
class NotKnown:
    """One thing that the rule did not know about a training; as text, with what was assumed or why it matters.

    Args:
        what: The thing.
        assumed: Steps that were assumed as the budget; None if none were.
        counter: What the steps are called.
    """

    what: Unknown
    assumed: int | None = None
    counter: Counter = Counter()

    def __str__(self) -> str:
        return f"{self.what}{self._meaning()}"

    def _meaning(self) -> str:
        if self.what is Unknown.BASELINE:
            return ", which would show whether the run learnt anything before it overfitted"
        if self.what is Unknown.RATE:
            return ", which was not logged"
        if self.assumed is None:
            return ""
        were = "was" if self.assumed == 1 else "were"
        return f", taken to be the {numbers.steps(self.assumed, self.counter)} that {were} logged"


def not_known(
    *,
    budget: int | None,
    assumed: int | None,
    has_rates: bool,
    rates_ahead: bool,
    counter: Counter,
    needs_baseline: bool = False,
) -> Iterator[NotKnown]:
    """What was not known about a logged training: a callback in it may have known more.

    Args:
        budget: Steps that were planned; None if unknown.
        assumed: Steps that were assumed as the budget; None if none were.
        has_rates: Whether learning rates were logged.
        rates_ahead: Whether the rule knew those to come.
        counter: What the steps are called.
        needs_baseline: Whether a trivial predictor's loss would show that a run overfits rather than learns nothing.

    >>> logged = dict(has_rates=True, rates_ahead=True, counter=Counter())
    >>> list(map(str, not_known(budget=None, assumed=46, **logged)))
    ['the budget, taken to be the 46 epochs that were logged']
    >>> list(not_known(budget=120, assumed=None, **logged))
    []
    """
    if budget is None:
        yield NotKnown(Unknown.BUDGET, assumed, counter)
    if needs_baseline:
        yield NotKnown(Unknown.BASELINE)
    if counter.noun == TREES:  # whose rates nobody schedules
        return
    if not has_rates:
        yield NotKnown(Unknown.RATE)
    elif not rates_ahead:
        yield NotKnown(Unknown.SCHEDULE)
