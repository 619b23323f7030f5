"""One training in one picture: both learning curves, the stop, and what was said of each epoch."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from convergence_callbacks.colours import FAINT, INK, OF_VERDICT, ON_VERDICT, TRAIN, VALIDATION
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.curve.series import noise_of
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.forecast import Forecast
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.plots.forecast import draw_forecast
from convergence_callbacks.telling import actions, numbers, picture
from convergence_callbacks.telling.text import words

LOGARITHMIC = 30
"""A curve whose highest value is this many times its lowest is drawn on a logarithmic axis."""

THOUSAND = 1e3
"""A logarithmic axis that spans less has numbers between its decades."""

_Mark = tuple[int, str, str, Any]
"""A vertical line: epoch, label, colour, line style."""

TOO_NEAR = 0.3
"""Labels over the axes that are nearer than this share of its width go on two lines."""


def plot_training(
    observations: Sequence[Observation],
    decisions: Sequence[Decision],
    *,
    title: str = "",
    patience: int | None = 10,
    mode: Literal["min", "max"] = "min",
    forecast: Forecast | None = None,
) -> Figure:
    """Draw both learning curves, the noise of the judged one, the stop, the best epoch, the actions and the verdicts.

    Args:
        observations: Every epoch that was recorded; those after the stop are drawn faint.
        decisions: What was said of each, as in ``history`` of a callback. They may end at the stop.
        title: What was trained; the verdict is written by itself.
        patience: Show also where this patience on the judged loss would have stopped; None for not.
        mode: Whether less or more of the judged loss is better.
        forecast: Where the training was going, as ``monitor.forecast()`` gave it at one of the epochs.

    Returns:
        A matplotlib figure; ``figure.savefig("training.png")`` writes it.

    Raises:
        ValueError: There is nothing to draw.

    >>> monitor = Monitor(max_epochs=60)
    >>> observations = [Observation(step=e, train_loss=0.8**e, val_loss=0.2 + 0.8**e) for e in range(60)]
    >>> figure = plot_training(observations, [monitor.observe(o) for o in observations])
    >>> [label.get_text() for label in figure.axes[0].texts][:2]
    ['train', 'validation']
    """
    if not observations or not decisions:
        raise ValueError("there is nothing to draw: no epoch was observed")
    figure = Figure(figsize=(8, 4.6), dpi=150)
    # Two rows: the curves, and below them a ribbon with the verdict of each epoch.
    curves, ribbon = figure.subplots(2, 1, sharex=True, height_ratios=[14, 1])
    end = next((decision for decision in decisions if decision.stop), decisions[-1])
    reason = textwrap.wrap(picture.caption(end, observations), 118)
    figure.subplots_adjust(left=0.1, right=0.88, top=0.83 - 0.035 * len(reason), bottom=0.11, hspace=0.06)
    _draw_curves(curves, observations, end.step if end.stop else None, forecast)
    _draw_marks(curves, observations, end, patience=patience, mode=mode, forecast=forecast)
    _draw_actions(curves, decisions)
    _draw_ribbon(ribbon, decisions)
    curves.set_ylabel("loss" if mode == "min" else "metric", color=INK)
    verdict = words(end.verdict)
    figure.text(0.1, 0.95, f"{title}: {verdict}" if title else verdict.capitalize(), fontsize=12, weight="bold")
    figure.text(0.1, 0.935, "\n".join(reason), fontsize=8.5, color=INK, va="top")
    return figure


@dataclass(frozen=True)
class _Line:
    """A learning curve as it is drawn."""

    label: str
    colour: str
    epochs: NDArray[np.float64]
    values: NDArray[np.float64]


def _lines(observations: Sequence[Observation]) -> list[_Line]:
    epochs = np.array([o.step for o in observations], dtype=float)
    lines = []
    for label, colour, name in (("train", TRAIN, "train_loss"), ("validation", VALIDATION, "val_loss")):
        values = np.array([getattr(o, name) for o in observations], dtype=float)  # None becomes NaN
        is_finite = np.isfinite(values)
        if is_finite.any():
            lines.append(_Line(label, colour, epochs[is_finite], values[is_finite]))
    return lines


def _draw_curves(axes: Axes, observations: Sequence[Observation], stop: int | None, forecast: Forecast | None) -> None:
    lines = _lines(observations)
    values = np.concatenate([line.values for line in lines]) if lines else np.ones(1)
    if values.min() > 0 and np.quantile(values, 0.98) > LOGARITHMIC * values.min():
        axes.set_yscale("log")
        axes.set_ylim(*np.exp(_limits(np.log(values))))
        _number_decades(axes)
    else:
        axes.set_ylim(*_limits(values))
    for line in lines:
        seen = line.epochs <= (np.inf if stop is None else stop)
        axes.plot(line.epochs, line.values, color=line.colour, alpha=0.3, lw=1.3, solid_capstyle="round")
        axes.plot(line.epochs[seen], line.values[seen], color=line.colour, lw=1.8, solid_capstyle="round")
    if lines:
        _draw_noise(axes, lines[-1])
        if forecast is not None:
            draw_forecast(axes, forecast, lines[-1].colour)
        _label_ends(axes, lines)
    missing = [o.step for o in observations if o.step not in {e for line in lines for e in line.epochs}]
    axes.plot(missing, [0.03] * len(missing), "x", color=INK, ms=4, transform=axes.get_xaxis_transform())
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.margins(x=0.01)
    axes.grid(axis="y", color="#E6E6E6", lw=0.6)
    axes.set_axisbelow(True)


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Range of the axis: a single explosion must not flatten all the rest."""
    low, usual = float(values.min()), float(np.quantile(values, 0.98))
    high = float(values.max())
    if usual > low and high > usual + 3 * (usual - low):
        high = usual + 0.3 * (usual - low)
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin


