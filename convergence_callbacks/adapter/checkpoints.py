"""Which of the files that a framework saved has the weights of which step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from convergence_callbacks.core.decision import Decision


@dataclass(frozen=True)
class Kept:
    """The checkpoint to keep.

    Args:
        file: Its path; None where there is none that is as good as the best.
        step: The step whose weights it has, where that is another than the best.
        is_saved: Whether the best step was saved, None where nobody knows.
    """

    file: str | None = None
    step: int | None = None
    is_saved: bool | None = None


class Checkpoints:
    """The checkpoints of a run, noted as they appear."""

    def __init__(self) -> None:
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._steps: dict[Path, int] = {}
        self._is_known, self._first = False, 0

    def note(self, step: int | None, paths: Iterable[str | Path]) -> None:
        """Note which files are new, or were written again, since the last call.

        Args:
            step: The last step that was judged, whose weights new files hold. None before the first: files that
                are there then belong to other trainings.
            paths: All checkpoints that there may be.
        """
        if step is not None and not self._is_known:
            self._is_known, self._first = True, step
        for path in map(Path, paths):
            stamp = _stamp(path)
            if stamp is None or self._stamps.get(path) == stamp:
                continue
            self._stamps[path] = stamp
            if step is not None:
                self._steps[path] = step

    def of(self, decision: Decision | None, as_good: tuple[int, int] | None) -> Kept:
        """The checkpoint to keep of those that still exist: the best, or one as good within the noise.

        Args:
            decision: The last one.
            as_good: First and last step that are as good as the best.
        """
        best = None if decision is None else decision.best_step
        if not self._is_known or best is None or best < self._first:  # checkpoints of before were not seen
            return Kept()
        first, last = as_good or (best, best)
        steps = {step: path for path, step in self._steps.items() if first <= step <= last and _stamp(path) is not None}
        if best in steps:
            return Kept(str(steps[best]), None, True)
        if not steps:
            return Kept(None, None, False)
        nearest = min(steps, key=lambda step: abs(step - best))
        return Kept(str(steps[nearest]), nearest, False)

    def is_best(self, path: str | Path, decision: Decision | None) -> bool:
        """Whether a checkpoint has the weights of the best step."""
        return decision is not None and self._steps.get(Path(path), -1) == decision.best_step


def _stamp(path: Path) -> tuple[int, int] | None:
    """When a file was written and how large it is; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
