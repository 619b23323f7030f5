"""What a checkpoint holds of `EarlyStopping`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from convergence_callbacks.core.errors import StateError, as_state_error
from convergence_callbacks.lightning.epoch import EpochInProgress


@dataclass(frozen=True)
class SavedEarlyStopping:
    """The state of `EarlyStopping`, or of Lightning's own.

    Args:
        best_score: The best value, a tensor without dimensions.
        settings: The settings under which it was saved.
        stops: Whether it had found a stop; None in the state of Lightning's own, which does not know.
        watch: State of the diagnosis.
        epoch: The epoch in progress.
    """

    best_score: torch.Tensor
    settings: Mapping[str, Any]
    stops: bool | None
    watch: Mapping[str, Any] | None
    epoch: EpochInProgress

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> SavedEarlyStopping:
        """The state as it was saved.

        Raises:
            StateError: It is damaged or foreign.
        """
        with as_state_error("EarlyStopping"):
            if missing := {"wait_count", "stopped_epoch", "best_score"} - state.keys():
                raise StateError(
                    f"this is no state of EarlyStopping, or it is damaged: {', '.join(sorted(missing))} missing"
                )
            own = dict(state.get("convergence") or {})
            epoch = EpochInProgress()
            epoch.load_state_dict(own.get("epoch", {}))
            return cls(
                best_score=_scalar(state["best_score"]),
                settings=dict(own.get("settings", {"patience": state.get("patience")})),
                stops=own.get("stops"),
                watch=own.get("watch"),
                epoch=epoch,
            )


def _scalar(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor | float | int) or (score := torch.as_tensor(value)).numel() != 1:
        raise TypeError(f"best_score is {value!r}")
    return score.squeeze()
