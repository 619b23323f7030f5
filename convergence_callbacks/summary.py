"""What a replay comes to, in a row: the same for tables, JSON and CSV."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.core.verdict import BROKEN, Verdict
from convergence_callbacks.ending import NotJudged, not_judged
from convergence_callbacks.logs.assumption import Assumption
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import OtherStop, Replay
from convergence_callbacks.telling import words_of
from convergence_callbacks.telling.facts import BUDGET, TREES
from convergence_callbacks.telling.not_known import NotKnown
from convergence_callbacks.telling.reading import sentence

NOTHING_TO_JUDGE = (NotJudged.NO_LOSS, NotJudged.TOO_FEW)
"""What is missing if a run can't be judged at all."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One run: how it ended, and what the rule would have made of it.

    Epochs are numbered as the log numbers them.

    Args:
        run: Its name.
        path: Where it was read from.
        format: Of which format it is.
        unit: What is counted, mostly epochs.
        steps: How many of them were logged.
        verdict: What it looks like at its end.
        confidence: How sure that is.
        stopped_at: The epoch after which the rule would have stopped, None where it would not.
        stop_verdict: What it looked like there.
        reason: Why it would have been stopped, or else why it has the verdict.
        advice: What to do next, one action an item; where the run got better after the stop, as of its end.
        best: The best judged value.
        best_at: Its epoch.
        steps_saved: Epochs after the stop.
        hours_saved: Their time; None where no times were logged.
        kwh: Energy it took, in kWh; None where it was not logged.
        kwh_saved: That after the stop.
        lost: How much worse the best value up to the stop is.
        share_lost: That as a share of all that was gained.
        assumed: What was assumed in reading without a word for it in the log, and what in it is doubtful.
        not_known: What the rule did not know of the training, as its budget.
        broken_at: The epoch from which on the run was seen to be broken until its stop or end, None where it was not.
        steps_after_broken: Epochs that were trained on after that.
        hours_until_broken: Time until then; None where no times were logged.
        hours_after_broken: Time after that; None where no times were logged.
        baseline: The rule that the saving is compared with, empty where with none.
        baseline_stopped_at: Where that one would have stopped, None where it would not.
        baseline_steps_saved: Epochs that it would have saved.
        baseline_hours_saved: Their time; None where no times were logged.
        baseline_share_lost: What it would have lost, as a share of all that was gained.
        not_judged: What could not be judged, by what was missing.
        notes: What was mended or left out in reading.
    """

    run: str
    path: str
    format: str
    unit: str
    steps: int
    verdict: str
    confidence: float
    stopped_at: int | None
    stop_verdict: str | None
    reason: str
    advice: tuple[str, ...]
    best: float | None
    best_at: int | None
    steps_saved: int
    hours_saved: float | None
    kwh: float | None
    kwh_saved: float | None
    lost: float | None
    share_lost: float | None
    assumed: tuple[Assumption, ...]
    not_known: tuple[NotKnown, ...]
    broken_at: int | None
    steps_after_broken: int | None
    hours_until_broken: float | None
    hours_after_broken: float | None
    baseline: str
    baseline_stopped_at: int | None
    baseline_steps_saved: int | None
    baseline_hours_saved: float | None
    baseline_share_lost: float | None
    not_judged: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, replay: Replay, *, baseline: OtherStop | None = None) -> Summary:
        """The summary of a replay.

        Args:
            replay: What the rule made of the run.
            baseline: Where another rule would have ended it, with which the saving is compared.
        """
        run, stop, last = replay.run, replay.stop, replay.decisions[-1]
        decision = stop or last
        words = words_of(decision, left_out=() if decision is stop else (BUDGET,))  # a log that is over shows that
        got_better = last.best_step != decision.best_step
        return cls(
            run=run.name,
            path=str(run.path),
            format=run.format,
            unit=run.unit,
            steps=run.steps,
            verdict=replay.verdict.value,
            confidence=round(last.confidence, 6),
            stopped_at=None if stop is None else run.number(stop.step),
            stop_verdict=None if stop is None else stop.verdict.value,
            reason=words.reason,
            advice=words_of(last).advice if got_better else words.advice,
            best=replay.best,
            best_at=None if last.best_step is None else run.number(last.best_step),
            steps_saved=replay.steps_saved,
            hours_saved=_hours(replay.seconds_saved),
            kwh=run.energy,
            kwh_saved=replay.energy_saved,
            lost=replay.lost,
            share_lost=replay.share_lost,
            assumed=run.assumed,
            not_known=replay.not_known,
            **_broken(replay),
            **_compared(replay, baseline),
            not_judged=tuple(_not_judged(run)),
            notes=run.notes,
        )

    @property
    def is_judged(self) -> bool:
        """Whether the run could be judged."""
        return is_judged(self.verdict, self.not_judged)

    def to_dict(self) -> dict[str, Any]:
        """The summary in types that JSON takes."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: _plain(value) for name, value in values.items()}


def _not_judged(run: Run) -> Iterator[str]:
    """What could not be judged; of boosted trees nobody asks for another rate."""
    return (each.value for each in not_judged(run.observations) if each is not NotJudged.NO_RATE or run.unit != TREES)


def is_judged(verdict: str, not_judged: Sequence[str]) -> bool:
    """Whether a run could be judged, by its verdict and what was missing."""
    diverged = verdict == Verdict.DIVERGED  # known even of a loss that was never a number
    return diverged or not any(name in not_judged for name in NOTHING_TO_JUDGE)


def _compared(replay: Replay, other: OtherStop | None) -> dict[str, Any]:
    """What another rule made of the run."""
    if other is None:
        names = ("stopped_at", "steps_saved", "hours_saved", "share_lost")
        return {"baseline": "", **dict.fromkeys(f"baseline_{name}" for name in names)}
    run, step = replay.run, other.step
    unsaved = None if run.seconds is None else 0.0
    return {
        "baseline": other.rule,
        "baseline_stopped_at": None if step is None else run.number(step),
        "baseline_steps_saved": 0 if step is None else run.steps - step - 1,
        "baseline_hours_saved": _hours(unsaved if step is None else replay.seconds_after(step)),
        "baseline_share_lost": replay.share_lost_at(run.observations[-1].step if step is None else step),
    }


def _broken(replay: Replay) -> dict[str, Any]:
    """Since when the run was seen to be broken, and what that cost."""
    first = _first_broken(replay)
    if first is None:
        return dict.fromkeys(("broken_at", "steps_after_broken", "hours_until_broken", "hours_after_broken"))
    elapsed = next((each.elapsed for each in replay.run.observations if each.step == first.step), None)
    took = replay.run.seconds
    return {
        "broken_at": replay.run.number(first.step),
        "steps_after_broken": replay.run.steps - first.step - 1,
        "hours_until_broken": _hours(elapsed),
        "hours_after_broken": None if elapsed is None or took is None else _hours(took - elapsed),
    }


def _first_broken(replay: Replay) -> Decision | None:
    """The decision from which on all are of a broken run, until the stop or the end."""
    until = replay.decisions if replay.stop is None else replay.decisions[: replay.decisions.index(replay.stop) + 1]
    first = None
    for decision in reversed(until):
        if decision.verdict not in BROKEN:
            break
        first = decision
    return first


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, Assumption):
        return sentence(value)
    if isinstance(value, tuple):
        return list(map(_plain, value))
    return str(value) if isinstance(value, NotKnown) else value
