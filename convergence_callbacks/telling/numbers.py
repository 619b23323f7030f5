"""Every number that people read is written here: values, shares, counts, times, rates, energy and money.

A function for how much something changed (`amount`) returns None if nothing did, so that its caller has to leave the
clause out: "fell by another -5%" cannot be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.forecast import Estimate

NONE = "–"
"""What is written in place of a missing number."""

EPOCHS = Counter()
"""Epochs that count from 0, where nothing else is known."""

DIGITS = 4
"""Significant digits of a loss: as many as frameworks print."""

LARGE = 1e6
"""A value from which on it is written with an exponent."""

SMALL = 1e-4
"""A value below which it is written with an exponent."""

LEAST_SHARE = 1e-4
"""Smaller shares are written as less than this: 0.01%."""

LARGE_SHARE = 3.0
"""A share from which on it is written as a factor, not in percent."""

LEAST_TIMES = 0.01
"""Smaller factors are written as less than this."""

MOST_TIMES = 1e6
"""Larger factors are written as more than this."""


MOST_HOURS = 1e8
"""Longer times are written as this one."""


def value(number: float | None, digits: int = DIGITS) -> str:
    """A number in some significant digits; a dash where there is none.

    >>> value(0.123456), value(100.0, 2), value(98765.4), value(1234567.0), value(2e-5), value(-0.0), value(None)
    ('0.1235', '100', '98765', '1.235e+06', '2e-05', '0', '–')
    """
    if number is None or math.isnan(number):
        return NONE
    if math.isinf(number):
        return "infinite" if number > 0 else "-infinite"
    if number == 0:
        return "0"
    rounded = float(f"{number:.{digits - 1}e}")
    size = abs(rounded)
    if size < SMALL or abs(number) >= LARGE:
        return f"{number:.{digits}g}"
    if size >= 10 ** (digits - 1):
        return f"{number:.0f}"
    text = f"{rounded:.{digits - 1 - math.floor(math.log10(size))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate(number: float | None) -> str:
    """A learning rate in two digits, as one types it.

    >>> rate(0.0003), rate(3e-5), rate(19.99), rate(None)
    ('0.0003', '3e-05', '20', '–')
    """
    return value(number, 2)


def percent(share: float | None) -> str:
    """A share in two digits; a dash where there is none.

    >>> percent(0.3456), percent(0.007), percent(0.9999), percent(12.34), percent(0.0), percent(1e-6), percent(None)
    ('35%', '0.7%', '100%', '1,234%', '0%', '<0.01%', '–')
    """
    if share is None or not math.isfinite(share):
        return NONE
    size = abs(share)
    if size == 0:
        return "0%"
    sign = "-" if share < 0 else ""
    if size < LEAST_SHARE:
        return f"{sign}<0.01%"
    if size >= 0.995:
        return f"{sign}{100 * size:,.0f}%" if size < MOST_TIMES else f"{sign}>{100 * MOST_TIMES:,.0f}%"
    return f"{sign}{value(100 * size, 2)}%"


def sure(confidence: float | None) -> str:
    """A confidence in percent, never quite 100.

    >>> sure(0.613), sure(0.999), sure(1.0), sure(0.0)
    ('61%', '>99%', '>99%', '0%')
    """
    if confidence is None or not math.isfinite(confidence):
        return NONE
    return ">99%" if confidence >= 0.995 else f"{100 * max(0.0, confidence):.0f}%"


def amount(share: float | None) -> str | None:
    """By how much something rose or fell, as a share; None where it did not, and the clause is left out.

    >>> amount(0.05), amount(12.0), amount(1e-6), amount(0.0), amount(-0.05), amount(None)
    ('5%', '12 times', 'less than 0.01%', None, None, None)
    """
    if share is None or not math.isfinite(share) or share <= 0:
        return None
    if share >= LARGE_SHARE:
        return times(share)
    return "less than 0.01%" if share < LEAST_SHARE else percent(share)


def part(share: float | None, whole: str) -> str | None:
    """How much of something rose, fell or came; None where nothing did.

    >>> part(0.05, "the total gain"), part(12.0, "the total gain"), part(0.0, "the total gain")
    ('5% of the total gain', '12 times the total gain', None)
    """
    much = amount(share)
    return much and f"{much}{'' if share and share >= LARGE_SHARE else ' of'} {whole}"


def only(much: str) -> str:
    """An amount that is little, with *only*; not with *less than*, which says so itself.

    >>> only("5%"), only("less than 0.01%")
    ('only 5%', 'less than 0.01%')
    """
    return much if much.startswith("less") else f"only {much}"


def multiple(factor: float | None) -> str | None:
    """How many times, as a bare number; None where it is no factor.

    >>> multiple(3.16), multiple(1000.0), multiple(10), multiple(0.0), multiple(1e9)
    ('3.2', '1,000', '10', None, 'more than 1,000,000')
    """
    if factor is None or not math.isfinite(factor) or factor <= 0:
        return None
    if factor < LEAST_TIMES:
        return f"less than {LEAST_TIMES}"
    if factor > MOST_TIMES:
        return f"more than {MOST_TIMES:,.0f}"
    return value(factor, 2) if factor < 10 else f"{factor:,.0f}"


def times(factor: float | None) -> str | None:
    """How many times, in words; None where it is no factor.

    >>> times(3.16), times(300), times(1)
    ('3.2 times', '300 times', '1 times')
    """
    found = multiple(factor)
    return None if found is None else f"{found} times"


def count(amount: float, noun: str = "") -> str:
    """How many there are of something, as a whole number.

    >>> count(1, "epoch"), count(12345, "run"), count(0.4, "epoch"), count(2, "more entry")
    ('1 epoch', '12,345 runs', '0 epochs', '2 more entries')
    """
    if not math.isfinite(amount):
        return f"{NONE} {plural(noun)}" if noun else NONE
    whole = max(0, round(amount))
    return f"{whole:,} {noun if whole == 1 else plural(noun)}" if noun else f"{whole:,}"


def plural(noun: str) -> str:
    """The plural of a noun that is counted.

    >>> plural("epoch"), plural("entry"), plural("day")
    ('epochs', 'entries', 'days')
    """
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def steps(amount: float, counter: Counter = EPOCHS) -> str:
    """How many steps of a training, as its framework calls them.

    >>> steps(1), steps(12, Counter("evaluation"))
    ('1 epoch', '12 evaluations')
    """
    return count(amount, counter.noun)


def numbered(step: int, counter: Counter = EPOCHS) -> str:
    """A step by the number that its framework prints.

    >>> numbered(12), numbered(12, Counter("epoch", first=1))
    ('epoch 12', 'epoch 13')
    """
    return f"{counter.noun} {counter.number(step)}"


def left(estimate: Estimate, counter: Counter = EPOCHS) -> str:
    """How many steps are left, with the interval of nine in ten cases.

    >>> left(Estimate(9.2, 14.1, 25.0)), left(Estimate(0.6, 0.8, 1.2)), left(Estimate(0.0, 1.2, 3.0))
    ('≈ 14 epochs (9–25)', '≈ 1 epoch', '≈ 1 epoch (0–3)')
    """
    return f"≈ {steps(max(0.0, estimate.value), counter)}{_interval(estimate, lambda end: count(max(0.0, end)))}"


def expected(estimate: Estimate, digits: int = DIGITS) -> str:
    """A number that is not known exactly, with the interval of nine in ten cases.

    >>> expected(Estimate(0.29, 0.31, 0.342), 2), expected(Estimate(0.3, 0.3, 0.3))
    ('0.31 (0.29–0.34)', '0.3')
    """
    return f"{value(estimate.value, digits)}{_interval(estimate, lambda end: value(end, digits))}"


def span(estimate: Estimate, hours: float) -> str:
    """A time of so many hours a step, with the interval of nine in ten cases.

    >>> span(Estimate(9, 14, 25), 0.05)
    '42 min (27 min–1 h 15 min)'
    """
    return f"{duration(hours * estimate.value)}{_interval(estimate, lambda end: duration(hours * end))}"


def duration(hours: float | None) -> str:
    """Hours in the two units that matter.

    >>> duration(50.5), duration(3.25), duration(0.1), duration(0.001), duration(0.0), duration(None)
    ('2 d 2 h', '3 h 15 min', '6 min', '4 s', '0 s', '–')
    """
    if hours is None or not math.isfinite(hours):
        return NONE
    seconds = round(min(max(0.0, hours), MOST_HOURS) * 3600)
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min".removesuffix(" 0 min")
    return f"{minutes // 1440} d {minutes % 1440 // 60} h".removesuffix(" 0 h")


def milliseconds(seconds: float) -> str:
    """A time of a computation.

    >>> milliseconds(0.00123)
    '1.23 ms'
    """
    return f"{1000 * seconds:.2f} ms"


def energy(kilowatt_hours: float | None) -> str:
    """Energy in the unit that suits it.

    >>> energy(12.345), energy(0.0123), energy(0.0), energy(4567.8), energy(None)
    ('12 kWh', '12 Wh', '0 kWh', '4.6 MWh', '–')
    """
    if kilowatt_hours is None or not math.isfinite(kilowatt_hours):
        return NONE
    if kilowatt_hours >= 1000:
        return f"{value(kilowatt_hours / 1000, 2)} MWh"
    if 0 < kilowatt_hours < 0.1:
        return f"{value(1000 * kilowatt_hours, 2)} Wh"
    return f"{value(kilowatt_hours, 2)} kWh"


def money(amount: float, currency: str) -> str:
    """A price with two decimals.

    >>> money(1234.5, "$"), money(3, "EUR")
    ('$1,234.50', 'EUR 3.00')
    """
    space = " " if currency[-1:].isalnum() else ""
    return f"{currency}{space}{amount:,.2f}"


def _interval(estimate: Estimate, written: Callable[[float], str]) -> str:
    """The interval in brackets; nothing where it is too narrow to be seen."""
    low, high = written(estimate.low), written(estimate.high)
    return "" if low == high else f" ({low}–{high})"
