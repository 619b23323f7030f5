"""For which runs a callback of Lightning's goes on from a saved state."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FitLifecycle:
    """Decides whether a fit starts from nothing, or continues from a state that was loaded for that very fit.

    Lightning hands callbacks their state also where a checkpoint is only validated, tested or predicted from.
    """

    _stage: str | None = field(default=None, init=False)
    _was_given: bool = field(default=False, init=False)

    def begins(self, stage: str) -> bool:
        """Note that a stage begins; whether it is a fit for which no state was loaded by hand before."""
        self._stage = stage
        if stage != "fit":
            return False
        is_new, self._was_given = not self._was_given, False
        return is_new

    def ends(self) -> None:
        """Note that the trainer is done with the callback."""
        self._stage = None

    def may_load(self) -> bool:
        """Whether a state that is handed over now is for a fit: the one that runs, or, by hand, the next."""
        self._was_given = self._stage is None
        return self._stage is None or self._stage == "fit"
