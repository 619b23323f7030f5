"""Which verdict fits the curves best, as learnt from recorded trainings with known labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from convergence_callbacks.core.criterion import Criterion, Evidence, Finding, LazyEvidence, State
from convergence_callbacks.core.curve.beginning import beginning_numbers
from convergence_callbacks.core.curve.jumps import jump_numbers
from convergence_callbacks.core.curve.pace import pace_numbers
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.since_best import overfitting_numbers
from convergence_callbacks.core.models.diagnosis import model
from convergence_callbacks.core.models.diagnosis.model import VERDICTS
from convergence_callbacks.core.rule import guards
from convergence_callbacks.core.verdict import BROKEN, Verdict

RECENT_SHARE = 0.25
"""Share of the epochs so far that counts as recent in the evidence."""

_PLACE: dict[Verdict, int] = {verdict: place for place, verdict in enumerate(VERDICTS)}
_BROKEN = [_PLACE[verdict] for verdict in BROKEN if verdict in _PLACE]
"""Places of the verdicts that are given only if they are likelier than not."""


@dataclass(frozen=True)
class Diagnosis(Criterion):
    """The most probable verdict by the curves of both losses.

    Boosted trees were fitted to recorded trainings whose fault is known, since each was repeated at other learning
    rates. Their probabilities are smoothed over epochs, and a verdict stays until another is clearly more probable. A
    verdict that calls a run broken must be likelier than not. The confidence is the smoothed probability.

    Sources: Friedman (2001) for boosted trees; Prechelt (1998) for judging both losses together.
    """

    verdicts: ClassVar = VERDICTS
    stops_when: ClassVar = "the learning curve looks like one that ends in this verdict"

    def start(self) -> State:
        return {"probabilities": [], "verdict": Verdict.IMPROVING.value, "looked_at": 0}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not can_diagnose(reading):
            return state, False
        return reading.once(diagnosed, state), True

    def finding(self, state: State, reading: Reading) -> Finding:
        verdict = Verdict(state["verdict"])
        return Finding(
            verdict=verdict,
            evidence=LazyEvidence(lambda: numbers_of(verdict, reading)),
            confidence=confidence(state),
        )

    def restore(self, saved: Mapping[str, Any]) -> State:
        state = super().restore(saved)
        probabilities = [float(probability) for probability in state["probabilities"]]
        if len(probabilities) not in {0, len(VERDICTS)} or not all(map(math.isfinite, probabilities)):
            raise ValueError(f"{probabilities!r} are no probabilities of {len(VERDICTS)} verdicts")
        return {**state, "probabilities": probabilities, "verdict": Verdict(state["verdict"]).value}


def can_diagnose(reading: Reading) -> bool:
    """Whether there are enough epochs for a diagnosis."""
    return reading.judged and reading.curve.count >= guards.FEWEST_EPOCHS


def diagnosed(state: State, reading: Reading) -> State:
    """The state after an epoch: smoothed probabilities, and the verdict that they support."""
    curve = reading.curve
    if not (reading.is_looked_at or not state["probabilities"]):
        return state
    slow_from = guards.SURE if curve.count < guards.EARLY_EPOCHS else guards.LIKELY
    after = smoothed(state, probabilities_of(reading), curve.bins_since(state["looked_at"]), slow_from)
    return {**after, "looked_at": curve.count}


def smoothed(state: State, latest: Sequence[float], bins: float = 1, slow_from: float = guards.LIKELY) -> State:
    """The state after the probabilities of another epoch.

    Args:
        state: Before it.
        latest: The probabilities.
        bins: Bins since the last.
        slow_from: Probability from which on a run is called falsely converged.
    """
    before, weight = state["probabilities"] or latest, 1 - (1 - guards.LATEST_WEIGHT) ** bins
    shares = [old + weight * (new - old) for old, new in zip(before, latest, strict=True)]
    current, top = _PLACE[Verdict(state["verdict"])], _most_probable(shares, slow_from)
    verdict = VERDICTS[top] if shares[top] > shares[current] + guards.MARGIN else VERDICTS[current]
    return {"probabilities": shares, "verdict": verdict.value}


def probabilities_of(reading: Reading) -> list[float]:
    """How probable each verdict is at an epoch, in the order of `VERDICTS`."""
    scores = list(reading.ask(model.scores))
    if not reading.has_validation:  # without validation loss, overfitting does not show
        scores[_PLACE[Verdict.OVERFITTING]] = -math.inf
    top = max(scores)
    shares = _shares([math.exp(score - top) for score in scores])
    if reading.curve.worst == reading.curve.best:  # a loss that never moved neither falls slowly nor jumps
        _give(shares, Verdict.FALSE_CONVERGENCE, Verdict.NOT_LEARNING)
        _give(shares, Verdict.UNSTABLE, Verdict.NOT_LEARNING)
    if guards.has_learnt(reading):
        _give(shares, Verdict.NOT_LEARNING, Verdict.CONVERGED)
    if reading.rate_warms_up or reading.rate_steps_down:  # the new rate may yet help
        _give(shares, Verdict.NOT_LEARNING, Verdict.IMPROVING)
        _give(shares, Verdict.FALSE_CONVERGENCE, Verdict.IMPROVING)
    return shares


def once_settled(state: State, *, had_hard_start: bool = False) -> State:
    """The state of a run of which nothing more is expected: its verdict can't be *improving*.

    Args:
        state: Of the diagnosis.
        had_hard_start: Whether the epochs of a hard start are over; before that, a slow run may yet begin.
    """
    shares = list(state["probabilities"] or [1.0 * (verdict is Verdict.CONVERGED) for verdict in VERDICTS])
    shares[_PLACE[Verdict.IMPROVING]] = 0.0
    shares = _shares(shares)
    verdict = Verdict(state["verdict"])
    doubted = {Verdict.IMPROVING, *([Verdict.FALSE_CONVERGENCE] if had_hard_start else [])}
    if verdict in doubted and shares[_PLACE[verdict]] < guards.LIKELY:
        verdict = VERDICTS[_most_probable(shares)]
    return {"probabilities": shares, "verdict": verdict.value}


def confidence(state: State) -> float:
    """The smoothed probability of the current verdict; 0 before the first diagnosis."""
    probabilities = state["probabilities"]
    return float(probabilities[_PLACE[Verdict(state["verdict"])]]) if probabilities else 0.0


def numbers_of(verdict: Verdict, reading: Reading) -> Evidence:
    """The evidence of a verdict."""
    return _NUMBERS.get(verdict, _recent_numbers)(reading)


def _recent_numbers(reading: Reading) -> Evidence:
    """What a run that improves or has converged gained lately."""
    window = max(guards.FEWEST_EPOCHS, int(RECENT_SHARE * reading.curve.count))
    before, gain = reading.best_before(window), reading.total_gain
    before = reading.curve.first if before is None else before
    return {
        "recent_gain": (before - reading.curve.best) / gain if gain > 0 else 0.0,
        "recent_epochs": min(window, reading.curve.count - 1),
    }


_NUMBERS: Mapping[Verdict, Callable[[Reading], Evidence]] = {
    Verdict.FALSE_CONVERGENCE: pace_numbers,
    Verdict.OVERFITTING: overfitting_numbers,
    Verdict.UNSTABLE: jump_numbers,
    Verdict.NOT_LEARNING: beginning_numbers,
}


def _shares(parts: Sequence[float]) -> list[float]:
    """Each part as a share of their sum."""
    whole = max(sum(parts), 1e-9)
    return [part / whole for part in parts]


def _give(shares: list[float], ruled_out: Verdict, other: Verdict) -> None:
    """Give another verdict the probability of one that is ruled out."""
    shares[_PLACE[other]] += shares[_PLACE[ruled_out]]
    shares[_PLACE[ruled_out]] = 0.0


def _most_probable(shares: Sequence[float], slow_from: float = guards.LIKELY) -> int:
    """Place of the most probable verdict; one that calls the run broken must be likelier than not."""
    least = dict.fromkeys(_BROKEN, guards.LIKELY) | {_PLACE[Verdict.FALSE_CONVERGENCE]: slow_from}
    allowed = [place for place, share in enumerate(shares) if share >= least.get(place, 0.0)]
    return max(allowed, key=shares.__getitem__)
