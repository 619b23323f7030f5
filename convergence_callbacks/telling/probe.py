"""Words for what a probe found, which trains copies of the model at other learning rates."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import Facts

NAME = "probe"
"""Name in `found_by` for a verdict that a probe found."""

STEPS = 4
"""Steps for which each copy is trained."""

FACTOR = 10.0
"""By how much the rate is lowered, and raised where the probe names no other factor."""


def reason(facts: Facts) -> str:
    """Reason: how a copy did at another rate."""
    within = f"within {facts.steps(STEPS)}"
    if facts.number("probe_found") == -1:
        gain = numbers.part(facts.number("probe_lowered_advantage"), "the total gain")
        got = f"got {gain} further" if gain else "got further"
        return f"in a probe {_rate(facts)} {got} {within}"
    progress = numbers.multiple(facts.number("probe_raised_progress"))
    made = f"made {progress} times the progress of the present one" if progress else "made more progress"
    return f"in a probe {_rate(facts)} {made} {within}"


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: train on at the rate that was tried."""
    tried = f": {numbers.rate(facts.number('advised_rate'))}" if facts.holds("advised_rate") else ""
    return (f"train on at {_rate(facts)}{tried}, which was tried",)


def _rate(facts: Facts) -> str:
    if facts.number("probe_found") == -1:
        return "a tenth of the learning rate"
    return f"{numbers.times(facts.number('times_too_low')) or numbers.times(FACTOR)} the learning rate"