def _number_decades(axes: Axes) -> None:
    """Plain numbers on a logarithmic axis; those between the decades only where there are few of them."""
    low, high = axes.get_ylim()
    between = (1.0, 2.0, 5.0) if high / low < THOUSAND else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=between))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.value(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_noise(axes: Axes, line: _Line) -> None:
    """A band of two standard deviations around the trend of the judged loss."""
    half = max(2, len(line.values) // 40)
    padded = np.pad(line.values, half, mode="edge")
    trend = np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), "valid")
    noise = 2 * noise_of(line.values)
    lower = np.maximum(trend - noise, line.values.min() / 2) if axes.get_yscale() == "log" else trend - noise
    axes.fill_between(line.epochs, lower, trend + noise, color=line.colour, alpha=0.12, lw=0)


def _label_ends(axes: Axes, lines: Sequence[_Line]) -> None:
    """Write each curve's name at its end, moved apart where they meet."""
    to_share = axes.transData + axes.transAxes.inverted()
    heights = [float(np.clip(to_share.transform((line.epochs[-1], line.values[-1]))[1], 0, 1)) for line in lines]
    if len(heights) == 2 and abs(heights[0] - heights[1]) < 0.07:
        middle, up = sum(heights) / 2, 0.035 if heights[0] > heights[1] else -0.035
        middle = min(max(middle, 0.035), 0.965)
        heights = [middle + up, middle - up]
    for line, height in zip(lines, heights, strict=True):
        axes.text(1.01, height, line.label, color=line.colour, transform=axes.transAxes, va="center", weight="bold")


def _draw_marks(
    axes: Axes,
    observations: Sequence[Observation],
    end: Decision,
    *,
    patience: int | None,
    mode: Literal["min", "max"],
    forecast: Forecast | None,
) -> None:
    """The best epoch, the stop, where the forecast was made, and where patience would have stopped."""
    _draw_best(axes, end)
    marks: list[_Mark] = [(end.step, picture.stop(end), INK, "-")] if end.ends_early else []
    if forecast is not None and forecast.path:
        marks.append((forecast.step, picture.forecast(forecast, end), VALIDATION, (0, (1, 1.2))))
    if patience is not None:
        waited = _patience_stop(observations, patience, mode)
        label = picture.patience(patience, waited, end, observations)
        if waited is None:
            axes.text(1, 1.09, label, color=FAINT, fontsize=8.5, ha="right", transform=axes.transAxes)
        else:
            marks.append((waited, label, FAINT, (0, (4, 3))))
    _draw_verticals(axes, marks)


def _draw_actions(axes: Axes, decisions: Sequence[Decision]) -> None:
    """A band for each trial of an action, with what it brought."""
    for begun, over in _trials(decisions):
        last = over or decisions[-1]
        axes.axvspan(begun.step, last.step, color=FAINT, alpha=0.15, lw=0, zorder=0)
        axes.text(
            begun.step,
            0.02,
            actions.mark(begun, over),
            color=INK,
            fontsize=7.5,
            rotation=90,
            ha="right",
            va="bottom",
            transform=axes.get_xaxis_transform(),
            path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.8)],
        )


