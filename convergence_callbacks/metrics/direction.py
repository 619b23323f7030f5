"""Which way a metric improves, as the user, the framework or its name says."""

from __future__ import annotations

from typing import Literal

from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.metrics.meaning import Direction, meaning

Mode = Literal["auto", "min", "max"]


def direction_of(name: str, *, mode: Mode = "auto", rises: bool | None = None) -> Direction:
    """Whether less or more of a metric is better.

    Args:
        name: As it is logged.
        mode: What the user set; it goes before all else.
        rises: Whether more of it is better, where the framework says so itself.

    Raises:
        SettingsError: The user left it open, the framework does not say, and the name is that of no known metric.

    >>> direction_of("val_loss"), direction_of("eval_rougeLsum"), direction_of("val_quality", mode="max")
    ('min', 'max', 'max')
    >>> direction_of("val_quality")
    Traceback (most recent call last):
    convergence_callbacks.core.errors.SettingsError: whether less or more of 'val_quality' is better can't be told \
from its name; set mode='min' or mode='max'
    """
    if mode != "auto":
        return mode
    known = meaning(name, rises=rises).direction
    if known is None:
        raise SettingsError(
            f"whether less or more of {name!r} is better can't be told from its name; set mode='min' or mode='max'",
            ("mode",),
        )
    return known
