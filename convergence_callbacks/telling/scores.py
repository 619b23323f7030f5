"""Words for scores, such as accuracy, beside a validation loss that rises.

A network that becomes confident of a few mistakes, as with wrong labels, has a higher loss though it is right more
often (Guo, Pleiss, Sun & Weinberger 2017). If a score is logged, both are reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import Facts

MOVED = "_moved"
"""Suffix of the evidence that holds whether a score rose (1), fell (-1) or stayed (0)."""

DIGITS = 3


def reasons(facts: Facts) -> Iterator[str]:
    """What each score did since the best loss."""
    for name in _names(facts):
        before, now = (numbers.value(facts.number(f"{name}_{when}"), DIGITS) for when in ("at_best", "now"))
        moved = facts.number(f"{name}{MOVED}")
        if not moved or before == now:
            yield f"{name} stayed near {now}"
        else:
            yield f"{name} {'rose' if moved > 0 else 'fell'} from {before} to {now}"


def advice(facts: Facts) -> Iterator[str]:
    """Advice if a score rose: the latest weights may be better."""
    risen = [name for name in _names(facts) if facts.holds(f"{name}{MOVED}")]
    if risen:
        what = "the whole model" if facts.are_trees else "the latest weights"
        yield f"consider {what} for {' and '.join(risen)}: the loss rises because a few mistakes became more confident"


def _names(facts: Facts) -> Iterator[str]:
    for name in facts.decision.evidence:
        score = name.removesuffix(MOVED)
        if score != name and facts.number(f"{score}_now") is not None:
            yield score
