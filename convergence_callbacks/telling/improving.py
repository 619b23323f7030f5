"""Words for a run that still gets better."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.known import Known
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
"""Share of the total gain from which on it is all of it, in two digits."""


def reason(known: Known) -> str:
    """Reason: how much of the gain came lately, or that the loss still falls."""
    gained, window = recent_gain(known), known.counted("recent_epochs")
    if window is None:
        return ""
    if gained is not None:
        is_whole_run = known.decision.step <= (known.number("recent_epochs") or 0.0)
        return f"the loss still falls after {window}" if is_whole_run else gained
    is_by_another_rule = known.decision.ends_early and "diagnosis" not in known.decision.found_by
    if is_by_another_rule:  # which reports how long there was no gain
        return "it has not settled, so more may come"
    return f"no gain in the latest {window}, but it has not settled"


def advice(known: Known) -> tuple[str, ...]:
    """Advice: go on, with a larger budget if it ends; if another rule ended the run, use its weights."""
    if known.decision.ends_early:
        return (known.use_best,) if known.use_best else ()
    budget = known.counted("epochs")
    return (f"train on, for more than {budget}" if known.is_over and budget else "train on",)


def recent_gain(known: Known) -> str | None:
    """How much of the total gain came in the latest steps; None where nothing did."""
    share, window = known.number("recent_gain"), known.counted("recent_epochs")
    if share is None or (amount := numbers.amount(share)) is None:
        return None
    came = f"{'all' if share > ALL else amount} of the total gain came"
    return f"{came} in the latest {window}" if window else f"{came} lately"
