"""When a run is probed, and how a decision reports what was found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criteria.time_budget import TimeBudget
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.experiments.probe import ARM_EPOCHS, FACTOR, Probed

FIRST = 10
"""Epochs before which a run that goes on is not probed."""

EARLY = 4
"""What replaces `FIRST` where the callback acts on what is found: then the sooner the better, whatever the curve."""

BY_PROBE = "probe"
"""Name by which a decision reports that a probe found it."""

CONFIDENCE = 0.9
"""How sure a probe is: it trains on a few epochs only."""

LIMITS = (MaxEpochs.name, TargetLoss.name, TimeBudget.name)
"""Criteria that end a run whatever a raised rate might bring."""

INFINITE = ("raised_progress", "lowered_advantage")
"""Numbers of a probe that are infinite where a copy diverged."""

LOST = (Verdict.OVERFITTING, Verdict.DIVERGED)
"""Verdicts of a run that a higher rate can't help."""


@dataclass(frozen=True)
class Probes:
    """The probes of a run so far.

    Args:
        spent: Epochs that they took together.
        step: Epoch of the latest, None before the first.
        probed: What it found.
        raises: How often the learning rate was raised before it.
    """

    spent: int = 0
    step: int | None = None
    probed: Probed | None = None
    raises: int = 0

    def may_probe(self, decision: Decision, budget: int, *, acts: bool = False) -> bool:
        """Whether another probe is within the budget, and due: at a stop, or once the run is twice as long.

        Args:
            decision: The decision by the curve alone.
            budget: Epochs that all probes may take.
            acts: Whether the rate is raised where it is found too low: then also early, and after each raise.
        """
        if self.spent + 3 * ARM_EPOCHS > budget:
            return False
        may_help = decision.verdict not in LOST and not (decision.stop and decision.criterion in LIMITS)
        if acts and self.probed is None and decision.step >= EARLY and may_help:
            return True
        due = decision.stop or decision.step >= (FIRST if self.step is None else 2 * self.step)
        return due and is_suspected_plateau(decision)

    def after(self, step: int, probed: Probed | None) -> Probes:
        """The probes with one more; a failed one, given as None, costs as much."""
        return Probes(self.spent + (probed.cost if probed else 3 * ARM_EPOCHS), step, probed, self.raises)

    def applied_to(self, decision: Decision, rate: float | None, stop_on: Sequence[Verdict | str]) -> Decision:
        """The decision at the epoch of a probe, and wherever the curve says again what the probe refuted."""
        if self.probed is None:
            return decision
        refuted = self.probed.verdict is not None and is_suspected_plateau(decision)
        if self.step != decision.step and not refuted:
            return decision
        reported = after_probe(decision, self.probed, rate, stop_on)
        return dataclasses.replace(reported, evidence={**reported.evidence, "probe_epochs": self.spent})

    def at(self, raises: int) -> Probes:
        """The probes after so many raises: what a probe found no longer counts once the rate was changed."""
        return self if raises == self.raises else Probes(self.spent, self.step, raises=raises)

    def to_dict(self) -> dict[str, Any]:
        """The probes in plain types."""
        probed = self.probed and {
            **{
                name: plain_number(value)
                for name, value in dataclasses.asdict(self.probed).items()
                if name != "verdict"
            },
            "verdict": self.probed.verdict and str(self.probed.verdict),
        }
        return {"spent": self.spent, "step": self.step, "probed": probed, "raises": self.raises}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Probes:
        """The probes that `to_dict` described."""
        probed = saved.get("probed")
        if probed is not None:
            verdict, numbers = probed["verdict"], {name: float(probed[name]) for name in INFINITE}
            probed = Probed(**{**probed, **numbers, "verdict": None if verdict is None else Verdict(verdict)})
        return cls(saved.get("spent", 0), saved.get("step"), probed, saved.get("raises", 0))


def is_suspected_plateau(decision: Decision) -> bool:
    """Whether a probe is worth its epochs: the run is judged too slow, or ends flat, at whatever level."""
    ends = decision.stop and decision.verdict in {Verdict.CONVERGED, Verdict.NOT_LEARNING}
    return ends or decision.verdict is Verdict.FALSE_CONVERGENCE


def after_probe(decision: Decision, probed: Probed, rate: float | None, stop_on: Sequence[Verdict | str]) -> Decision:
    """The decision once a probe was made; where it found nothing, only its figures are added.

    Args:
        decision: The decision by the curve alone.
        probed: What the probe found.
        rate: The learning rate as it is.
        stop_on: Verdicts that may end the training.
    """
    too_low = probed.verdict is Verdict.FALSE_CONVERGENCE
    numbers = {
        "probe_raised_progress": probed.raised_progress,  # infinite where a copy diverged
        "probe_lowered_advantage": probed.lowered_advantage,
        "probe_epochs": probed.cost,
        "probe_found": 0 if probed.verdict is None else 1 if too_low else -1,
    }
    evidence = {**decision.evidence, **{name: number for name, number in numbers.items() if math.isfinite(number)}}
    if probed.verdict is None:
        return dataclasses.replace(decision, evidence=evidence)
    if too_low:
        evidence["times_too_low"] = probed.times
    if rate:
        evidence["advised_rate"] = (probed.times if too_low else 1 / FACTOR) * rate
    return dataclasses.replace(
        decision,
        stop=decision.stop and probed.verdict in stop_on,
        verdict=probed.verdict,
        found_by=(BY_PROBE,),
        evidence=evidence,
        confidence=CONFIDENCE,
    )
