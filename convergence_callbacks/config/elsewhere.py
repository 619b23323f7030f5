"""What to write instead of the arguments of other early stoppings."""

from __future__ import annotations

from collections.abc import Mapping

OTHERS: Mapping[str, str] = {
    "patience": "write criteria=Patience({value!r})",
    "min_delta": "write criteria=Patience(…, min_delta={value!r})",
    "monitor": "write val_metric={value!r}, on a callback",
    "restore_best_weights": "write restore_best={value!r}, on a callback",
    "stopping_threshold": "write target_loss={value!r}",
    "divergence_threshold": "a loss that explodes is found without it; or write criteria=ExplodingLoss(…)",
    "check_finite": "a loss that is not finite is always found",
    "epochs": "write max_epochs={value!r}",
}
"""What to write for the arguments of other early stoppings."""
