"""The result of a training: what it spent and saved, which epochs are as good as its best, what was not judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation, is_finite
from convergence_callbacks.core.settings import Settings

FEWEST = 5
"""Fewer epochs are too few to judge a training."""

FEWEST_FOR_NOISE = 10
"""Epochs below which the noise of a loss is not known well enough to call another epoch as good as the best."""

PATIENCE = 10
"""Epochs without improvement after which the usual rule stops."""


class NotJudged(StrEnum):
    """What could not be judged of a training, by what was missing."""

    NO_LOSS = "no_loss"
    """No loss was ever observed."""

    TOO_FEW = "too_few"
    """There were too few epochs to say anything."""

    NO_VALIDATION = "no_validation"
    """Without a validation loss, overfitting does not show."""

    NO_RATE = "no_rate"
    """Without the learning rate, no other one can be advised."""

    SEVERAL_OPTIMISERS = "several_optimisers"
    """With several optimisers, no single learning rate can be judged."""


@dataclass(frozen=True, kw_only=True)
class PatienceStop:
    """Where a patience would have stopped a training.

    Args:
        patience: Epochs without improvement after which it stops.
        spent: Epochs until then; None where it would have gone on.
        best_value: The best judged value until then.
    """

    patience: int
    spent: int | None
    best_value: float | None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of a training in numbers.

    Args:
        spent: Epochs that were trained.
        budget: Epochs that it was to take, None where that is not known.
        seconds: Time that it took, None where nobody measured.
        as_good: First and last step of those around the best whose judged loss is within its noise of it; None where
            that is the best alone.
        patience_stop: Where a patience would have stopped it; None if the beginning of the training was not seen.
        not_judged: What could not be judged.
    """

    spent: int = 0
    budget: int | None = None
    seconds: float | None = None
    as_good: tuple[int, int] | None = None
    patience_stop: PatienceStop | None = None
    not_judged: tuple[NotJudged, ...] = ()

    @property
    def saved(self) -> int | None:
        """Epochs of the budget that were not trained."""
        return None if self.budget is None else max(0, self.budget - self.spent)

    @property
    def seconds_saved(self) -> float | None:
        """Time that those would have taken, at the pace so far."""
        if self.saved is None or not self.seconds or not self.spent:
            return None
        return self.seconds / self.spent * self.saved

    @classmethod
    def of(
        cls,
        observations: Sequence[Observation],
        decision: Decision | None,
        settings: Settings,
        *,
        patience: int = PATIENCE,
        several_optimisers: bool = False,
    ) -> Ending:
        """The end of the training with these observations.

        Args:
            observations: Of the training until its end, those of an earlier process left out.
            decision: The last one.
            settings: Of the monitor, with the budget.
            patience: Which patience to compare with.
            several_optimisers: Whether the training has several, so that no single learning rate can be judged.

        >>> seen = [Observation(step=step, val_loss=0.1 + 0.5**step) for step in range(40)]
        >>> Ending.of(seen, None, Settings(max_epochs=100)).saved
        60
        """
        spent = observations[-1].step + 1 if observations else 0
        return cls(
            spent=spent,
            budget=settings.max_epochs,
            seconds=observations[-1].elapsed if observations else None,
            as_good=None if decision is None else as_good_as_best(observations, decision, settings.direction),
            patience_stop=stop_by_patience(observations, settings, patience),
            not_judged=not_judged(observations, several_optimisers=several_optimisers),
        )


def as_good_as_best(observations: Sequence[Observation], decision: Decision, mode: str) -> tuple[int, int] | None:
    """First and last step around the best one whose judged loss is within its noise of the best."""
    noise, best = decision.evidence.get("noise", 0.0), decision.best_value
    if best is None or not noise > 0 or len(_judged(observations)) < FEWEST_FOR_NOISE:
        return None
    sign = 1.0 if mode == "min" else -1.0
    good = {step for step, loss in _judged(observations) if sign * (loss - best) <= noise}
    steps = [step for step, _ in _judged(observations)]
    if decision.best_step not in steps:
        return None
    place = steps.index(decision.best_step)
    first = last = place
    while first > 0 and steps[first - 1] in good:
        first -= 1
    while last + 1 < len(steps) and steps[last + 1] in good:
        last += 1
    return None if first == last else (steps[first], steps[last])


def stop_by_patience(
    observations: Sequence[Observation], settings: Settings, patience: int = PATIENCE
) -> PatienceStop | None:
    """Where a patience on the judged loss would have stopped a training; None if its beginning was not seen."""
    if not observations or observations[0].step > 0:
        return None
    monitor = Monitor(criteria=Patience(patience), min_epochs=0, mode=settings.direction)
    for observation in observations:
        if monitor.observe(observation).stop:
            break
    last = monitor.decision
    assert last is not None  # something was observed
    return PatienceStop(patience=patience, spent=last.step + 1 if last.stop else None, best_value=last.best_value)


def not_judged(observations: Sequence[Observation], *, several_optimisers: bool = False) -> tuple[NotJudged, ...]:
    """What could not be judged of a training, by what was missing."""
    losses = [(each.train_loss, each.val_loss) for each in observations]
    if not any(is_finite(loss) for both in losses for loss in both):
        return (NotJudged.NO_LOSS,)
    missing = []
    if len(_judged(observations)) < FEWEST:
        missing.append(NotJudged.TOO_FEW)
    if not any(is_finite(val) for _, val in losses):
        missing.append(NotJudged.NO_VALIDATION)
    if several_optimisers:
        missing.append(NotJudged.SEVERAL_OPTIMISERS)
    elif not any(each.lr is not None and math.isfinite(each.lr) for each in observations):
        missing.append(NotJudged.NO_RATE)
    return tuple(missing)


def _judged(observations: Sequence[Observation]) -> list[tuple[int, float]]:
    """Step and judged loss of each observation that has one: validation loss where there is any."""
    is_validated = any(is_finite(each.val_loss) for each in observations)
    losses = ((each.step, each.val_loss if is_validated else each.train_loss) for each in observations)
    return [(step, loss) for step, loss in losses if loss is not None and is_finite(loss)]
