"""Decides which fits of a Lightning callback continue from a saved state."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FitLifecycle:
    """Decides whether a fit starts anew, or continues from a state that was loaded for it.

    Lightning gives callbacks their state even if a checkpoint is only validated, tested or predicted from.
    """

    _stage: str | None = field(default=None, init=False)
    _was_given: bool = field(default=False, init=False)

    def begins(self, stage: str) -> bool:
        """Note that a stage begins; true for a fit for which the user has loaded no state."""
        self._stage = stage
        if stage != "fit":
            return False
        is_new, self._was_given = not self._was_given, False
        return is_new

    def ends(self) -> None:
        """Note that the trainer is done with the callback."""
        self._stage = None

    def may_load(self) -> bool:
        """Whether a state that is loaded now is for a fit: the present one or, if the user loads it, the next."""
        self._was_given = self._stage is None
        return self._stage is None or self._stage == "fit"
