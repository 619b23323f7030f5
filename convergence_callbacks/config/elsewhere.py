"""What to write in place of the arguments of other early-stopping classes."""

from __future__ import annotations

from collections.abc import Mapping

OTHERS: Mapping[str, str] = {
    "patience": "write criteria=Patience({value!r})",
    "min_delta": "write criteria=Patience(…, min_delta={value!r})",
    "monitor": "write val_metric={value!r}{where}",
    "restore_best_weights": "write restore_best={value!r}{where}",
    "stopping_threshold": "write target_loss={value!r}",
    "divergence_threshold": "a loss that explodes is found without it; or write criteria=ExplodingLoss(…)",
    "check_finite": "a loss that is not finite is always found",
    "epochs": "write max_epochs={value!r}",
}
"""What to write in place of each argument; ``{where}`` names the callbacks if only they have the setting."""
