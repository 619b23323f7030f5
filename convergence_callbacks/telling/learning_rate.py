"""Words for a learning rate: by how much it looks wrong, and which to try."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import Facts


def too_low(facts: Facts) -> str:
    """Advice to a run whose rate is too low."""
    times = numbers.times(facts.number("times_too_low"))
    looks = f"the learning rate looks about {times} too low" if times else "the learning rate looks too low"
    return f"{looks}{_to_try(facts) or ': raise it'}"


def too_high(facts: Facts) -> str:
    """Advice to a run whose rate is too high."""
    times = numbers.times(facts.number("times_too_high"))
    looks = f"the learning rate looks about {times} too high" if times else "the learning rate looks too high"
    return f"{looks}{_to_try(facts) or ': lower it'}"


def _to_try(facts: Facts) -> str:
    """The rate to try, if it is known; of a schedule, the highest counts."""
    if not facts.holds("advised_rate"):
        return ""
    highest = " as the schedule's highest" if facts.holds("rate_falls") else ""
    return f": try {numbers.rate(facts.number('advised_rate'))}{highest}"
