"""Settings of a stopping rule, and the metrics it judges: each is given to the stock callback and to ours."""

import math

FALLING_THEN_FLAT = [1.0, 0.6, 0.4, 0.3, 0.35, 0.36, 0.37, 0.38, 0.39, 0.4]
NOISY = [5.0, 4.0, 4.5, 3.9, 4.4, 4.3, 3.85, 4.2, 4.1, 4.0]
RISING = [0.1, 0.5, 0.4, 0.7, 0.9, 0.85, 0.8, 0.95, 0.9, 0.9]
BREAKS = [1.0, 0.5, math.nan, 0.4, math.inf, 0.3, 0.2, 0.1, 0.1, 0.1]
EQUAL = [0.5] * 10

SCRIPTS = {
    "falls, then is flat": FALLING_THEN_FLAT,
    "noisy": NOISY,
    "rises": RISING,
    "breaks": BREAKS,
    "equal": EQUAL,
    "huge": [value * 1e30 for value in NOISY],
    "negative": [value - 4.0 for value in NOISY],
}

LIGHTNING = [
    {},
    {"patience": 0},
    {"patience": 1},
    {"patience": 2, "min_delta": 0.1},
    {"min_delta": 0.02},
    {"mode": "max"},
    {"mode": "max", "min_delta": 0.2, "patience": 2},
    {"check_finite": False},
    {"stopping_threshold": 0.4},
    {"mode": "max", "stopping_threshold": 0.8},
    {"divergence_threshold": 4.2},
    {"mode": "max", "divergence_threshold": 0.3},
    {"check_on_train_epoch_end": False},
]

KERAS = [
    {},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.1},
    {"patience": 2, "min_delta": -0.1},
    {"mode": "max", "patience": 1},
    {"mode": "min", "patience": 2, "start_from_epoch": 3},
    {"patience": 2, "baseline": 0.45},
    {"patience": 2, "baseline": 0.45, "restore_best_weights": True},
    {"patience": 3, "restore_best_weights": True},
    {"patience": 2, "mode": "max", "restore_best_weights": True, "start_from_epoch": 2},
]
