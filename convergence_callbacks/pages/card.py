"""Everything that a page shows about a run."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.numbers import numbered
from convergence_callbacks.logs.run import Run
from convergence_callbacks.pages.curve import chart_of, spark_of
from convergence_callbacks.replay import OtherStop, Replay, replay, stop_by
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling.forecast import outlook

MOST_TURNS = 24
"""Decisions that are listed of a run at most; a record has them all."""


@dataclass(frozen=True)
class Turn:
    """A decision that differs from the one before.

    Args:
        decision: The decision, in the numbers of the log.
        is_stop: Whether the rule ends the training here.
    """

    decision: Decision
    is_stop: bool

    @property
    def number(self) -> int:
        """The epoch, as the log counts it."""
        return self.decision.step


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything that a page shows about a run.

    Args:
        key: Its name in addresses, a digest of its path and name.
        summary: How it ended, and what the rule would have made of it.
        hours: How long it took; None where no times were logged.
        chart: What is drawn of it.
        spark: The same, small.
        turns: The decisions that differ from the one before.
        turns_left_out: How many more there are.
        advice: What to do next, as reported at the stop, or at the end where the run got better after it.
        columns: Which columns were read, and why, a line each.
        metadata: What else its log holds.
        settings: Of the rule, as texts, those that are not the default.
        is_over: Whether the training has ended, as far as its log shows.
        expected: Where it was going, as seen from the stop or from its latest epoch, in words; empty where nobody
            looked ahead, or nothing was left.
    """

    key: str
    summary: Summary
    hours: float | None
    chart: Mapping[str, Any]
    spark: str
    turns: tuple[Turn, ...]
    turns_left_out: int
    advice: tuple[str, ...]
    columns: tuple[str, ...]
    metadata: Mapping[str, str]
    settings: Mapping[str, str]
    is_over: bool = True
    expected: str = ""

    @classmethod
    def of(cls, replay: Replay, *, is_over: bool = True, baseline: OtherStop | None = None) -> Card:
        """The card of a replay.

        Args:
            replay: What the rule made of the run.
            is_over: Whether the training has ended.
            baseline: Where another rule would have ended it, with which the saving is compared.
        """
        run, chart, turns = replay.run, chart_of(replay), _turns(replay)
        summary = Summary.of(replay, baseline=baseline)
        return cls(
            key=key_of(f"{run.path}\n{run.name}"),
            summary=summary,
            hours=None if run.seconds is None else run.seconds / 3600,
            chart=chart,
            spark=spark_of(chart),
            turns=tuple(turns[:MOST_TURNS]),
            turns_left_out=max(0, len(turns) - MOST_TURNS),
            advice=summary.advice,
            columns=tuple(run.columns.explained()),
            metadata={str(name): str(value) for name, value in run.metadata.items()},
            settings=changed(replay.settings),
            is_over=is_over,
            expected=_expected(replay),
        )


@dataclass(frozen=True)
class Baseline:
    """A rule that the saving is compared with.

    Args:
        name: Its name, such as ``patience:10``.
        settings: Of a monitor that stops by it.
    """

    name: str
    settings: Settings


def card_of(
    run: Run,
    settings: Settings,
    *,
    is_over: bool = True,
    schedule_known: bool = False,
    baseline: Baseline | None = None,
) -> Card:
    """The card of a run, replayed by the rule; see `replay`."""
    replayed = replay(run, settings, is_over=is_over, with_forecast=True, schedule_known=schedule_known)
    other = None
    if baseline is not None:
        other = stop_by(baseline.name, run, baseline.settings, is_over=is_over, schedule_known=schedule_known)
    return Card.of(replayed, is_over=is_over, baseline=other)


def _expected(replay: Replay) -> str:
    if replay.forecast is None or not replay.forecast.path:
        return ""
    seen = [each for each in replay.run.observations if each.step <= replay.forecast.step]
    return outlook(replay.forecast, replay.run.counter, seen)


def key_of(name: str) -> str:
    """What names a run in addresses.

    >>> key_of("../../etc/passwd")
    'r3754d6cb3a38'
    """
    return "r" + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def changed(settings: Settings) -> dict[str, str]:
    """The settings that are not the default, as texts.

    >>> changed(Settings(tolerance=0.02, stop_on=["diverged"]))
    {'tolerance': '0.02', 'stop_on': 'diverged'}
    """
    default = Settings()
    values = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    return {name: _in_words(value) for name, value in values.items() if value != getattr(default, name)}


def _in_words(value: Any) -> str:
    if callable(value):
        return "as it was known in the training"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _turns(replay: Replay) -> list[Turn]:
    """The first decision of each verdict's turn, the stop and the last; the gravest news are never left out."""
    stop, last = replay.stop, replay.decisions[-1]
    firsts = [next(group) for _, group in itertools.groupby(replay.decisions, key=lambda decision: decision.verdict)]
    chosen = {decision.step: decision for decision in (*firsts, *((stop,) if stop else ()), last)}
    listed = {step: numbered(decision, replay.run) for step, decision in sorted(chosen.items())}
    turns = [Turn(decision, chosen[step] is stop) for step, decision in listed.items()]
    if len(turns) <= MOST_TURNS:
        return turns
    wanted = [turn for turn in turns if turn.is_stop or turn.decision is listed[last.step]]
    kept = [*[turn for turn in turns if turn not in wanted][: MOST_TURNS - len(wanted)], *wanted]
    rest = [turn for turn in turns if turn not in kept]
    return [*sorted(kept, key=lambda turn: turn.number), *rest]
