"""The curves of a run as a page draws them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from convergence_callbacks.core.observation import Observation, is_finite
from convergence_callbacks.outlook import band_of
from convergence_callbacks.replay import Replay
from convergence_callbacks.telling.numbers import value as written

MOST = 400
"""Epochs that are drawn at most: more than a screen has room for."""

LOGARITHMIC = 30
"""A curve whose highest value is this many times its lowest is drawn on a logarithmic axis."""


CUT = 30
"""A loss that comes this many times higher than its curve began is drawn cut off."""


def chart_of(replay: Replay) -> dict[str, Any]:
    """The chart of a run, in types that JSON takes.

    Of a long run those epochs are kept in which the judged loss is highest and lowest, so that no spike is lost.
    """
    run, last = replay.run, replay.decisions[-1]
    kept = _kept(run.observations, [each.step for each in (last, replay.stop) if each], last.best_step)
    seen = [run.observations[index] for index in kept]
    series: list[dict[str, Any]] = [
        {"name": name, "y": values}
        for name, values in (
            ("train", [_plain(each.train_loss) for each in seen]),
            ("validation", [_plain(each.val_loss) for each in seen]),
        )
        if any(value is not None for value in values)
    ]
    best = None
    if last.best_step is not None and last.best_value is not None:
        best = {"x": run.number(last.best_step), "y": _plain(last.best_value), "text": written(last.best_value)}
    return {
        "name": run.name,
        "unit": run.unit,
        "measure": "loss" if replay.settings.direction == "min" else run.columns.val or "judged metric",
        "x": [run.number(each.step) for each in seen],
        "series": series,
        "lr": [_plain(each.lr) for each in seen] if any(each.lr is not None for each in seen) else None,
        "verdicts": _ribbon(replay),
        "stop": None if replay.stop is None else run.number(replay.stop.step),
        "best": best,
        "log": _is_logarithmic([value for each in series for value in each["y"]]),
        "top": _top([each["y"] for each in series]),
        "band": _band(replay),
    }


def comparison_of(charts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The judged curves of several runs in one chart."""
    series = []
    for index, chart in enumerate(charts):
        judged = chart["series"][-1]["y"] if chart["series"] else []
        series.append({"name": chart["name"], "hue": index, "x": chart["x"], "y": judged, "stop": chart["stop"]})
    values = [value for each in series for value in each["y"]]
    units = {chart["unit"] for chart in charts}
    measures = {chart["measure"] for chart in charts}
    return {
        "unit": units.pop() if len(units) == 1 else "step",
        "measure": measures.pop() if len(measures) == 1 else "judged metric",
        "series": series,
        "log": _is_logarithmic(values),
    }


def spark_of(chart: dict[str, Any], width: int = 96, height: int = 26) -> str:
    """The judged curve as the points of a small SVG polyline, without what explodes."""
    values = chart["series"][-1]["y"] if chart["series"] else []
    drawn = np.array([(x, y) for x, y in zip(chart["x"], values, strict=False) if y is not None], dtype=float)
    if len(drawn) < 2:
        return ""
    drawn = drawn[np.unique(np.linspace(0, len(drawn) - 1, 48).astype(int))]
    x, y = drawn.T
    if chart["log"]:
        y = np.log(np.maximum(y, 1e-300))
    y = np.minimum(y, y.min() + 1.5 * (np.quantile(y, 0.95) - y.min()) or y.max())
    x, y = _unit(x), _unit(y)
    points = zip(1 + x * (width - 2), 1 + (1 - y) * (height - 2), strict=True)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in points)


def _kept(observations: Sequence[Observation], steps: Sequence[int], best: int | None) -> list[int]:
    """Places of the observations that are drawn."""
    count = len(observations)
    if count <= MOST:
        return list(range(count))
    named = {*steps, best}
    kept = {0, count - 1, *(place for place, each in enumerate(observations) if each.step in named)}
    judged = [each.train_loss if each.val_loss is None else each.val_loss for each in observations]
    for places in np.array_split(np.arange(count), MOST // 2):
        finite = [place for place in places if is_finite(judged[place])]
        kept |= {min(finite, key=judged.__getitem__), max(finite, key=judged.__getitem__)} if finite else {places[0]}
    return sorted(int(place) for place in kept)


def _ribbon(replay: Replay) -> list[tuple[int, int, str]]:
    """The verdicts of the run, each with its first and last epoch."""
    ribbon = []
    for verdict, group in itertools.groupby(replay.decisions, key=lambda decision: decision.verdict):
        steps = [replay.run.number(decision.step) for decision in group]
        ribbon.append((steps[0], steps[-1], verdict.value))
    return ribbon


def _band(replay: Replay) -> dict[str, Any] | None:
    """The forecast of the judged loss from the stop, or from the latest epoch."""
    band = band_of(replay.forecast)
    if not band:
        return None
    ends = {end: [_plain(getattr(level, end)) for _, level in band] for end in ("low", "value", "high")}
    return {"x": [_plain(replay.run.counts_from + step) for step, _ in band], **ends}


def _is_logarithmic(values: Sequence[float | None]) -> bool:
    finite = np.array([value for value in values if value is not None], dtype=float)
    return bool(finite.size and finite.min() > 0 and np.quantile(finite, 0.98) > LOGARITHMIC * finite.min())


def _top(curves: Sequence[Sequence[float | None]]) -> float | None:
    """The top of the axis for a run that exploded, so that its earlier course stays visible; None for others."""
    finite = [[value for value in curve if value is not None] for curve in curves]
    starts = [curve[0] for curve in finite if curve]
    usual, most = max(map(abs, starts), default=0.0), max(map(max, filter(None, finite)), default=0.0)
    return _plain(CUT * usual) if usual > 0 and most > CUT * usual else None


def _plain(value: float | None) -> float | None:
    """Five digits, which is more than a screen shows; nothing where it is not finite."""
    if value is None or not math.isfinite(value) or not is_finite(value):
        return None
    return float(f"{value:.5g}")


def _unit(values: Any) -> Any:
    """Values between 0 and 1."""
    return (values - values.min()) / (np.ptp(values) or 1.0)
