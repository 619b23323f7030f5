"""Which way a metric improves, as the user, the framework or its name says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.metrics.meaning import Direction, meaning

Mode = Literal["auto", "min", "max"]

Rises = Callable[[str], bool | None]
"""Says whether more of a metric is better, where a framework says so; None where it does not."""


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
    convergence_callbacks.core.errors.SettingsError: the name 'val_quality' does not show whether less or \
more is better; set mode='min' or mode='max'
    """
    if mode != "auto":
        return mode
    improves = meaning(name, rises=rises).direction
    if improves is None:
        raise SettingsError(
            f"the name {name!r} does not show whether less or more is better; set mode='min' or mode='max'",
            ("mode",),
        )
    return improves


def direction_of_named(name: str, mode: Mode = "auto", rises: Rises | None = None) -> Direction:
    """Whether less or more of a metric is better that a criterion names with ``of``.

    Args:
        name: As the criterion names it.
        mode: What the criterion says.
        rises: What the framework says, where it says something.

    Raises:
        SettingsError: None of them says it, and the name is that of no known metric.
    """
    try:
        return direction_of(name, mode=mode, rises=rises(name) if rises else None)
    except SettingsError as error:
        raise SettingsError(f"{error} beside of={name!r}", ("criteria",)) from None
