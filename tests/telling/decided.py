"""Decisions as the judging makes them, with numbers and names only."""

from convergence_callbacks import Decision
from convergence_callbacks.core.counter import Counter

EPOCHS = Counter()


def decided(verdict, *found_by, stop=False, step=51, best_step=47, action="", faults=(), counter=EPOCHS, **evidence):
    """A decision with this evidence."""
    return Decision(
        verdict=verdict,
        found_by=found_by or ("diagnosis",),
        evidence=evidence,
        stop=stop,
        step=step,
        best_step=best_step,
        best_value=0.123456,
        confidence=0.8,
        action=action,
        faults=faults,
        counter=counter,
    )
