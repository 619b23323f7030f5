"""Learning-rate schedules: the rate as a share of its highest, by the share of the budget that is over."""

from collections.abc import Callable
from math import cos, pi

Shape = Callable[[float], float]


def half_cosine(share: float) -> float:
    """From 1 to 0 along half a cosine."""
    return 0.5 * (1 + cos(pi * share))


def after_warmup(start: float, length: float) -> Shape:
    """From `start` to 1 along a line, then down along half a cosine."""
    return lambda share: (
        start + (1 - start) * share / length if share < length else half_cosine((share - length) / (1 - length))
    )


SHAPES: dict[str, Shape] = {
    "constant": lambda _: 1.0,
    "cosine": half_cosine,
    "linear": lambda share: 1 - 0.99 * share,
    "step": lambda share: 1.0 if share < 0.5 else 0.1 if share < 0.75 else 0.01,
    "warmup_cosine": after_warmup(0.02, 0.1),
    "warmup_linear": lambda share: 0.1 + 18 * share if share < 0.05 else 1 - 0.99 * (share - 0.05) / 0.95,
    "restarts": lambda share: half_cosine((3 * share) % 1),
    "stable_decay": lambda share: 1.0 if share < 0.8 else (1 - share) / 0.2,
    "one_cycle": after_warmup(0.04, 0.3),
    "exponential": lambda share: float(0.01**share),
}


def factor(schedule: str, epoch: int, epochs: int) -> float:
    """The learning rate of an epoch (from 0), as a share of the highest."""
    return SHAPES[schedule](epoch / epochs)
