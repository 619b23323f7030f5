"""The summary of a training: printed once when it has ended, also where the framework does not report its end."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from convergence_callbacks.adapter.checkpoints import Checkpoints
from convergence_callbacks.adapter.journal import Journal
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.ending import Ending
from convergence_callbacks.telling.summary import Cause, summary_of

__all__ = ["Account", "Cause", "FinalSummary", "cause_of", "write"]


def write(text: str) -> None:
    """Print a text, above a progress bar of tqdm if there is one."""
    tqdm = sys.modules.get("tqdm")
    (print if tqdm is None else tqdm.tqdm.write)(text)


def cause_of(error: BaseException | None) -> Cause:
    """Why a training ended, by the exception that ended it; empty without one."""
    if error is None:
        return ""
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "error"


@dataclass
class Account:
    """The result of a run so far. It holds no reference to the callback, which it may outlive.

    Args:
        journal: What was seen and decided.
        settings: Those of the run, with its budget where it has one.

    Attributes:
        checkpoints: The files that its framework saved.
        resumed: The latest decision of a run that was saved, until there is another.
        is_at_best: Whether the last step was the best, and the training has not gone on since.
        restored: Whether the model was given the weights of its best step.
        judged: What was judged and which way it improves, for the end of the first line.
        predict: How to predict with the trees of the best round, with their number as ``{}``.
        several_optimisers: Whether there are several, so that no single learning rate can be judged.
        is_reported: Whether its end was reported: a loop that goes on is not summed up again.
    """

    journal: Journal
    settings: Settings
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    resumed: Decision | None = None
    is_at_best: bool = False
    restored: bool = False
    judged: str = ""
    predict: str = ""
    several_optimisers: bool = False
    is_reported: bool = False

    def summary(self, cause: Cause = "") -> str:
        """The end of the training in three lines at most."""
        seen, decided = self.journal.observations, self.journal.decisions
        stop = next((decision for decision in decided if decision.stop), None)
        decision = stop or (decided[-1] if decided else self.resumed)
        ending = Ending.of(seen, decision, self.settings, several_optimisers=self.several_optimisers)
        kept = self.checkpoints.of(decision, ending.as_good)
        lines = summary_of(
            decision,
            ending,
            cause="" if stop is not None else cause,
            restored=self.restored or (self.is_at_best and (stop is not None or not cause)),
            file=kept.file,
            file_step=kept.step,
            is_saved=kept.is_saved,
            predict=self.predict,
        )
        first, *others = lines.split("\n")
        return "\n".join([f"{first}{self.judged}", *others])


class FinalSummary:
    """Prints the summary of a run once, even if nobody reports its end: after an error, or in a loop of one's own.

    Then it is printed when the callback is deleted, when the program ends, or, in a notebook, when an error has ended
    the cell; and if a framework calls hooks through an object of each training, when that object is deleted.

    Args:
        owner: The callback.
    """

    def __init__(self, owner: object) -> None:
        self.account: Account | None = None
        self._process = os.getpid()
        self._calls = 0
        self._began_under: BaseException | None = None
        self._is_of_this_cell = False
        weakref.finalize(owner, self._let_go)
        _watch_cells(self)

    def follow(self, account: Account) -> None:
        """Sum this run up at its end; called once it has an epoch."""
        self.account, self._is_of_this_cell = account, True

    def end_with(self, call: type) -> None:
        """Sum the run up also when an error cuts off the call of the framework that has just begun.

        Args:
            call: The class of the object through which the framework calls hooks, and which lives as long as the call.
        """
        self._calls += 1
        self._began_under = sys.exc_info()[1]
        if (calling := caller_of(call)) is not None:
            weakref.finalize(calling, self._cut_off, self._calls)

    def forget(self) -> None:
        """Print nothing for a run that was replaced by one from a saved state."""
        self.account = None

    def say(self, cause: Cause = "", say: Callable[[str], object] = write) -> None:
        """Print the summary of the run, unless that was done.

        Args:
            cause: What ended it, if that was neither the rule nor the budget.
            say: Prints a text where the framework prints.
        """
        account, self.account = self.account, None
        if account is not None and not account.is_reported and os.getpid() == self._process:
            account.is_reported = True
            say(account.summary(cause))

    def end_before_another(self) -> None:
        """Sum up a run whose end nobody reported: with hooks an error cut it off, since they report any other end."""
        self.say("cut_off" if self._calls else "")

    def end_cell(self, error: BaseException | None) -> None:
        """Sum the run up if an error ended the cell of a notebook in which it was trained."""
        if self._is_of_this_cell and error is not None:
            self.say(cause_of(error))
        self._is_of_this_cell = False

    def _let_go(self) -> None:
        self.say(_cause_of_end())

    def _cut_off(self, call: int) -> None:
        if call != self._calls:  # another has begun
            return
        error, before = sys.exc_info()[1], self._began_under
        self._began_under = None
        self.say(cause_of(None if error is before else error) or _cause_of_end() or "cut_off")


def caller_of(kind: type) -> object | None:
    """The object of a class in whose method this is called, however far up; None where there is none."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if isinstance(calling := frame.f_locals.get("self"), kind):
            return calling
        frame = frame.f_back
    return None


def _cause_of_end() -> Cause:
    """What ends the program, if that is what happens; nothing in a session of Python that goes on."""
    is_script = not hasattr(sys, "ps1") and _shell() is None
    return cause_of(getattr(sys, "last_value", None)) if is_script else ""


_IN_CELLS: weakref.WeakSet[FinalSummary] = weakref.WeakSet()
"""Those that a notebook calls when a cell has ended."""


def _shell() -> Any:
    """The shell of a notebook; None in a program, though one of its libraries may have loaded IPython."""
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()


def _watch_cells(summary: FinalSummary) -> None:
    """Have a notebook report when a cell has ended; a program needs nothing."""
    if (shell := _shell()) is None:
        return
    if not _IN_CELLS:
        shell.events.register("post_run_cell", _end_cell)
    _IN_CELLS.add(summary)


def _end_cell(result: Any) -> None:
    for summary in list(_IN_CELLS):
        summary.end_cell(result.error_in_exec)
