"""The forecast in a picture: a band from the epoch at which it was made to the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from convergence_callbacks.core.forecast import Forecast
from convergence_callbacks.telling.forecast import shown_of

ROOM = 0.35
"""Share of the axis's height by which it is extended at most for a band that leaves it."""


def draw_forecast(axes: Axes, forecast: Forecast, colour: str) -> None:
    """Draw the band in which the level of the loss should be, and its middle.

    Args:
        axes: With both learning curves.
        forecast: Of one of them; one without a path is not drawn.
        colour: Of that one.
    """
    if not forecast.path:
        return
    steps = [step for step, _ in forecast.path]
    low, middle, high = (np.array([getattr(level, end) for _, level in shown_of(forecast).path]) for end in _ENDS)
    _make_room(axes, [*low, *high])
    lowest = axes.get_ylim()[0]
    axes.fill_between(
        steps,
        np.maximum(low, lowest),
        high,
        facecolor=to_rgba(colour, 0.13),
        edgecolor=to_rgba(colour, 0.35),
        hatch="////",
        lw=0,
        zorder=0.8,
    )
    axes.plot(steps, np.maximum(middle, lowest), color=colour, lw=1.4, ls=(0, (1, 1.2)))


_ENDS = ("low", "value", "high")


def _make_room(axes: Axes, levels: Sequence[float]) -> None:
    """Extend the axis, but not by so much that the curves are flattened."""
    if axes.get_yscale() == "log":
        return
    low, high = axes.get_ylim()
    room = ROOM * (high - low)
    axes.set_ylim(max(min(low, *levels), low - room), min(max(high, *levels), high + room))
