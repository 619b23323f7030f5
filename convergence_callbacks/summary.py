"""What a replay comes to, in a row: the same for tables, JSON and CSV."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.logs.numbers import numbered
from convergence_callbacks.replay import Replay


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One run: how it ended, and what the rule would have made of it.

    Args:
        run: Its name.
        path: Where it was read from.
        format: Of which format it is.
        unit: What is counted, mostly epochs.
        steps: How many of them were logged.
        verdict: What it looks like at its end.
        confidence: How sure that is.
        stopped_at: The number in the log of the epoch after which the rule would have stopped, None where it
            would not.
        stop_verdict: What it looked like there.
        reason: Why it would have been stopped, or else why it has the verdict.
        steps_saved: Epochs after that.
        hours_saved: Their time; None where no times were logged.
        kwh: Energy it took, in kWh; None where it was not logged.
        kwh_saved: That after the stop.
        best: The best judged value.
        loss_given_up: How much worse the best value up to the stop is.
        share_given_up: The same as a share of all that was gained.
        assumed: What was assumed in reading, of the counter and of time.
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
    steps_saved: int
    hours_saved: float | None
    kwh: float | None
    kwh_saved: float | None
    best: float | None
    loss_given_up: float | None
    share_given_up: float | None
    assumed: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, replay: Replay) -> Summary:
        """The summary of a replay."""
        run, stop, last = replay.run, replay.stop, replay.decisions[-1]
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
            reason=numbered(stop or last, run).reason,
            steps_saved=replay.steps_saved,
            hours_saved=None if replay.seconds_saved is None else replay.seconds_saved / 3600,
            kwh=run.energy,
            kwh_saved=replay.energy_saved,
            best=replay.best,
            loss_given_up=replay.loss_given_up,
            share_given_up=replay.share_given_up,
            assumed=run.assumed,
            notes=run.notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """The summary in types that JSON takes."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain = {name: plain_number(value) if isinstance(value, float) else value for name, value in values.items()}
        return {**plain, "assumed": list(self.assumed), "notes": list(self.notes)}
