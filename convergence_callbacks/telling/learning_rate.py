"""Words for a learning rate: by how much it looks wrong, and which to try."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.known import Known


def too_low(known: Known) -> str:
    """Advice to a run whose rate is too low."""
    times = numbers.times(known.number("times_too_low"))
    looks = f"the learning rate looks about {times} too low" if times else "the learning rate looks too low"
    return f"{looks}{_to_try(known) or ': raise it'}"


def too_high(known: Known) -> str:
    """Advice to a run whose rate is too high."""
    times = numbers.times(known.number("times_too_high"))
    looks = f"the learning rate looks about {times} too high" if times else "the learning rate looks too high"
    return f"{looks}{_to_try(known) or ': lower it'}"


def _to_try(known: Known) -> str:
    """The rate in numbers, where it is known; of a schedule it is the highest that counts."""
    if not known.holds("advised_rate"):
        return ""
    highest = " as the schedule's highest" if known.holds("rate_falls") else ""
    return f": try {numbers.rate(known.number('advised_rate'))}{highest}"
