"""Seconds of training, from whatever a log counts time in."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Sequence

from convergence_callbacks.logs.assumption import Clock

DURATIONS = frozenset({"epoch_time", "time_per_epoch", "epoch_duration", "duration"})
"""Names, in lower case and with underscores, of a time that is that of each epoch alone."""

CLOCKS = frozenset({"elapsed", "total", "runtime", "wall", "walltime", "timestamp", "datetime"})
"""Words that name a time that runs on, never that of an epoch."""

OF_DAY = frozenset({"timestamp", "datetime", "date", "clock", "asctime", "walltime"})
"""Words that name a time of the day or of the calendar, never one since the start."""

DAY = 86_400.0
"""Seconds of a day."""

SINCE_1970 = 3e8
"""A time beyond this, some ten years in seconds, is one of the calendar."""

FINER = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Times of the calendar beyond the first of each are counted so often a second; 1e11 seconds would be the year 5138."""

RESUMES = 0.1
"""Share of the entries at which a clock may start over; one that goes back more often is none."""

LATE = 100
"""A clock that reads so many times what an entry takes at the first one did not start with the training."""


def elapsed_seconds(times: Sequence[float], column: str, *, once_an_epoch: bool = True) -> list[float] | None:
    """Seconds since the start at each entry, None where the times are neither a clock nor those of each epoch.

    Args:
        times: As logged: seconds since the start, since midnight or 1970 (also in milliseconds and finer), or of each
            entry; NaN where unknown.
        column: The name of the column, which may show the last of these.
        once_an_epoch: Whether no entry had several times; nothing shows which of them is that of the epoch.

    >>> elapsed_seconds([10.0, 25.0, 40.0, 5.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0], "time")[2:5]  # was resumed
    [40.0, 45.0, 60.0]
    >>> elapsed_seconds([10.0, 11.0], "epoch_time"), elapsed_seconds([10.0, 10.0, 10.0], "time")
    ([10.0, 21.0], [10.0, 20.0, 30.0])
    >>> elapsed_seconds([1.7e12, 1.7e12 + 60_000], "timestamp")
    [0.0, 60.0]
    """
    return time_read(times, column, once_an_epoch=once_an_epoch)[0]


def time_read(
    times: Sequence[float], column: str, *, once_an_epoch: bool = True
) -> tuple[list[float] | None, Clock | None]:
    """Seconds since the start at each entry, and what the times were taken for; None where there are none.

    >>> time_read([47_110.0, 47_113.0, 47_116.0], "TIMESTAMP")
    ([0.0, 3.0, 6.0], <Clock.OF_DAY: 4>)
    """
    words = set(re.findall("[a-z]+", column.lower()))
    is_of_day = bool(OF_DAY & words) and all(time < DAY for time in times if math.isfinite(time))
    times = _without_midnight(times) if is_of_day else times
    readings = [time for time in times if math.isfinite(time)]
    if not readings:
        return None, None
    if column.strip().lower().replace(" ", "_").split("/")[-1] in DURATIONS:
        return accumulated(times), Clock.OF_EPOCH
    if runs_on(readings):
        return _of_clock(times, readings, is_of_day=is_of_day)
    are_seconds = 0 < min(readings) <= max(readings) < SINCE_1970
    if once_an_epoch and not CLOCKS & words and are_seconds and of_each(readings):
        return accumulated(times), Clock.OF_ENTRY
    return None, Clock.NONE


def _of_clock(times: Sequence[float], readings: Sequence[float], *, is_of_day: bool) -> tuple[list[float], Clock]:
    """Seconds since the start by a clock, and which one it is."""
    if is_of_day:
        return since_start(times, since_first=True), Clock.OF_DAY
    if begins_late(readings):
        return since_start(times, since_first=True), Clock.LATE
    unit = next((unit for beyond, unit in FINER if min(readings) > beyond), 1.0)
    meaning = Clock.CALENDAR if min(readings) > SINCE_1970 else Clock.SINCE_START
    return since_start([time / unit for time in times]), meaning


def begins_late(readings: Sequence[float]) -> bool:
    """Whether a clock reads far more at the first entry than it moves from one to the next.

    >>> begins_late([47_110.0, 47_113.0, 47_116.0]), begins_late([62.0, 64.0, 66.0])
    (True, False)
    """
    moves = [b - a for a, b in itertools.pairwise(readings) if b > a]
    return len(moves) > 1 and SINCE_1970 > readings[0] > LATE * statistics.median(moves)


def _without_midnight(times: Sequence[float]) -> list[float]:
    """Times of day that go on past midnight."""
    passed, days, last = [], 0.0, math.nan
    for time in times:
        if time < last - DAY / 2:
            days += DAY
        last = time if math.isfinite(time) else last
        passed.append(time + days)
    return passed


def runs_on(readings: Sequence[float]) -> bool:
    """Whether readings are sums since the start: they grow, and fall only where a resume begins anew.

    >>> runs_on([60.0, 120.0, 180.0]), runs_on([60.0, 60.0, 60.0]), runs_on([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0])
    (True, False, True)
    """
    rises, falls = _rises(readings), _falls(readings)
    if len(readings) == 1 or 2 * rises >= len(readings):
        return falls <= RESUMES * len(readings)
    # Rounded, and so at rest most of the time: what each epoch took may rise a little too.
    grows = max(readings) > 2 * readings[0] or max(readings) > SINCE_1970
    return grows and falls <= RESUMES * len(readings) and rises > 2 * falls + 2


def of_each(readings: Sequence[float]) -> bool:
    """Whether readings are of each epoch alone: they stay the same, or fall about as often as they rise.

    >>> of_each([60.0, 60.0, 60.0]), of_each([60.2, 60.1, 60.3]), of_each([60.0, 120.0, 180.0])
    (True, True, False)
    """
    return _rises(readings) <= 2 * _falls(readings)


def since_start(readings: Sequence[float], *, since_first: bool = False) -> list[float]:
    """What has passed by each reading of something that runs on, as if it had never begun anew; NaN is passed over.

    Args:
        readings: As logged.
        since_first: Whether the first reading is the start, whatever it reads.
    """
    passed, total, last = [], 0.0, math.nan
    for reading in readings:
        if math.isfinite(reading):
            total += 0.0 if since_first and math.isnan(last) else _passed(last, reading)
            last = reading
        passed.append(total)
    return passed


def accumulated(readings: Sequence[float]) -> list[float]:
    """The sum up to each reading; NaN counts as nothing."""
    return list(itertools.accumulate(each if math.isfinite(each) else 0.0 for each in readings))


def _passed(last: float, reading: float) -> float:
    """What passed between two readings; after a resume they begin at 0 again."""
    if reading >= last:
        return reading - last
    return max(0.0, reading) if reading < SINCE_1970 else 0.0


def _rises(readings: Sequence[float]) -> int:
    return sum(b > a for a, b in itertools.pairwise(readings))


def _falls(readings: Sequence[float]) -> int:
    return sum(b < a for a, b in itertools.pairwise(readings))
