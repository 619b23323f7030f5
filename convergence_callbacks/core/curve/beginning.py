"""Whether a run has begun to learn at all."""

from __future__ import annotations

from convergence_callbacks.core.curve.advised_rate import lower_rate
from convergence_callbacks.core.curve.reading import Reading

FAR_WORSE_SHARE = 0.5
"""Share of a trivial predictor's loss by which a loss that stays above it shows too high a rate."""


def beginning_numbers(reading: Reading) -> dict[str, float]:
    """The evidence of a run that learns nothing: how far it got, and whether its train loss fell alone."""
    train = reading.finite_train_losses
    numbers: dict[str, float] = {
        "started_at": reading.sign * reading.start,
        "best": reading.sign * reading.curve.best,
        "epochs": reading.curve.count,
        "train_has_begun": float(reading.train_has_begun),
    }
    if len(train):
        first, best = float(train[0]), float(train.min())
        numbers |= {"train_started_at": reading.sign * first, "train_best": reading.sign * best}
    if (worse := -reading.gained) > 0:  # than a trivial predictor
        numbers |= {"worse_than_baseline": worse, **(lower_rate(reading) if worse > FAR_WORSE_SHARE else {})}
    return numbers
