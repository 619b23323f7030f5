"""A run whose learning rate is too low: the rate is raised, tried for some epochs, and kept or put back.

Until a trial is over nothing but a limit ends the run: what the curve says so far is said of the old rate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import is_finite
from convergence_callbacks.core.rule.guards import SURE
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.experiments.probe import later_level
from convergence_callbacks.experiments.probing import BY_PROBE, FIRST, LIMITS

EPOCHS = 5
"""Epochs of a trial: a raised rate may throw the loss up before it falls."""

MOST = 3
"""Raises of a run; the first that is put back is the last."""

Act = Literal["", "raise", "keep", "undo"]
"""What is to be done at an epoch."""


ACTIONS: Mapping[Act, str] = {"": "on_trial", "raise": "raise_lr", "keep": "keep_lr", "undo": "undo_lr"}
"""What a decision calls that."""


@dataclass(frozen=True)
class RateTrial:
    """The raises of a run so far, and the one that is on trial.

    Args:
        act: What is to be done at this epoch: nothing, raise the rate, keep it raised, or undo that.
        times: By how much the latest raise multiplied the rate.
        raised: Times the user's rate that it is now.
        raises: How often it was raised.
        step: Epoch at which the raise on trial was made; None where none is.
        best: The best judged loss before it, in the user's unit.
        losses: Judged losses of the trial.
        failed: Whether a raise was put back.

    >>> slow = Decision(stop=False, verdict=Verdict.FALSE_CONVERGENCE, step=20, best_value=1.0, found_by=("probe",),
    ...                 evidence={"times_too_low": 10}, confidence=0.9)
    >>> trial = RateTrial().after(slow, 1.0)
    >>> trial.act, trial.times
    ('raise', 10.0)
    """

    act: Act = ""
    times: float = 1.0
    raised: float = 1.0
    raises: int = 0
    step: int | None = None
    best: float | None = None
    losses: tuple[float, ...] = ()
    failed: bool = False

    def after(self, decision: Decision, loss: float | None, mode: str = "min") -> RateTrial:
        """The same once an epoch was judged.

        Args:
            decision: What is said of the epoch.
            loss: Its judged loss.
            mode: ``"min"`` where less of it is better, ``"max"`` where more is.
        """
        if self.step is None:
            return self._begun(decision) if self._should_raise(decision) else dataclasses.replace(self, act="")
        losses = (*self.losses, loss if loss is not None and is_finite(loss) else float("nan"))
        tried = dataclasses.replace(self, act="", losses=losses)
        if decision.verdict is Verdict.DIVERGED or not is_finite(losses[-1]):
            return tried._over(helped=False)
        return tried if len(losses) < EPOCHS else tried._over(helped=tried._is_better(mode))

    def said_of(self, decision: Decision, rate: float | None) -> Decision:
        """The decision with what is done: nothing but a limit ends a run on trial.

        Args:
            decision: What is said of the epoch.
            rate: The learning rate of the epoch.
        """
        if not self.act and self.step is None:
            return decision
        return dataclasses.replace(
            decision,
            stop=decision.stop and decision.criterion in LIMITS,
            action=ACTIONS[self.act],
            evidence={**decision.evidence, **self._numbers(rate)},
        )

    def to_dict(self) -> dict[str, Any]:
        """The same in plain types that JSON takes."""
        return {**dataclasses.asdict(self), "losses": [loss if is_finite(loss) else None for loss in self.losses]}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RateTrial:
        """What `to_dict` described."""
        losses = tuple(float("nan") if loss is None else float(loss) for loss in saved.get("losses", ()))
        return cls(**{**saved, "losses": losses})

    @property
    def may_raise(self) -> bool:
        """Whether the rate may be raised another time, now."""
        return self.step is None and not self.failed and self.raises < MOST

    def _should_raise(self, decision: Decision) -> bool:
        """Whether too low a rate was shown or is sure; where the run is to end anyhow, likely is enough."""
        if decision.verdict is not Verdict.FALSE_CONVERGENCE or not self.may_raise:
            return False
        sure = decision.criterion == BY_PROBE or (decision.confidence > SURE and decision.step >= FIRST)
        return (sure or decision.stop) and decision.criterion not in LIMITS and "times_too_low" in decision.evidence

    def _begun(self, decision: Decision) -> RateTrial:
        times = float(decision.evidence["times_too_low"])
        return RateTrial("raise", times, self.raised * times, self.raises + 1, decision.step, decision.best_value)

    def _over(self, *, helped: bool) -> RateTrial:
        after = dataclasses.replace(self, step=None, losses=())
        if helped:
            return dataclasses.replace(after, act="keep")
        return dataclasses.replace(after, act="undo", raised=self.raised / self.times, failed=True)

    def _is_better(self, mode: str) -> bool:
        """Whether the later half of the trial is better than the best before it."""
        sign = 1.0 if mode == "min" else -1.0
        return self.best is not None and later_level([sign * loss for loss in self.losses]) < sign * self.best

    def _numbers(self, rate: float | None) -> dict[str, float]:
        """The numbers behind what is done."""
        numbers = {"rate_raised": self.raised, "rate_times": self.times}
        if self.act == "raise" and rate:
            numbers["advised_rate"] = self.times * rate
        return numbers if self.step is None or self.act else {**numbers, "trial_epoch": len(self.losses)}
