"""Numbers as people read them."""

from __future__ import annotations

import math
import re


def number(value: float | None) -> str:
    """Four digits; a dash where there is nothing.

    >>> number(0.123456), number(None), number(1234567.0)
    ('0.1235', '–', '1.235e+06')
    """
    return "–" if value is None else f"{value:.4g}"


def percent(share: float | None) -> str:
    """A share in two digits.

    >>> percent(0.3456), percent(0.00123), percent(0.0), percent(None)
    ('35 %', '0.12 %', '0 %', '–')
    """
    if share is None or math.isnan(share):
        return "–"
    return f"{100 * share:.2g} %" if abs(share) < 0.995 else f"{100 * share:.0f} %"


def duration(hours: float | None) -> str:
    """Hours in the two units that matter.

    >>> duration(50.5), duration(3.25), duration(0.1), duration(0.001), duration(0.0), duration(None)
    ('2 d 2 h', '3 h 15 min', '6 min', '4 s', '0 s', '–')
    """
    if hours is None or not math.isfinite(hours):
        return "–"
    seconds = round(hours * 3600)
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min".removesuffix(" 0 min")
    return f"{minutes // 1440} d {minutes % 1440 // 60} h".removesuffix(" 0 h")


def energy(kilowatt_hours: float | None) -> str:
    """Energy in the unit that suits it.

    >>> energy(12.345), energy(0.0123), energy(0.0), energy(4567.8), energy(None)
    ('12 kWh', '12 Wh', '0 kWh', '4.6 MWh', '–')
    """
    if kilowatt_hours is None or not math.isfinite(kilowatt_hours):
        return "–"
    if kilowatt_hours >= 1000:
        return f"{kilowatt_hours / 1000:.2g} MWh"
    if 0 < kilowatt_hours < 0.1:
        return f"{1000 * kilowatt_hours:.2g} Wh"
    return f"{kilowatt_hours:.0f} kWh" if kilowatt_hours >= 99.5 else f"{kilowatt_hours:.2g} kWh"


def count(amount: int, noun: str = "") -> str:
    """How many there are of something.

    >>> count(1, "epoch"), count(12345, "run")
    ('1 epoch', '12,345 runs')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}" if noun else f"{amount:,}"


def words(name: str) -> str:
    """A name from the code as it is said.

    >>> words("false_convergence")
    'false convergence'
    """
    return name.replace("_", " ")


def markdown(text: object) -> str:
    """Text that Markdown and HTML leave alone, on one line.

    >>> markdown("a|b <script> *c*\\n=1+1")
    'a\\\\|b &lt;script&gt; \\\\*c\\\\* =1+1'
    """
    line = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", line)
