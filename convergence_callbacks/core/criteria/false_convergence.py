"""Slow is not finished."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convergence_callbacks.core.advised_rate import raise_rate, times_too_low
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Series, Signals, roughness_of
from convergence_callbacks.core.verdict import Verdict

STEADY = 0.7
"""Roughness below which a train loss descends steadily; noise has about 1.7."""


@dataclass(frozen=True)
class FalseConvergence(Criterion):
    """The curve looks flat, and yet train loss falls on steadily: the learning rate is too low.

    A good learning rate gains most at the beginning and then little, with noise. One that is far too low
    gains little at any time, smoothly, and much of it late.

    Args:
        late: Share of train loss's total gain made in the later half of the epochs that is much.
        slow: Fall of the judged loss an epoch that looks flat, as a share of its starting level.

    >>> FalseConvergence().describe()
    'the loss falls by less than 1 % an epoch but steadily, as at too low a learning rate'
    """

    late: float = setting(
        "share of the total gain, made in the later half of the epochs, that is much", 0.08, gt=0, lt=1
    )
    slow: float = setting("fall an epoch that looks flat, as a share of the starting level", 0.01, gt=0)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or signals.curve.count < 10 or signals.rate_is_moving(5):
            return state, None
        late = late_share(_driving(signals))
        if late < self.late or not is_steady(signals) or not self.looks_flat(signals):
            return state, None
        return state, self.finding(signals)

    def describe(self) -> str:
        return (
            f"the loss falls by less than {100 * self.slow:.3g} % an epoch but steadily, as at too low a learning rate"
        )

    def looks_flat(self, signals: Signals) -> bool:
        """Whether the judged loss falls so slowly that it can be taken for settled."""
        return _fall_per_epoch(signals) <= self.slow * abs(signals.start)

    def finding(self, signals: Signals) -> Finding:
        """What is said of a run that converges falsely, whoever found that."""
        late = late_share(_driving(signals))
        per_epoch = _fall_per_epoch(signals) / max(abs(signals.start), math.ulp(0.0))
        return Finding(
            reason=f"{self._pace(per_epoch, signals)}: {100 * late:.2g} % of the gain came in the later half",
            verdict=Verdict.FALSE_CONVERGENCE,
            evidence={"late_share": late, "fall_per_epoch": per_epoch, "times_too_low": times_too_low(signals)},
            advice=(raise_rate(signals), *_patience_it_takes(per_epoch)),
            confidence=0.7,
        )

    def _pace(self, per_epoch: float, signals: Signals) -> str:
        if not self.looks_flat(signals):
            return f"the loss still falls by {100 * per_epoch:.2g} % an epoch"
        how = "steadily" if is_steady(signals) else "not settled"
        return f"the loss falls by only {100 * per_epoch:.2g} % an epoch, but {how}"


def _patience_it_takes(per_epoch: float) -> tuple[str, ...]:
    """How long the same rate would take, where it gets anywhere."""
    if per_epoch <= 0:
        return ()
    return (f"or wait: at this pace the next tenth of the starting level takes {0.1 / per_epoch:,.0f} epochs",)


def is_steady(signals: Signals) -> bool:
    """Whether train or judged loss falls smoothly in the later half of the epochs."""
    later = _later_half(_driving(signals))
    return len(later) > 3 and later[-1] < later[0] and roughness_of(later) < STEADY


def late_share(losses: Series) -> float:
    """Share of a curve's total gain that was made in the later half of its epochs."""
    total = float(losses[0] - losses.min()) if len(losses) else 0.0
    later = _later_half(losses)
    return float(later[0] - later[-1]) / total if total > 0 else 0.0


def _driving(signals: Signals) -> Series:
    """The smoother of both losses: dropout roughens train loss, a small validation set the other."""
    both = [losses for losses in (signals.known_train_losses, signals.losses) if len(losses) > 3]
    return min(both, key=lambda losses: roughness_of(_later_half(losses)), default=signals.losses)


def _later_half(losses: Series) -> Series:
    return losses[len(losses) // 2 :]


def _fall_per_epoch(signals: Signals) -> float:
    """Mean fall of the judged loss an epoch over the later half."""
    later = _later_half(signals.losses)
    return float(later[0] - later[-1]) / max(1, (len(later) - 1) * signals.curve.width)
