"""Several trainings in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from convergence_callbacks.colours import INK, OF_RUN
from convergence_callbacks.replay import Replay

LOGARITHMIC = 30
"""Curves whose highest value is this many times their lowest are drawn on a logarithmic axis."""


def plot_compare(replays: Sequence[Replay], *, title: str = "") -> Figure:
    """Draw the judged loss of several trainings, each up to its stop, and faint after it.

    Args:
        replays: The trainings with the rule's decisions, at most eight, as there are distinct colours.
        title: What they have in common.

    Returns:
        A matplotlib figure; ``figure.savefig("compare.png")`` writes it.

    Raises:
        ValueError: There is nothing to draw, or too much.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation
    >>> from convergence_callbacks.logs import Run
    >>> from convergence_callbacks.replay import replay
    >>> seen = tuple(Observation(step=e, val_loss=0.1 + 0.9**e) for e in range(60))
    >>> figure = plot_compare([replay(Run(name=n, path=Path(n), format="CSV", observations=seen)) for n in "ab"])
    >>> [label.get_text() for label in figure.axes[0].texts]
    ['a', 'b']
    """
    if not replays:
        raise ValueError("there is nothing to draw: no training was given")
    if len(replays) > len(OF_RUN):
        raise ValueError(f"at most {len(OF_RUN)} trainings fit into one picture, got {len(replays)}")
    figure = Figure(figsize=(8, 4.6), dpi=150)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.09, right=0.8, top=0.9, bottom=0.12)
    lines = [_points(replay) for replay in replays]
    _set_scale(axes, np.concatenate([values for _, values in lines]))
    for colour, replay, (steps, values) in zip(OF_RUN, replays, lines, strict=False):
        _draw_run(axes, replay, steps, values, colour)
    _write_names(axes, [replay.run.name for replay in replays], lines)
    units = {replay.run.unit for replay in replays}
    axes.set_xlabel(units.pop() if len(units) == 1 else "step", color=INK)
    axes.set_ylabel("judged loss", color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E6E6E6", lw=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    figure.text(0.09, 0.94, title, fontsize=12, weight="bold")
    return figure


_Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def _points(replay: Replay) -> _Points:
    """The epochs, as the log counts them, with a finite judged loss, and that loss."""
    seen = replay.run.observations
    is_validated = any(each.val_loss is not None for each in seen)
    values = [each.val_loss if is_validated else each.train_loss for each in seen]
    finite = [
        (replay.run.number(each.step), value)
        for each, value in zip(seen, values, strict=True)
        if value is not None and math.isfinite(value)
    ]
    points = np.array(finite, dtype=float).reshape(-1, 2)
    return points[:, 0], points[:, 1]


def _set_scale(axes: Axes, values: NDArray[np.float64]) -> None:
    """A logarithmic axis where the losses fall far, and no explosion that flattens all the rest."""
    if not values.size:
        return
    low, usual, high = float(values.min()), float(np.quantile(values, 0.98)), float(values.max())
    if low > 0 and usual > LOGARITHMIC * low:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, min(high, 3 * usual) * 1.3)
        return
    if usual > low and high > usual + 3 * (usual - low):
        high = usual + 0.3 * (usual - low)
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    axes.set_ylim(low - margin, high + margin)


def _draw_run(axes: Axes, replay: Replay, steps: NDArray[np.float64], values: NDArray[np.float64], colour: str) -> None:
    axes.plot(steps, values, color=colour, alpha=0.35, lw=1.3)
    end = np.inf if replay.stop is None else replay.run.number(replay.stop.step)
    seen = steps <= end
    axes.plot(steps[seen], values[seen], color=colour, lw=1.8, solid_capstyle="round")
    if replay.stop is not None and seen.any():
        axes.plot(steps[seen][-1], values[seen][-1], "o", ms=7, mfc="white", mec=colour, mew=1.8, zorder=5)


def _write_names(axes: Axes, names: Sequence[str], lines: Sequence[_Points]) -> None:
    """Write each run's name right of the end of its curve, moved apart where they meet."""
    to_share = axes.transData + axes.transAxes.inverted()
    ends = [
        (float(np.clip(to_share.transform((steps[-1], values[-1]))[1], 0, 1)), name, colour)
        for name, colour, (steps, values) in zip(names, OF_RUN, lines, strict=False)
        if values.size
    ]
    floor = -1.0
    for height, name, colour in sorted(ends):
        floor = max(height, floor + 0.055)
        shown = name if len(name) <= 24 else f"…{name[-23:]}"
        # A dollar would begin a formula.
        axes.text(
            *(1.01, floor, shown.replace("$", r"\$")), color=colour, transform=axes.transAxes, va="center", fontsize=9
        )
