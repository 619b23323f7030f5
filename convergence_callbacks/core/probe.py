"""What a small experiment says of a plateau: the same training for a few epochs at other learning rates.

A flat curve can't tell a finished training from one that is too slow. Copies of the training can: trained on at the
same, a raised and a lowered rate, they show whether another rate gains what this one does not.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.verdict import Verdict

FACTOR = 10.0
"""By how much the rate is raised and lowered."""

ARM_EPOCHS = 4
"""Epochs of each arm; a probe costs three times as many."""

TIMES = 5.0
"""Times the control's progress that a raised rate makes where the control is too slow; 8.6 and 3 were the medians of
falsely and truly converged runs."""

FIRST = 10
"""Epochs before which a run that goes on is not probed."""

FAR_BETTER = 0.15
"""Share of the total gain by which a lowered rate must beat the control for the rate to be too high."""


@dataclass(frozen=True)
class Arms:
    """Judged loss by epoch of each copy.

    Args:
        control: At the learning rate as it is.
        raised: At ten times the rate.
        lowered: At a tenth of it.
    """

    control: Sequence[float]
    raised: Sequence[float]
    lowered: Sequence[float]

    @property
    def cost(self) -> int:
        """Epochs trained in all."""
        return len(self.control) + len(self.raised) + len(self.lowered)


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Args:
        verdict: ``false_convergence`` where the raised rate does much better, ``unstable`` where the lowered one does,
            None where neither does.
        raised_progress: Progress at the raised rate, as a multiple of the control's.
        lowered_advantage: Of the lowered rate over the control, as a share of the total gain.
        cost: Epochs that it took.
    """

    verdict: Verdict | None
    raised_progress: float
    lowered_advantage: float
    cost: int


@dataclass(frozen=True)
class Probes:
    """The probes of a run so far.

    Args:
        spent: Epochs that they took together.
        step: Epoch of the latest, None before the first.
        probed: What it found.
    """

    spent: int = 0
    step: int | None = None
    probed: Probed | None = None

    def may_probe(self, decision: Decision, budget: int) -> bool:
        """Whether another probe is within the budget, and due: at a stop, or once the run is twice as long."""
        due = decision.stop or decision.step >= (FIRST if self.step is None else 2 * self.step)
        return due and is_suspected_plateau(decision) and self.spent + 3 * ARM_EPOCHS <= budget

    def after(self, step: int, probed: Probed | None) -> Probes:
        """The same with one more, None where it failed: that costs as much."""
        return Probes(self.spent + 3 * ARM_EPOCHS, step, probed)

    def said_of(self, decision: Decision, rate: float | None, stop_on: Sequence[Verdict | str]) -> Decision:
        """The decision at the epoch of a probe, and wherever the curve says again what the probe refuted."""
        if self.probed is None:
            return decision
        refuted = self.probed.verdict is not None and is_suspected_plateau(decision)
        if self.step != decision.step and not refuted:
            return decision
        said = after_probe(decision, self.probed, rate, stop_on)
        return dataclasses.replace(said, evidence={**said.evidence, "probe_epochs": self.spent})

    def acted_on(self) -> Probes:
        """The same once what was found is done: of the rate that the run has now nothing is known yet."""
        return Probes(self.spent, self.step)

    def to_dict(self) -> dict[str, Any]:
        """The same in plain types."""
        probed = self.probed and {
            **dataclasses.asdict(self.probed),
            "verdict": self.probed.verdict and str(self.probed.verdict),
        }
        return {"spent": self.spent, "step": self.step, "probed": probed}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Probes:
        """What `to_dict` described."""
        probed = saved.get("probed")
        if probed is not None:
            verdict = probed["verdict"]
            probed = Probed(**{**probed, "verdict": None if verdict is None else Verdict(verdict)})
        return cls(saved.get("spent", 0), saved.get("step"), probed)


def is_suspected_plateau(decision: Decision) -> bool:
    """Whether a probe is worth its epochs: the run is to end as converged, or is told that it is too slow."""
    ends = decision.stop and decision.verdict is Verdict.CONVERGED
    return ends or decision.verdict is Verdict.FALSE_CONVERGENCE


