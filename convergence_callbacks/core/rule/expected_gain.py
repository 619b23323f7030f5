"""When a run has settled: the gain still to be expected is below the tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from convergence_callbacks.core.criterion import Criterion, Finding, LazyEvidence, State, with_numbers
from convergence_callbacks.core.curve.curve import FEWEST_BINS
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.since_best import gap_widening, rise_and_fall
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.models.further_gain import model
from convergence_callbacks.core.models.further_gain.model import FurtherGain
from convergence_callbacks.core.rule import guards
from convergence_callbacks.core.verdict import Verdict

MEMORY_SHARE = 0.1
"""Share of the run over which worth is averaged: a single low estimate among noisy ones is no reason to stop."""

LEAST_MEMORY_BINS = 5
"""Fewest bins over which it is averaged where the budget is not known, so that only the curve is."""

MOST_STRIDES = 3
"""Most strides (`Curve.stride`) between two looks at a run while no look could end it."""


@dataclass(frozen=True)
class ExpectedGain(Criterion):
    """The expected gain of more epochs is below a share of the total gain so far.

    The expectation is learnt from trainings that nothing cut short (see
    `convergence_callbacks.core.models.further_gain`). Whatever it is, a run goes on if it has not begun to learn, if
    its loss still falls clearly and would fall by more than that share, or if its learning rate just fell in one step
    or will soon, for the first time.

    Sources: Prechelt (1998) for trading time for loss; Gittins (1979) for the worth of going on; Domhan, Springenberg &
    Hutter (2015) for deciding by a forecast of the learning curve.
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    verdicts: ClassVar = (Verdict.CONVERGED, Verdict.OVERFITTING)
    stops_when: ClassVar = "the expected further gain is below {tolerance:percent} of the total gain"

    def start(self) -> State:
        return {"worth": None, "looked_at": 0}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return with_numbers(super().restore(saved), "worth")

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not can_expect(reading):
            return state, False
        state = reading.once(expecting, state)
        return state, self.has_settled(state, reading)

    def finding(self, state: State, reading: Reading) -> Finding:
        expected = model.further_gain(state["worth"])
        verdict = Verdict.OVERFITTING if guards.overfits(reading) else Verdict.CONVERGED
        return Finding(
            verdict=verdict,
            evidence=LazyEvidence(lambda: self._numbers(expected, verdict, reading)),
            confidence=guards.confidence_below(expected.mean, self.tolerance),
        )

    def has_settled(self, state: State, reading: Reading) -> bool:
        """Whether nothing more is expected, the run has had its time to begin, and nothing promises more."""
        if not can_expect(reading) or model.mean_gain(state["worth"]) >= self.tolerance:
            return False
        return (
            guards.had_time_to_begin(reading.ask(model.read).features, reading)
            and not guards.leads_further(reading, self.tolerance)
            and not reading.rate_steps_down
            and not reading.rate_warms_up
            and not guards.was_thrown_off_by_the_rate(reading)
            and not guards.recovers(reading)
        )

    def is_far_from_end(self, state: State, reading: Reading) -> bool:
        """Whether no look at the run could bring the running average below the tolerance yet."""
        since = reading.curve.bins_since(state["looked_at"])
        if state["worth"] is None or since >= MOST_STRIDES * reading.curve.stride:
            return False
        least = (1 - weight_of(since, reading.curve.bins, reading.max_epochs)) * state["worth"]
        return model.mean_gain(least) >= self.tolerance

    def _numbers(self, expected: FurtherGain, verdict: Verdict, reading: Reading) -> dict[str, float]:
        numbers = {
            "expected_gain": expected.mean,
            "expected_gain_most": expected.most,
            "tolerance": self.tolerance,
            "gap_widening": gap_widening(reading),
        }
        return {**numbers, **rise_and_fall(reading)} if verdict is Verdict.OVERFITTING else numbers


def can_expect(reading: Reading) -> bool:
    """Whether there are enough bins to expect a gain."""
    return reading.is_looked_at and reading.curve.bins >= FEWEST_BINS


def expecting(state: State, reading: Reading) -> State:
    """The state after an epoch, whatever the tolerance: the running average of worth."""
    curve = reading.curve
    latest, budget = curve.bins_since(state["looked_at"]), reading.max_epochs
    worth = averaged(state["worth"], worth_of(reading), latest, curve.bins, budget)
    return {"worth": worth, "looked_at": curve.count}


def averaged(before: float | None, worth: float, latest: float, bins: int, budget: int | None) -> float:
    """The running average of worth; ``before`` is that of the previous look, None at the first."""
    return worth if before is None else before + weight_of(latest, bins, budget) * (worth - before)


def weight_of(latest: float, bins: int, budget: int | None) -> float:
    """Weight of the latest worth in the running average.

    Args:
        latest: Bins that it stands for: those since the last look at the run.
        bins: How many there are.
        budget: Epochs the training may take, None where unknown.
    """
    memory = max(1.0, MEMORY_SHARE * bins, 0.0 if budget else LEAST_MEMORY_BINS)
    return 1 - float((1 - 1 / memory) ** latest)


def worth_of(reading: Reading) -> float:
    """What training on is worth: by the trees, less after a long rest, more where the loss was thrown off."""
    read = reading.ask(model.read)
    return guards.worth_of_waiting(guards.worth_after_rest(read.worth, read.features, reading), read.features)
