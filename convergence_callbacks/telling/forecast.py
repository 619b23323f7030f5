"""Where a run is going, in words: what is left, and the loss that is expected."""

from __future__ import annotations

from collections.abc import Sequence

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.loss_forecast import Forecast
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.telling import numbers


def eta(forecast: Forecast, counter: Counter = numbers.EPOCHS, observations: Sequence[Observation] = ()) -> str:
    """The steps that are left and, where times were logged, their time, each with its 90% interval.

    Args:
        forecast: Made after the latest of the observations.
        counter: What the steps are called.
        observations: Of the training so far, for the time of a step.

    >>> from convergence_callbacks import Monitor
    >>> monitor, seen = Monitor(max_epochs=60), []
    >>> for epoch in range(20):
    ...     seen.append(Observation(step=epoch, val_loss=0.3 + 0.9**epoch, elapsed=60.0 * (epoch + 1)))
    ...     _ = monitor.observe(seen[-1])
    >>> said = eta(monitor.forecast(), observations=seen)
    >>> said.startswith("ETA ≈ "), said.count("epochs ("), said.count("min (")
    (True, 1, 1)
    """
    said = f"ETA {numbers.left(forecast.epochs_left, counter)}"
    if not observations or not observations[-1].elapsed or observations[-1].step < 1:
        return said
    hours = observations[-1].elapsed / (observations[-1].step + 1) / 3600
    return f"{said}, {numbers.span(forecast.epochs_left, hours)}"


def expected_loss(forecast: Forecast) -> str:
    """The loss that is expected, with its 90% interval."""
    if forecast.end is not None:
        return f"{numbers.expected(forecast.end)} at the end"
    return f"{numbers.expected(forecast.asymptote)} in the long run"


def outlook(forecast: Forecast, counter: Counter = numbers.EPOCHS, observations: Sequence[Observation] = ()) -> str:
    """Both in one line."""
    return f"{eta(forecast, counter, observations)}; loss {expected_loss(forecast)}"
