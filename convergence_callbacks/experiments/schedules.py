"""A schedule of learning rates under an experiment: scaled, and the highest rate that is still to come."""

from __future__ import annotations

from convergence_callbacks.core.curve.schedule import Schedule, rates_ahead


def times_schedule(schedule: Schedule, times: float) -> Schedule:
    """The schedule at a multiple of its rates.

    >>> times_schedule([0.1, 0.05], 10)
    [1.0, 0.5]
    """
    if callable(schedule):
        return lambda epoch: times * float(schedule(epoch))
    return [times * float(rate) for rate in schedule]


def highest_ahead(schedule: Schedule | None, step: int, end: int | None, rate: float | None) -> float:
    """What the schedule is to multiply the rate by at its highest, as in a warm-up; 1 where it is not to rise.

    Args:
        schedule: What is known of the rates, or None.
        step: The epoch just finished.
        end: The first epoch that will not be trained, or None where the budget is unknown.
        rate: The rate of that epoch, None where unknown.

    >>> highest_ahead([0.25, 0.5, 1.0, 0.1], step=0, end=4, rate=0.25), highest_ahead([0.25, 0.1], 0, 2, 0.25)
    (4.0, 1.0)
    """
    ahead = rates_ahead(schedule, step, end)
    return max(1.0, float(ahead.max(initial=0.0)) / rate) if ahead is not None and rate else 1.0
