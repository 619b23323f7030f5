"""Labels and caption of the picture of a training, in the counter of its framework or log."""

from __future__ import annotations

from collections.abc import Sequence

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.forecast import Forecast
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.forecast import eta


def caption(end: Decision, observations: Sequence[Observation]) -> str:
    """Whether and when the training was ended, and why."""
    recorded, spent = observations[-1].step + 1, numbers.steps(end.step + 1, end.counter)
    if not end.ends_early:
        ended = f"Not stopped in {numbers.steps(recorded, end.counter)}"
    elif goes_on(end, observations):
        ended = f"Stopped after {numbers.count(end.step + 1)} of {numbers.steps(recorded, end.counter)}"
    else:
        ended = f"Stopped after {spent}"
    return f"{ended}: {end.reason}." if end.reason else f"{ended}."


def goes_on(end: Decision, observations: Sequence[Observation]) -> bool:
    """Whether the training was recorded beyond the last decision."""
    return observations[-1].step > end.step


def stop(end: Decision) -> str:
    """The label of the stop."""
    return f"stop: {numbers.numbered(end.step, end.counter)}"


def best(end: Decision) -> str:
    """The label of the best step."""
    assert end.best_step is not None
    return f"best {numbers.value(end.best_value)}\n{numbers.numbered(end.best_step, end.counter)}"


def forecast(expected: Forecast, end: Decision) -> str:
    """The label of the step at which the forecast was made."""
    return f"from {numbers.numbered(expected.step, end.counter)}: {eta(expected, end.counter)}"


def patience(epochs: int, stop: int | None, end: Decision, observations: Sequence[Observation]) -> str:
    """Where a patience would have stopped, if it would."""
    if stop is not None:
        return f"patience {epochs}: {numbers.numbered(stop, end.counter)}"
    return f"patience {epochs} {'goes on' if end.ends_early and not goes_on(end, observations) else 'never stops'}"
