"""What all runs come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.pages.card import Card


@dataclass(frozen=True)
class Share:
    """How many runs ended with a verdict, and where its piece of the bar is, in percent."""

    verdict: Verdict
    runs: int
    start: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What all runs come to.

    Args:
        runs: How many there are.
        unit: What is counted in them, ``"step"`` where it differs.
        steps: How many of those were logged.
        stopped: Runs that the rule would have ended early.
        steps_saved: Epochs after the stops.
        hours: Time of the runs that logged it, None where none did.
        hours_saved: Their time after the stops.
        kwh: Energy of the runs that logged it, None where none did.
        kwh_saved: Their energy after the stops.
        timed: How many runs logged times.
        worst: The largest share of its gain that a run loses by its stop, None if unknown.
        mean: The same on average over the runs that gained something.
        shares: The verdicts at the end, gravest first.
        not_judged: Runs of which nothing could be judged; they are in none of the shares.
        baseline: The rule that the saving is compared with, empty where with none.
        baseline_steps_saved: Epochs that it would have saved.
        baseline_hours_saved: Their time, of the runs that logged it.
        broken: Runs that were seen to be broken.
        steps_until_broken: Epochs of those until they were.
        steps_after_broken: Epochs that were trained on after that.
        hours_until_broken: The time until then, of the runs that logged it.
        hours_after_broken: The time after it.
    """

    runs: int
    unit: str
    steps: int
    stopped: int
    steps_saved: int
    hours: float | None
    hours_saved: float
    kwh: float | None
    kwh_saved: float
    timed: int
    worst: float | None
    mean: float | None
    shares: tuple[Share, ...]
    not_judged: int
    baseline: str
    baseline_steps_saved: int
    baseline_hours_saved: float
    broken: int
    steps_until_broken: int
    steps_after_broken: int
    hours_until_broken: float
    hours_after_broken: float

    @property
    def share_saved(self) -> float:
        """Epochs saved, of all."""
        return self.steps_saved / max(self.steps, 1)

    @classmethod
    def of(cls, cards: Sequence[Card]) -> Totals:
        """The totals of these runs."""
        summaries = [card.summary for card in cards]
        units = {summary.unit for summary in summaries}
        hours = [card.hours for card in cards if card.hours is not None]
        energy = [summary.kwh for summary in summaries if summary.kwh is not None]
        broken = [summary for summary in summaries if summary.broken_at is not None]
        lost = [summary.share_lost for summary in summaries if summary.share_lost is not None]
        return cls(
            runs=len(cards),
            unit=units.pop() if len(units) == 1 else "step",
            steps=sum(summary.steps for summary in summaries),
            stopped=sum(summary.stopped_at is not None for summary in summaries),
            steps_saved=sum(summary.steps_saved for summary in summaries),
            hours=sum(hours) if hours else None,
            hours_saved=sum(summary.hours_saved or 0.0 for summary in summaries),
            kwh=sum(energy) if energy else None,
            kwh_saved=sum(summary.kwh_saved or 0.0 for summary in summaries),
            timed=len(hours),
            worst=max(lost, default=None),
            mean=sum(lost) / len(lost) if lost else None,
            shares=tuple(_shares([Verdict(summary.verdict) for summary in summaries if summary.is_judged], len(cards))),
            not_judged=sum(not summary.is_judged for summary in summaries),
            baseline=next((summary.baseline for summary in summaries if summary.baseline), ""),
            baseline_steps_saved=sum(summary.baseline_steps_saved or 0 for summary in summaries),
            baseline_hours_saved=sum(summary.baseline_hours_saved or 0.0 for summary in summaries),
            broken=len(broken),
            steps_until_broken=sum(summary.steps - (summary.steps_after_broken or 0) for summary in broken),
            steps_after_broken=sum(summary.steps_after_broken or 0 for summary in broken),
            hours_until_broken=sum(summary.hours_until_broken or 0.0 for summary in broken),
            hours_after_broken=sum(summary.hours_after_broken or 0.0 for summary in broken),
        )


def _shares(verdicts: Sequence[Verdict], of: int) -> list[Share]:
    shares, start = [], 0.0
    for verdict in sorted(set(verdicts), key=lambda each: -each.gravity):
        runs = verdicts.count(verdict)
        width = 100 * runs / of
        shares.append(Share(verdict, runs, round(start, 3), round(width, 3)))
        start += width
    return shares