def judge_arms(arms: Arms, observation: Observation, decision: Decision, mode: str) -> Probed:
    """The same as `judge_probe`, of a run as its callback knows it."""
    before = judged_loss(observation)
    noise, gain = (decision.evidence.get(name, 0.0) for name in ("noise", "total_gain"))
    known = math.nan if before is None else before
    return judge_probe(arms, known, noise, gain, 1.0 if mode == "min" else -1.0)


def judge_probe(arms: Arms, before: float, noise: float, gain: float, sign: float = 1.0) -> Probed:
    """What the copies show.

    Args:
        arms: The judged losses of the copies.
        before: The judged loss where they began.
        noise: Standard deviation of the judged loss from epoch to epoch.
        gain: Total gain of the run so far.
        sign: 1, or -1 where more is better.

    >>> judge_probe(Arms([0.999, 0.998], [0.90, 0.80], [1.0, 1.0]), before=1.0, noise=0.001, gain=0.1).verdict.value
    'false_convergence'
    >>> judge_probe(Arms([0.10, 0.11], [0.3, 0.2], [0.10, 0.10]), before=0.1, noise=0.01, gain=2.0).verdict is None
    True
    """
    control, raised, lowered = (
        sign * before - later_level([sign * loss for loss in arm]) for arm in (arms.control, arms.raised, arms.lowered)
    )
    least = max(noise, 1e-9 * abs(before), 1e-300)  # progress below the noise is none
    times = raised / max(control, least)
    advantage = (lowered - control) / max(gain, least)
    too_low = times > TIMES
    too_high = not too_low and advantage > FAR_BETTER and lowered - control > 3 * noise
    verdict = Verdict.FALSE_CONVERGENCE if too_low else Verdict.UNSTABLE if too_high else None
    return Probed(verdict, float(times), float(advantage), arms.cost)


def after_probe(decision: Decision, probed: Probed, rate: float | None, stop_on: Sequence[Verdict | str]) -> Decision:
    """The decision once a probe was made: the same, with its figures, where it found nothing.

    Args:
        decision: What the curve alone said.
        probed: What the probe found.
        rate: The learning rate as it is.
        stop_on: Verdicts that may end the training.
    """
    evidence = {
        **decision.evidence,
        "probe_raised_progress": probed.raised_progress,
        "probe_lowered_advantage": probed.lowered_advantage,
        "probe_epochs": probed.cost,
    }
    if probed.verdict is None:
        return dataclasses.replace(decision, evidence=evidence)
    if probed.verdict is Verdict.FALSE_CONVERGENCE:
        evidence["times_too_low"] = FACTOR
        found, factor = f"made {probed.raised_progress:.2g} times the progress of the present one", FACTOR
    else:
        found, factor = f"got {100 * probed.lowered_advantage:.2g} % of the total gain further", 1 / FACTOR
    which = "ten times" if factor > 1 else "a tenth of"
    tried = f": {factor * rate:.2g}" if rate else ""
    return dataclasses.replace(
        decision,
        stop=decision.stop and probed.verdict in stop_on,
        verdict=probed.verdict,
        reason=f"in a probe {which} the learning rate {found} within {probed.cost // 3} epochs",
        criterion="probe",
        evidence=evidence,
        advice=(f"train on at {which} the learning rate{tried}, which was tried",),
        confidence=0.9,
    )


def later_level(losses: Sequence[float]) -> float:
    """Mean of the later half; infinite where an epoch has no finite loss, as that of a copy that diverged."""
    later = losses[len(losses) // 2 :]
    return float(np.mean(later)) if len(later) and np.isfinite(losses).all() else float("inf")


def judged_loss(observation: Observation) -> float | None:
    """Validation loss where there is one, else train loss; None without either."""
    return observation.train_loss if observation.val_loss is None else observation.val_loss


def judged_losses(observations: Sequence[Observation]) -> list[float]:
    """The same of each epoch, NaN without either."""
    known = (judged_loss(observation) for observation in observations)
    return [math.nan if loss is None else loss for loss in known]
