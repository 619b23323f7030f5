"""Decisions in the numbers of the log that they were made of."""

from __future__ import annotations

import dataclasses

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.logs.run import Run


def numbered(decision: Decision, run: Run) -> Decision:
    """The decision with its steps as the log numbers them.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Verdict
    >>> run = Run(name="a", path=Path("a.csv"), format="CSV", observations=(), counts_from=1)
    >>> print(numbered(Decision(stop=True, verdict=Verdict.CONVERGED, step=9, best_step=8, best_value=0.5), run))
    stop at epoch 10: converged | best 0.5 at epoch 9
    """
    return dataclasses.replace(
        decision,
        step=run.number(decision.step),
        best_step=None if decision.best_step is None else run.number(decision.best_step),
        counter=Counter(run.counter.noun),
    )
