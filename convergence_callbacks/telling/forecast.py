"""Where a run is going, in words: what is left, and the loss that is expected."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.forecast import ConvergenceRate, Estimate, Forecast
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
    >>> sentence = eta(monitor.forecast(), observations=seen)
    >>> sentence.startswith("ETA ≈ "), sentence.count("epochs ("), sentence.count("min (")
    (True, 1, 1)
    """
    sentence = f"ETA {numbers.left(forecast.epochs_left, counter)}"
    if not observations or not observations[-1].elapsed or observations[-1].step < 1:
        return sentence
    hours = observations[-1].elapsed / (observations[-1].step + 1) / 3600
    return f"{sentence}, {numbers.span(forecast.epochs_left, hours)}"


def shown_of(forecast: Forecast) -> Forecast:
    """A forecast with its levels clipped to its bounds, for words and pictures; judgements never use the bounds."""
    low, high = forecast.bounds

    def within(level: Estimate) -> Estimate:
        return Estimate(*(min(max(each, low), high) for each in (level.low, level.value, level.high)))

    return dataclasses.replace(
        forecast,
        end=None if forecast.end is None else within(forecast.end),
        asymptote=within(forecast.asymptote),
        path=tuple((step, within(level)) for step, level in forecast.path),
    )


def numbers_of(forecast: Forecast) -> dict[str, float]:
    """The epochs that are left and the loss at the end (in the long run, where the budget is unknown), by name."""
    shown = shown_of(forecast)
    estimates = {"epochs_left": forecast.epochs_left, "forecast_loss": shown.end or shown.asymptote}
    ends = {"": "value", "_low": "low", "_high": "high"}
    return {f"{name}{end}": getattr(each, of) for name, each in estimates.items() for end, of in ends.items()}


def expected_loss(forecast: Forecast) -> str:
    """The loss that is expected, with its 90% interval."""
    shown = shown_of(forecast)
    if shown.end is not None:
        return f"{numbers.expected(shown.end)} at the end"
    return f"{numbers.expected(shown.asymptote)} in the long run"


def outlook(forecast: Forecast, counter: Counter = numbers.EPOCHS, observations: Sequence[Observation] = ()) -> str:
    """Steps left and expected loss in one line."""
    return f"{eta(forecast, counter, observations)}; loss {expected_loss(forecast)}"


def rate_in_words(rate: ConvergenceRate) -> str:
    """How fast a loss converges."""
    if rate.exponent is not None:
        return f"sublinear, like t^-{numbers.expected(rate.exponent, 2)}; {_in_theory(rate.exponent)}"
    if rate.half_life is not None:
        return f"linear, the distance halves in {numbers.expected(rate.half_life, 2)} epochs"
    return "stalled, nothing falls beyond the noise" if rate.kind == "stalled" else "too early to know the rate"


def words_of(forecast: Forecast) -> tuple[str, str]:
    """What is left, and all of it in one line."""
    shown = shown_of(forecast)
    parts = [eta(forecast), f"in the long run {numbers.expected(shown.asymptote)}", rate_in_words(forecast.rate)]
    if shown.end is not None:
        parts.insert(1, f"at the end {numbers.expected(shown.end)}")
    return parts[0], " | ".join(parts)


def _in_theory(exponent: Estimate) -> str:
    """The rate of theory that the interval contains, or lies beyond."""
    if exponent.low <= 1 <= exponent.high:
        return "1/t is the best that theory promises with noisy gradients"
    if exponent.low <= 0.5 <= exponent.high:
        return "1/√t is what theory promises on a convex loss"
    if exponent.high < 0.5:
        return "slower than the 1/√t that theory promises on a convex loss"
    return "faster than the 1/√t of a convex loss" if exponent.high < 1 else "faster than the 1/t of noisy gradients"
