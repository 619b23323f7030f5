"""Words for a run that still gets better."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="the loss still falls by more than the tolerance, or it is too early to say otherwise",
    found="Fewer than five epochs were seen, or more epochs can be expected to bring more than the tolerance.",
    remedies=(
        "train on",
        "where the budget ends it, train with a larger one and a schedule of that length",
    ),
)
"""What the verdict means for any training."""

ALL = 0.995
"""Share of the total gain above which two digits would show 100%."""


def reason(facts: Facts) -> str:
    """Reason: how much of the gain came lately, or that the loss still falls."""
    gained, window = recent_gain(facts), facts.counted("recent_epochs")
    if window is None:
        return ""
    if gained is not None:
        is_whole_run = facts.decision.step <= (facts.number("recent_epochs") or 0.0)
        return f"the loss still falls after {window}" if is_whole_run else gained
    is_by_another_rule = facts.decision.ends_early and "diagnosis" not in facts.decision.found_by
    if is_by_another_rule:  # which reports how long there was no gain
        return "it has not settled, so more may come"
    return f"no gain in the latest {window}, but it has not settled"


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: go on, with a larger budget if it ends; if another rule ended the run, use its weights."""
    if facts.decision.ends_early:
        return (facts.use_best,) if facts.use_best else ()
    budget = facts.counted("epochs")
    return (f"train on, for more than {budget}" if facts.is_over and budget else "train on",)


def recent_gain(facts: Facts) -> str | None:
    """How much of the total gain came in the latest steps; None where nothing did."""
    share, window = facts.number("recent_gain"), facts.counted("recent_epochs")
    if share is None or (amount := numbers.amount(share)) is None:
        return None
    came = f"{'all' if share > ALL else amount} of the total gain came"
    return f"{came} in the latest {window}" if window else f"{came} lately"
