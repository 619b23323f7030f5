"""A decision with the numbers that the log itself gives its epochs."""

from __future__ import annotations

import dataclasses
import re

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.logs.run import Run

EPOCH = re.compile(r"(?<=\bepoch )\d+")
"""An epoch that a reason or an advice names."""


def numbered(decision: Decision, run: Run) -> Decision:
    """The decision, told in the numbers of the log.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Verdict
    >>> run = Run(name="a", path=Path("a.csv"), format="CSV", observations=(), counts_from=1)
    >>> print(numbered(Decision(stop=True, verdict=Verdict.CONVERGED, step=9, reason="best since epoch 8"), run))
    stop at epoch 10: converged | best since epoch 9
    """

    def told(text: str) -> str:
        return EPOCH.sub(lambda found: str(run.number(int(found[0]))), text)

    return dataclasses.replace(
        decision,
        step=run.number(decision.step),
        best_step=None if decision.best_step is None else run.number(decision.best_step),
        reason=told(decision.reason),
        advice=tuple(told(each) for each in decision.advice),
    )
