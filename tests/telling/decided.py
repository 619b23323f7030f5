"""Decisions as the judging makes them, with numbers and names only."""

from dataclasses import dataclass, field

from convergence_callbacks import Verdict
from convergence_callbacks.core.counter import Counter

EPOCHS = Counter()


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What words are made of."""

    verdict: Verdict
    found_by: tuple = ("diagnosis",)
    evidence: dict = field(default_factory=dict)
    stop: bool = False
    step: int = 51
    best_step: int | None = 47
    best_value: float | None = 0.123456
    confidence: float = 0.8
    faults: tuple = ()
    action: str = ""
    counter: Counter = Counter()


def decided(verdict, *found_by, stop=False, step=51, best_step=47, action="", faults=(), counter=EPOCHS, **evidence):
    """A decision with this evidence."""
    return Decided(
        verdict=verdict,
        found_by=found_by or ("diagnosis",),
        evidence=evidence,
        stop=stop,
        step=step,
        best_step=best_step,
        action=action,
        faults=faults,
        counter=counter,
    )
