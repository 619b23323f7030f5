"""Words for what a probe found: copies of the training at other learning rates."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.known import Known

NAME = "probe"
"""Name in `found_by` for a verdict that a probe found."""

STEPS = 4
"""Steps for which each copy is trained."""

FACTOR = 10.0
"""By how much the rate is lowered, and raised where the probe names no other factor."""


def reason(known: Known) -> str:
    """Reason: how a copy did at another rate."""
    within = f"within {known.steps(STEPS)}"
    if known.number("probe_found") == -1:
        gain = numbers.part(known.number("probe_lowered_advantage"), "the total gain")
        got = f"got {gain} further" if gain else "got further"
        return f"in a probe {_rate(known)} {got} {within}"
    progress = numbers.multiple(known.number("probe_raised_progress"))
    made = f"made {progress} times the progress of the present one" if progress else "made more progress"
    return f"in a probe {_rate(known)} {made} {within}"


def advice(known: Known) -> tuple[str, ...]:
    """Advice: train on at the rate that was tried."""
    tried = f": {numbers.rate(known.number('advised_rate'))}" if known.holds("advised_rate") else ""
    return (f"train on at {_rate(known)}{tried}, which was tried",)


def _rate(known: Known) -> str:
    if known.number("probe_found") == -1:
        return "a tenth of the learning rate"
    return f"{numbers.times(known.number('times_too_low')) or numbers.times(FACTOR)} the learning rate"