def _trials(decisions: Sequence[Decision]) -> Iterator[tuple[Decision, Decision | None]]:
    """Each trial of an action: the decision at which it was begun, and the one at which it was kept or undone."""
    begun: Decision | None = None
    for decision in decisions:
        if decision.action in actions.DOES and begun is None:
            begun = decision
        elif decision.action in {"keep", "undo"} and begun is not None:
            yield begun, decision
            begun = None
    if begun is not None:
        yield begun, None


def _draw_best(axes: Axes, end: Decision) -> None:
    if end.best_step is None or end.best_value is None:
        return
    axes.plot(end.best_step, end.best_value, "o", ms=8, mfc="white", mec=INK, mew=1.8, zorder=5)
    high = (axes.transData + axes.transAxes.inverted()).transform((end.best_step, end.best_value))[1] > 0.5
    low, right = axes.get_xlim()
    room = min(right - end.best_step, end.step - end.best_step if end.ends_early else right)
    on_the_left = room < 0.06 * (right - low) and end.best_step - low > 0.1 * (right - low)
    axes.annotate(
        picture.best(end),
        (end.best_step, end.best_value),
        xytext=(0, -12 if high else 12),
        textcoords="offset points",
        ha="right" if on_the_left else "left" if end.best_step - low < 0.06 * (right - low) else "center",
        va="top" if high else "bottom",
        color=INK,
        fontsize=8.5,
        path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.8)],  # a box would hide the curve
    )


def _draw_verticals(axes: Axes, marks: Sequence[_Mark]) -> None:
    low, high = axes.get_xlim()
    rows: list[float] = []
    for place, (epoch, label, colour, style) in enumerate(marks):
        near = [abs(epoch - other) < TOO_NEAR * (high - low) for other, *_ in marks[:place]]
        rows.append(max((row + 1 for row, is_near in zip(rows, near, strict=True) if is_near), default=0))
        axes.axvline(epoch, color=colour, lw=1.3, ls=style, zorder=1)
        axes.text(
            epoch,
            1.03 + 0.06 * rows[-1],
            label,
            color=colour,
            fontsize=8.5,
            ha=_alignment((epoch - low) / (high - low)),
            transform=axes.get_xaxis_transform(),
        )


def _alignment(share: float) -> str:
    """How a label is set so that it stays inside the picture."""
    return "left" if share < 0.1 else "right" if share > 0.9 else "center"


def _patience_stop(observations: Sequence[Observation], patience: int, mode: Literal["min", "max"]) -> int | None:
    monitor = Monitor(criteria=Patience(patience), min_epochs=0, mode=mode)
    decisions = (monitor.observe(observation) for observation in observations)
    return next((decision.step for decision in decisions if decision.stop), None)


def _draw_ribbon(axes: Axes, decisions: Sequence[Decision]) -> None:
    """The verdict of each epoch as a strip, with its name where there is room."""
    width = axes.get_xlim()[1] - axes.get_xlim()[0]
    for verdict, group in itertools.groupby(decisions, key=lambda decision: decision.verdict):
        steps = [decision.step for decision in group]
        axes.axvspan(steps[0] - 0.5, steps[-1] + 0.5, color=OF_VERDICT[verdict], lw=0)
        name = words(verdict)
        if len(steps) > (0.013 * len(name) + 0.01) * width:
            centre = (steps[0] + steps[-1]) / 2
            axes.text(centre, 0.46, name, color=ON_VERDICT[verdict], fontsize=7.5, ha="center", va="center")
        elif steps[-1] == decisions[-1].step:  # the last word always has room
            axes.text(steps[-1] + 0.008 * width, 0.46, name, color=INK, fontsize=7.5, va="center", weight="bold")
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    counter = decisions[-1].counter
    axes.set_xlabel(counter.noun, color=INK)
    axes.xaxis.set_major_locator(_InCounter(counter))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: str(counter.number(round(step)))))


class _InCounter(MaxNLocator):
    """Ticks at round numbers as the framework or the log counts."""

    def __init__(self, counter: Counter) -> None:
        super().__init__(integer=True)
        self._first = counter.first

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The steps of these numbers."""
        return np.asarray(super().tick_values(vmin + self._first, vmax + self._first)) - self._first
