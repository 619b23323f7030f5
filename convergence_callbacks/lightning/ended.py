"""What Lightning shows of the end of a fit: its checkpoints, and whether the time was up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convergence_callbacks.adapter.account import Cause


def checkpoints(trainer: Any) -> Iterator[str]:
    """All files that the checkpoint callbacks of a trainer list."""
    for callback in trainer.checkpoint_callbacks:
        latest = (getattr(callback, name, "") for name in ("best_model_path", "last_model_path"))
        yield from filter(None, (*getattr(callback, "best_k_models", ()), *latest))


def cause(trainer: Any) -> Cause:
    """What ended a fit that no exception ended: the time, where a ``Timer`` shows that it is up."""
    left = (callback.time_remaining() for callback in trainer.callbacks if hasattr(callback, "time_remaining"))
    return "time" if any(seconds is not None and seconds <= 0 for seconds in left) else ""
