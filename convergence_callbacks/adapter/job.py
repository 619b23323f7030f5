"""Reads from the environment when the batch system ends the job of this process."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping

OWN = "CONVERGENCE_JOB_END"
"""The variable with the end where the batch system has none, as under Kubernetes: seconds since 1970, or ISO 8601."""

END = (OWN, "SLURM_JOB_END_TIME")
"""Variables that hold the end of the job; the first one that is set is used."""

WALLTIME = "PBS_WALLTIME"
"""The variable with the seconds that a job of PBS may take; it is taken to have begun with this process."""

BEGAN = time.time()
"""When this process began, as near as can be known here."""


def job_end(environment: Mapping[str, str], began: float = BEGAN) -> float | None:
    """When the batch system ends the job, in seconds since 1970; None where that is not known.

    Args:
        environment: Variables of the process.
        began: When it began.

    Raises:
        ValueError: A variable holds no time.

    >>> job_end({"SLURM_JOB_END_TIME": "1800000000"}), job_end({"PBS_WALLTIME": "3600"}, began=5.0), job_end({})
    (1800000000.0, 3605.0, None)
    >>> job_end({"CONVERGENCE_JOB_END": "1970-01-02T00:00:00+00:00", "SLURM_JOB_END_TIME": "1800000000"})
    86400.0
    """
    for name in END:
        if text := environment.get(name, "").strip():
            return _time(name, text)
    walltime = environment.get(WALLTIME, "").strip()
    return began + _time(WALLTIME, walltime) if walltime else None


def _time(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise ValueError(f"{name} holds no time: {text!r}") from None
