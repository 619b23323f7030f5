"""The forecast of a run, as it is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from convergence_callbacks.core.forecast import Estimate, Forecast
from convergence_callbacks.telling.forecast import shown_of

AHEAD = 2.0
"""Times the steps so far, until which a forecast is drawn: more would press the curve together that is there."""

Band = Sequence[tuple[float, Estimate]]
"""Levels of the loss at steps to come."""


def band_of(forecast: Forecast | None) -> Band:
    """The levels to come, as far as they are drawn; none where nothing is left or known.

    >>> from convergence_callbacks import Monitor
    >>> monitor = Monitor(max_epochs=1000)
    >>> _ = [monitor.update(val_loss=0.3 + 0.9**epoch) for epoch in range(20)]
    >>> forecast = monitor.forecast()
    >>> round(forecast.path[-1][0]), round(band_of(forecast)[-1][0]), band_of(None)
    (999, 40, ())
    """
    if forecast is None:
        return ()
    last, path = AHEAD * (forecast.step + 1), shown_of(forecast).path
    near = [each for each in path if each[0] <= last]
    if not near or len(near) == len(path):
        return path
    return [*near, (last, _between(near[-1], path[len(near)], last))]


def _between(one: tuple[float, Estimate], other: tuple[float, Estimate], step: float) -> Estimate:
    share = (step - one[0]) / (other[0] - one[0])
    ends = ((getattr(one[1], end), getattr(other[1], end)) for end in ("low", "value", "high"))
    return Estimate(*(before + share * (after - before) for before, after in ends))
