"""What the rule did not know about a logged training."""

from __future__ import annotations

from collections.abc import Iterator

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import TREES

BUDGET = "the budget"
RATE = "the learning rate"
SCHEDULE = "the schedule"
BASELINE = "the loss of guessing"


def not_known(
    *,
    budget: int | None,
    assumed: int | None,
    has_rates: bool,
    rates_ahead: bool,
    counter: Counter,
    needs_baseline: bool = False,
) -> Iterator[str]:
    """What was not known, an item each: a callback in the training may have known it.

    Args:
        budget: Steps that were planned; None if unknown.
        assumed: Steps that were taken for its budget instead, None where none were.
        has_rates: Whether learning rates were logged.
        rates_ahead: Whether the rule knew those to come.
        counter: What the steps are called.
        needs_baseline: Whether a trivial predictor's loss would show that a run overfits rather than learns nothing.

    >>> known = dict(has_rates=True, rates_ahead=True, counter=Counter())
    >>> list(not_known(budget=None, assumed=46, **known)), list(not_known(budget=120, assumed=None, **known))
    (['the budget, taken to be the 46 epochs that were logged'], [])
    """
    if budget is None:
        were = "was" if assumed == 1 else "were"
        taken = "" if assumed is None else f", taken to be the {numbers.steps(assumed, counter)} that {were} logged"
        yield f"{BUDGET}{taken}"
    if needs_baseline:
        yield f"{BASELINE}, which would show whether the run learnt anything before it overfitted"
    if counter.noun == TREES:  # whose rates nobody schedules
        return
    if not has_rates:
        yield f"{RATE}, which was not logged"
    elif not rates_ahead:
        yield SCHEDULE
