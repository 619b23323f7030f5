"""Seconds of training, from whatever a log counts time in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

DURATIONS = frozenset({"epoch_time", "time_per_epoch", "epoch_duration", "duration"})
"""Names, in lower case and with underscores, of a time that is that of each epoch alone."""

SINCE_1970 = 3e8
"""A time beyond this, some ten years in seconds, is one of the calendar."""

RESUMES = 0.1
"""Share of the entries at which a clock may start over; one that goes back more often is none."""


def elapsed_seconds(times: Sequence[float], column: str) -> list[float] | None:
    """Seconds since the start at each entry, None where the times are no clock.

    Args:
        times: As logged: seconds since the start, since 1970, or of each entry; NaN where unknown.
        column: The name of the column, which tells the last of these.

    >>> elapsed_seconds([10.0, 25.0, 40.0, 5.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0], "time")[2:5]  # was resumed
    [40.0, 45.0, 60.0]
    >>> elapsed_seconds([10.0, 11.0], "epoch_time")
    [10.0, 21.0]
    """
    if not any(map(math.isfinite, times)):
        return None
    if column.strip().lower().replace(" ", "_").split("/")[-1] in DURATIONS:
        return list(itertools.accumulate(time if math.isfinite(time) else 0.0 for time in times))
    elapsed, resumed, last = [], 0, math.nan
    total = 0.0
    for time in times:
        if math.isfinite(time):
            resumed += time < last
            total += _passed(last, time)
            last = time
        elapsed.append(total)
    return elapsed if resumed <= RESUMES * len(times) else None


def _passed(last: float, time: float) -> float:
    """Seconds between two readings; after a resume the clock begins at 0 again."""
    if time >= last:
        return time - last
    return max(0.0, time) if time < SINCE_1970 else 0.0
