"""For which runs a callback takes up a saved state."""

from __future__ import annotations

from typing import Any


class Fits:
    """The part of a callback that begins each fit afresh, unless a state is loaded for that very fit.

    Lightning hands callbacks their state also where a checkpoint is only validated, tested or predicted from.
    """

    _stage: str | None = None
    _was_given = False

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """The trainer is done with the callback."""
        self._stage = None

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """The trainer is done with the callback, and will not say so."""
        super().on_exception(trainer, pl_module, exception)  # type: ignore[misc]
        self._stage = None

    def _begins_afresh(self, stage: str) -> bool:
        """Whether what begins is a fit, and no state was loaded for it by hand before."""
        self._stage = stage
        if stage != "fit":
            return False
        afresh, self._was_given = not self._was_given, False
        return afresh

    def _is_to_load(self) -> bool:
        """Whether a state that is handed over now is for a fit: the one that runs, or, by hand, the next."""
        self._was_given = self._stage is None
        return self._stage is None or self._stage == "fit"
