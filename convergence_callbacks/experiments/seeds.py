"""Whether runs that differ in nothing but their seed came to the same quality.

A flat curve is no proof of a good solution: a run can rest in a poor local minimum. Nothing in its own curve shows
that; another seed does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from convergence_callbacks.core.curve.series import Series, noise_of
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.observation import as_number, is_finite

Outcome = Literal["same_quality", "stuck", "undecided"]

AROUND_BEST = 5
"""Epochs around the best whose median is a run's quality: the lowest of many losses is a lucky one."""

SIDE = 1.645
"""Standard errors on either side of an interval of 90%."""


@dataclass(frozen=True)
class SeedComparison:
    """What several seeds came to.

    Args:
        outcome: ``same_quality``, ``stuck`` where runs are surely behind, ``undecided`` where noise hides it.
        qualities: The judged metric of each run around its best epoch; NaN of a run without a finite value.
        behind: How far each run is behind the best, as a share of what the best gained.
        interval: Where the distance of the run that is furthest behind lies, with 90% confidence.
        stuck: Places of the runs that are surely behind, in the order given.
        best: Place of the best run.
        tolerance: The distance that does not matter, as a share of what the best run gained.
        gained: Whether the best run gained anything: if not, nothing can be compared.

    Attributes:
        voice: Gives the reason and the advice in words; the package fills it in when it is imported.
    """

    outcome: Outcome
    qualities: tuple[float, ...]
    behind: tuple[float, ...]
    interval: tuple[float, float]
    stuck: tuple[int, ...]
    best: int
    tolerance: float
    gained: bool = True

    voice: ClassVar[Callable[[SeedComparison], tuple[str, tuple[str, ...]]]]

    @property
    def reason(self) -> str:
        """Why, in a sentence with its numbers."""
        return type(self).voice(self)[0]

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do next."""
        return type(self).voice(self)[1]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.reason} | next: {'; '.join(self.advice)}"


def compare_seeds(
    runs: Iterable[Iterable[object]], *, mode: Literal["min", "max"] = "min", tolerance: float = 0.05
) -> SeedComparison:
    """Whether several runs reached the same quality, or some are stuck in a poor local minimum.

    Args:
        runs: Validation loss of each run by epoch, two runs or more; values that are not finite are left out.
        mode: Whether less (min) or more (max) is better.
        tolerance: Distance from the best run that does not matter, as a share of what the best run gained.

    Raises:
        SettingsError: There are fewer than two runs, one is no series, or the tolerance is not between 0 and 1.

    >>> falls = lambda floor: [floor + 0.8**epoch for epoch in range(40)]
    >>> str(compare_seeds([falls(0.10), falls(0.11), falls(0.10)])).split(" | ")[0]
    'same_quality: the furthest of 3 runs is 1% of the gain behind the best (90% interval 0.95% to 1.1%)'
    >>> compare_seeds([falls(0.10), falls(0.50), falls(0.11)]).stuck
    (1,)

    Source: Schuirmann (1987) for showing sameness by an interval that lies within a margin.
    """
    if mode not in ("min", "max"):
        raise SettingsError(f"mode must be 'min' or 'max', got {mode!r}", ("mode",))
    if not 0 < tolerance < 1:
        raise SettingsError(f"tolerance must be between 0 and 1, got {tolerance!r}", ("tolerance",))
    sign = 1.0 if mode == "min" else -1.0
    curves = [sign * _series(run, place) for place, run in enumerate(runs)]
    if len(curves) < 2:
        raise SettingsError(f"two runs or more are needed to compare seeds, got {len(curves)}", ("runs",))
    levels, errors = zip(*map(_quality, curves), strict=True)
    qualities = tuple(sign * level if math.isfinite(level) else math.nan for level in levels)
    best = int(np.argmin(levels))
    gain = float(np.median([curve[0] for curve in curves if len(curve)] or [0.0])) - levels[best]
    if not (math.isfinite(gain) and gain > 0):
        nowhere = (0.0,) * len(qualities)
        return SeedComparison("undecided", qualities, nowhere, (0.0, 0.0), (), best, tolerance, gained=False)
    behind = tuple((level - levels[best]) / gain for level in levels)
    margins = [
        SIDE * math.hypot(error, errors[best]) / gain if far > 0 else 0.0
        for far, error in zip(behind, errors, strict=True)
    ]
    worst = int(np.argmax(behind))
    interval = (max(0.0, behind[worst] - margins[worst]), behind[worst] + margins[worst])
    stuck = tuple(place for place, far in enumerate(behind) if far - margins[place] > tolerance)
    outcome: Outcome = "stuck" if stuck else "same_quality" if interval[1] <= tolerance else "undecided"
    return SeedComparison(outcome, qualities, behind, interval, stuck, best, tolerance)


def _series(run: Iterable[object], place: int) -> Series:
    """The finite values of a run."""
    if isinstance(run, str) or not isinstance(run, Iterable):
        raise SettingsError(f"runs[{place}] must be validation losses by epoch, got {run!r}", ("runs", place))
    numbers = [as_number(value) for value in run]
    return np.array([number for number in numbers if number is not None and is_finite(number)], dtype=float)


def _quality(curve: Series) -> tuple[float, float]:
    """The level around the best epoch, lower is better, and its standard error; infinite without any value."""
    if not len(curve):
        return math.inf, 0.0
    first = max(0, min(int(curve.argmin()) - AROUND_BEST // 2, len(curve) - AROUND_BEST))
    near = curve[first : first + AROUND_BEST]
    return float(np.median(near)), 1.25 * noise_of(curve) / math.sqrt(len(near))
