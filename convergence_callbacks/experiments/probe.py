"""What a small experiment shows about a plateau: the same training for a few epochs at other learning rates.

A flat curve can't tell a finished training from one that is too slow. Copies of the training can: trained on at the
same, a raised and a lowered rate, they show whether another rate gains what this one does not.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.verdict import Verdict

FACTOR = 10.0
"""By how much the rate is raised and lowered."""

FURTHER = (30.0, 100.0, 300.0, 1000.0)
"""Times the rate that are tried too where ten times it does much better, as long as each does better than the last."""

ARM_EPOCHS = 4
"""Epochs of each arm; a probe costs three times as many, and one more for each further raise."""

TIMES = 5.0
"""The control is too slow where a raised rate makes more than this many times its progress; the medians of falsely and
truly converged runs were 8.6 and 3."""

HELPS = 2.5
"""What replaces `TIMES` where the callback acts on what is found: a raise is on trial anyhow."""

FAR_BETTER = 0.15
"""Share of the total gain by which a lowered rate must beat the control for the rate to be too high."""

AHEAD = 0.1
"""Share of the total gain by which a raised rate must be ahead of the control where the run looks finished."""

Arm = Callable[[float], Sequence[Observation]]
"""Trains a copy for `ARM_EPOCHS` at so many times the rate, and gives what was observed of each epoch."""


@dataclass(frozen=True)
class Copy:
    """What became of a copy.

    Args:
        judged: Its judged loss by epoch.
        train: Its train loss by epoch; NaN where there is none.
    """

    judged: Sequence[float]
    train: Sequence[float] = ()

    @classmethod
    def of(cls, observations: Sequence[Observation]) -> Copy:
        """The losses that were observed, NaN where there are none."""
        return cls(
            judged=[_or_nan(judged_loss(each)) for each in observations],
            train=[_or_nan(each.train_loss) for each in observations],
        )


@dataclass(frozen=True)
class Arms:
    """The copies.

    Args:
        control: At the learning rate as it is.
        raised: At ten times the rate.
        lowered: At a tenth of it.
    """

    control: Copy
    raised: Copy
    lowered: Copy

    @property
    def cost(self) -> int:
        """Epochs trained in all."""
        return sum(len(each.judged) for each in (self.control, self.raised, self.lowered))

    @classmethod
    def trained(cls, arm: Arm) -> Arms:
        """Train all three."""
        return cls(*(Copy.of(arm(times)) for times in (1.0, FACTOR, 1 / FACTOR)))

    def trains(self, sign: float) -> bool:
        """Whether the raised rate brings the train loss further than the control: else validation gained by chance."""
        control, raised = (later_level([sign * loss for loss in each.train]) for each in (self.control, self.raised))
        return raised < control


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Args:
        verdict: ``false_convergence`` where the raised rate does much better, ``unstable`` where the lowered one does,
            None where neither does.
        raised_progress: Progress at the raised rate that does best, as a multiple of the control's.
        lowered_advantage: How far the lowered rate is ahead of the control, as a share of the total gain.
        cost: Epochs that it took.
        times: Factor of the raised rate that does best.
    """

    verdict: Verdict | None
    raised_progress: float
    lowered_advantage: float
    cost: int
    times: float = FACTOR


def probe(
    arm: Arm, observation: Observation, decision: Decision, mode: str, budget: int, *, acts: bool = False
) -> Probed:
    """Train copies of a run, and judge what they show.

    Args:
        arm: Trains one.
        observation: The epoch where they begin.
        decision: The decision on this epoch.
        mode: ``"min"`` where less of the judged loss is better, ``"max"`` where more is.
        budget: Epochs that may be spent.
        acts: Whether the rate is raised where it is found too low.
    """
    before, sign = _or_nan(judged_loss(observation)), 1.0 if mode == "min" else -1.0
    noise, gain = (decision.evidence.get(name, 0.0) for name in ("noise", "total_gain"))
    arms = Arms.trained(arm)
    found = judge_probe(arms, before, noise, gain, sign, least=HELPS if acts else TIMES)
    too_low = found.verdict is Verdict.FALSE_CONVERGENCE
    if decision.verdict is Verdict.NOT_LEARNING and not (too_low and arms.trains(sign)):
        return dataclasses.replace(found, verdict=None)  # what can't be learnt is memorised more slowly at a low rate
    if not too_low:
        return found
    progress = _progress(arms.raised, before, sign)
    unit = progress / found.raised_progress  # that of the control
    for times in FURTHER:
        if found.cost + ARM_EPOCHS > budget:
            break
        copy = Copy.of(arm(times))
        further = _progress(copy, before, sign)
        found = dataclasses.replace(found, cost=found.cost + len(copy.judged))
        if not further > progress:
            break
        progress = further
        found = dataclasses.replace(found, times=times, raised_progress=progress / unit)
    ahead = progress - _progress(arms.control, before, sign)
    finished = decision.verdict is Verdict.CONVERGED and not acts and ahead < AHEAD * gain
    return dataclasses.replace(found, verdict=None) if finished else found


def judge_probe(
    arms: Arms, before: float, noise: float, gain: float, sign: float = 1.0, *, least: float = TIMES
) -> Probed:
    """What the copies show.

    Args:
        arms: The copies.
        before: The judged loss where they began.
        noise: Standard deviation of the judged loss from epoch to epoch.
        gain: Total gain of the run so far.
        sign: 1, or -1 where more is better.
        least: Times the control's progress that a raised rate makes where the control is too slow.

    >>> flat = Copy([1.0, 1.0])
    >>> judge_probe(Arms(flat, Copy([0.90, 0.80]), flat), before=1.0, noise=0.001, gain=0.1).verdict.value
    'false_convergence'
    >>> judge_probe(Arms(flat, Copy([1.30, 1.20]), flat), before=1.0, noise=0.01, gain=2.0).verdict is None
    True
    """
    control, raised, lowered = (_progress(arm, before, sign) for arm in (arms.control, arms.raised, arms.lowered))
    smallest = max(noise, 1e-9 * abs(before), 1e-300)  # progress below the noise is none
    times = raised / max(control, smallest)
    advantage = (lowered - control) / max(gain, smallest)
    too_low = times > least
    too_high = not too_low and advantage > FAR_BETTER and lowered - control > 3 * noise
    verdict = Verdict.FALSE_CONVERGENCE if too_low else Verdict.UNSTABLE if too_high else None
    return Probed(verdict, float(times), float(advantage), arms.cost)


def _progress(copy: Copy, before: float, sign: float) -> float:
    """How far a copy came from where it began; minus infinity for one that diverged."""
    return sign * before - later_level([sign * loss for loss in copy.judged])


def _or_nan(loss: float | None) -> float:
    return math.nan if loss is None else loss


def later_level(losses: Sequence[float]) -> float:
    """Mean of the later half; infinite where an epoch has no finite loss, as that of a copy that diverged."""
    later = losses[len(losses) // 2 :]
    return float(np.mean(later)) if len(later) and np.isfinite(losses).all() else float("inf")


def judged_loss(observation: Observation) -> float | None:
    """Validation loss where there is one, else train loss; None without either."""
    return observation.train_loss if observation.val_loss is None else observation.val_loss
