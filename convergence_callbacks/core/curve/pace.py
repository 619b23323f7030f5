"""How fast and how steadily a run still descends: slow is not finished."""

from __future__ import annotations

from convergence_callbacks.core.curve.advised_rate import higher_rate
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.series import Series, roughness_of

STEADY_ROUGHNESS = 0.7
"""Roughness below which a loss falls steadily; noise has about 1.7."""

FLAT_SHARE = 0.01
"""Fall of the judged loss an epoch that looks flat, as a share of the total gain."""

FEWEST_BINS = 4
"""Bins from which on a loss can be called smooth."""


def is_steady(reading: Reading) -> bool:
    """Whether train or judged loss falls smoothly in the later half of the epochs."""
    return _falls_steadily(_smoother_loss(reading))


def late_share(reading: Reading) -> float:
    """Share of the smoother loss's total gain that was made in the later half of its epochs."""
    return _late_share(_smoother_loss(reading))


def looks_flat(reading: Reading, share: float = FLAT_SHARE) -> bool:
    """Whether the judged loss falls so slowly that it looks settled.

    Args:
        reading: Of the run.
        share: Fall an epoch that looks flat, as a share of the total gain; of a trivial predictor's loss where known.
    """
    return reading.fall_per_epoch <= share * _whole(reading)


def pace_numbers(reading: Reading, share: float = FLAT_SHARE) -> dict[str, float]:
    """The evidence of a run that converges falsely: pace, and the rate that it should take."""
    losses, whole = _smoother_loss(reading), _whole(reading)
    late = _late_share(losses)
    return {
        "late_share": late,
        "fall_per_epoch": reading.fall_per_epoch / whole if whole > 0 else 0.0,
        "of_baseline": float(reading.baseline is not None),
        "looks_flat": float(looks_flat(reading, share)),
        "is_steady": float(_falls_steadily(losses)),
        **higher_rate(reading, late),
    }


def _whole(reading: Reading) -> float:
    """What a fall is a share of: a trivial predictor's loss where known, else the total gain."""
    return reading.total_gain if reading.baseline is None else abs(reading.baseline)


def _smoother_loss(reading: Reading) -> Series:
    """The smoother of both losses: dropout makes train loss rough, a small validation set validation loss."""
    train, judged = reading.finite_train_losses, reading.losses
    if len(train) < FEWEST_BINS or _roughness(judged) < _roughness(train):
        return judged
    return train


def _roughness(losses: Series) -> float:
    return roughness_of(losses[len(losses) // 2 :])


def _falls_steadily(losses: Series) -> bool:
    later = losses[len(losses) // 2 :]
    return bool(len(later) >= FEWEST_BINS and later[-1] < later[0] and roughness_of(later) < STEADY_ROUGHNESS)


def _late_share(losses: Series) -> float:
    total = float(losses[0] - losses.min()) if len(losses) else 0.0
    return float(losses[len(losses) // 2] - losses[-1]) / total if total > 0 else 0.0
