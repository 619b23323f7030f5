"""What the stages after the monitor made of its decision, so that it can be recomputed from a record."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError
from convergence_callbacks.core.fault import Fault
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.data_check import explained
from convergence_callbacks.experiments.actions import Actions, Situation
from convergence_callbacks.experiments.probing import Probes

STOP_FILE, JOB_END = "stop_file", "job_end"
"""Stages that end a run from outside, whatever its curve looks like."""

OUTSIDE = (STOP_FILE, JOB_END)
"""All of these; a run that one of them ended goes on when it is resumed."""

PHASE = "phase"
"""The stage that keeps the best of earlier phases."""

Reported = Callable[[Any, Decision, Observation, Settings], Decision]
"""Recomputes what a stage made of a decision, from its recorded grounds."""


def _by_probe(saved: Any, decision: Decision, observation: Observation, settings: Settings) -> Decision:
    return Probes.from_dict(saved).applied_to(decision, observation.lr, settings.stop_on)


def _by_act(saved: Any, decision: Decision, observation: Observation, settings: Settings) -> Decision:
    situation = Situation(loss=None, rate=observation.lr, sign=settings.sign)
    return Actions.from_dict(saved).applied_to(decision, situation)


def _by_phase(saved: Any, decision: Decision, observation: Observation, settings: Settings) -> Decision:
    return best_of_both(saved, decision, settings)


def _from_outside(name: str, saved: Any, decision: Decision, observation: Observation, settings: Settings) -> Decision:
    return ended(decision, name, str(saved))


def _by_data_check(saved: Any, decision: Decision, observation: Observation, settings: Settings) -> Decision:
    return explained(decision, tuple(map(Fault.from_dict, saved)))


def best_of_both(before: Mapping[str, Any], decision: Decision, settings: Settings) -> Decision:
    """The decision with the best epoch of earlier phases, unless this phase has a better one.

    Args:
        before: That epoch, as ``best_step`` and ``best_value``.
        decision: What was decided on this phase.
        settings: They say which way the judged metric improves.
    """
    sign = settings.sign
    if decision.best_value is not None and sign * decision.best_value < sign * before["best_value"]:
        return decision
    return dataclasses.replace(decision, best_step=before["best_step"], best_value=before["best_value"])


def ended(decision: Decision, by: str, why: str) -> Decision:
    """The decision to stop because something outside of the training asks for it.

    Args:
        decision: What was decided without it.
        by: The name of what asks.
        why: What it says.
    """
    return dataclasses.replace(decision, stop=True, found_by=(by,), quoted=why)


STAGES: Mapping[str, Reported] = {
    PHASE: _by_phase,
    "probe": _by_probe,
    "act": _by_act,
    "data_check": _by_data_check,
    **{name: functools.partial(_from_outside, name) for name in OUTSIDE},
}
"""The stages whose decisions can be recomputed, by the name under which they are recorded."""


def after_stages(
    stages: Mapping[str, Any], decision: Decision, observation: Observation, settings: Settings
) -> Decision:
    """The decision after the stages that were recorded with it.

    Raises:
        StateError: One of them is not known here, or its recorded grounds are damaged.
    """
    for name, saved in stages.items():
        if name not in STAGES:
            raise StateError(f"what {name!r} made of the decision can't be recomputed")
        try:
            decision = STAGES[name](saved, decision, observation, settings)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"the recorded grounds of {name!r} are damaged: {error!r}") from error
    return decision
