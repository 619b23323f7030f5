"""Energy that a training took, in kWh, from a column of its log."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from convergence_callbacks.logs.elapsed import accumulated, of_each, runs_on, since_start

KWH_PER = {
    **dict.fromkeys(("energy_consumed", "energy_kwh", "energy_consumed_kwh", "kwh"), 1.0),
    **dict.fromkeys(("energy_wh", "energy_consumed_wh", "wh"), 0.001),
    **dict.fromkeys(("energy_j", "energy_joules", "energy_consumed_j", "joules"), 1 / 3600000.0),
}
"""Names of columns that hold their unit, ``energy_consumed`` being CodeCarbon's, and how many kWh are one of it."""


def find_energy(names: Sequence[str]) -> tuple[str | None, str]:
    """The column of the energy, and why; one that is called energy alone may be anything, also what is predicted.

    >>> find_energy(["epoch", "Energy (kWh)"])[0], find_energy(["epoch", "energy"])[0]
    ('Energy (kWh)', None)
    """
    found = next((name for name in names if _plain(name) in KWH_PER), None)
    return (found, "energy, in the unit of its name") if found else (None, "no name is energy with its unit")


def kilowatt_hours(readings: Sequence[float], column: str) -> tuple[float, ...]:
    """Energy since the start at each entry; empty where none was logged, or it is unclear since when it is counted.

    Args:
        readings: As logged: of each entry, or, if they grow, since the start; NaN where unknown.
        column: Its name, which holds the unit; kWh where it does not.

    >>> kilowatt_hours([0.5, 0.25, 0.5], "energy_kwh"), kilowatt_hours([100.0, 300.0], "energy_wh")
    ((0.5, 0.75, 1.25), (0.1, 0.3))
    """
    finite = [reading for reading in readings if math.isfinite(reading)]
    if not finite or min(finite) < 0:
        return ()
    total = since_start(readings) if runs_on(finite) else accumulated(readings) if of_each(finite) else []
    return tuple(KWH_PER.get(_plain(column), 1.0) * each for each in total)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name.lower().split("/")[-1]).strip("_")
