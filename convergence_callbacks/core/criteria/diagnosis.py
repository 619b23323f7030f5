"""What the training looks like, as fitted on recorded trainings of which that is known."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.false_convergence import FalseConvergence
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.criteria.overfitting import Overfitting
from convergence_callbacks.core.criteria.unstable_loss import UnstableLoss
from convergence_callbacks.core.models.diagnosis import model
from convergence_callbacks.core.models.diagnosis.features import FEWEST, symptoms
from convergence_callbacks.core.models.diagnosis.model import VERDICTS
from convergence_callbacks.core.signals import Series, Signals, once_an_epoch
from convergence_callbacks.core.verdict import Verdict

WEIGHT = 0.5
"""Of the latest epoch in the smoothed probabilities: one epoch alone changes little."""

MARGIN = 0.1
"""By so much a verdict must be more probable than the last one to take its place, so that it does not flicker."""

BROKEN = (Verdict.UNSTABLE, Verdict.NOT_LEARNING)
"""Verdicts that call a training broken: they are given only where that is likelier than not."""

LIKELY = 0.5
"""Probability from which on it is."""

NEARLY_OVER = 0.9
"""Share of the budget from which on a run is told how it ends."""

_BROKEN = {VERDICTS.index(verdict) for verdict in BROKEN}

_FALSE_CONVERGENCE = FalseConvergence()

_IN_WORDS: Mapping[Verdict, Callable[[Signals], Finding]] = {
    Verdict.FALSE_CONVERGENCE: _FALSE_CONVERGENCE.finding,
    Verdict.OVERFITTING: Overfitting().finding,
    Verdict.UNSTABLE: UnstableLoss().finding,
    Verdict.NOT_LEARNING: NotLearning().finding,
}

LEARNT = 0.1
"""Share of its start by which a loss must fall to have learnt something, …"""

STILL_LEFT = 0.2
"""… of which this share must be left after two steps, …"""

OF_NOISE = 10.0
"""… and how many times its noise."""

ALL = 0.995
"""Share of the total gain from which on it is all of it, in two digits."""


@dataclass(frozen=True)
class Diagnosis(Criterion):
    """The most probable verdict, by the symptoms of both loss curves.

    Boosted trees were fitted on recorded trainings of which it is known what was wrong with them, since the same was
    trained at other learning rates too. Their probabilities are smoothed over epochs, and a verdict stays until
    another one is clearly more probable. That a run is broken must be likelier than not. The confidence is the smoothed
    probability.

    >>> Diagnosis().describe()
    'the learning curve looks like one that ends in this verdict'

    Sources: Friedman (2001) for boosted trees; Prechelt (1998) for judging both losses together.
    """

    def start(self) -> State:
        return {"probabilities": [], "verdict": Verdict.IMPROVING.value}

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not is_diagnosed(signals):
            return state, None
        state = diagnosed(state, signals)
        return state, finding(state, signals)

    def describe(self) -> str:
        return "the learning curve looks like one that ends in this verdict"

    def restore(self, saved: Mapping[str, Any]) -> State:
        state = super().restore(saved)
        known = [float(probability) for probability in state["probabilities"]]
        if len(known) not in {0, len(VERDICTS)} or not all(map(math.isfinite, known)):
            raise ValueError(f"{known!r} are no probabilities of {len(VERDICTS)} verdicts")
        return {"probabilities": known, "verdict": Verdict(state["verdict"]).value}


def is_diagnosed(signals: Signals) -> bool:
    """Whether an epoch is one of which it can be said what the training looks like."""
    return signals.judged and signals.curve.count >= FEWEST


def diagnosed(state: State, signals: Signals) -> State:
    """The state once an epoch was looked at."""
    if signals.curve.bin_is_full or not state["probabilities"]:
        return _after(state, probabilities(signals))
    return state


@once_an_epoch
def scores_of(signals: Signals) -> Series:
    """What the trees say of each verdict at an epoch, in the order of `VERDICTS`."""
    return model.fitted().predict(symptoms(signals))


@once_an_epoch
def probabilities(signals: Signals) -> list[float]:
    """How probable each verdict is at an epoch, in the order of `VERDICTS`."""
    scores = scores_of(signals).tolist()
    if not signals.has_validation:  # without validation nothing can be seen to overfit
        scores[VERDICTS.index(Verdict.OVERFITTING)] = -math.inf
    top = max(scores)
    shares = _shares([math.exp(score - top) for score in scores])
    # A fall that is plain is no false convergence, unless the budget ends before it does.
    if not _FALSE_CONVERGENCE.looks_flat(signals) and signals.spent < NEARLY_OVER:
        shares = _given(shares, Verdict.FALSE_CONVERGENCE)
    if _has_learnt(signals):
        shares = _given(shares, Verdict.NOT_LEARNING, Verdict.CONVERGED)
    if signals.rate_warms_up:  # what the rate is good for is yet to be seen
        shares = _given(_given(shares, Verdict.NOT_LEARNING), Verdict.FALSE_CONVERGENCE)
    return shares


def _shares(parts: Sequence[float]) -> list[float]:
    """Parts of their sum."""
    whole = max(sum(parts), 1e-9)
    return [part / whole for part in parts]


def _given(shares: Sequence[float], ruled_out: Verdict, other: Verdict = Verdict.IMPROVING) -> list[float]:
    """The same, where what one verdict had belongs to another one."""
    after, source = list(shares), VERDICTS.index(ruled_out)
    after[VERDICTS.index(other)] += shares[source]
    after[source] = 0.0
    return after


def _has_learnt(signals: Signals) -> bool:
    """Whether both losses fell by a clear share of their start: a floor under a loss makes that look like little."""
    train = signals.known_train_losses
    clear = signals.losses[0] - signals.curve.best >= OF_NOISE * signals.noise
    return clear and signals.gained >= LEARNT and _falls(signals.losses) and _falls(train)


def _falls(losses: Series) -> bool:
    """Whether a loss fell by a clear share of its start, and not in its first two steps alone, as from a poor start."""
    if len(losses) < FEWEST:
        return False
    first, third, lowest = float(losses[0]), float(losses[2]), float(losses.min())
    return first - lowest >= LEARNT * abs(first) and third - lowest >= STILL_LEFT * (first - lowest)


def once_settled(state: State) -> State:
    """The state of a run of which nothing more is expected: it does not improve, so it is one of the others."""
    known = list(state["probabilities"] or [1.0 * (verdict is Verdict.CONVERGED) for verdict in VERDICTS])
    known[VERDICTS.index(Verdict.IMPROVING)] = 0.0
    known = _shares(known)
    current = VERDICTS.index(Verdict(state["verdict"]))
    if current == VERDICTS.index(Verdict.IMPROVING):
        current = _most_probable(known)
    return {"probabilities": known, "verdict": VERDICTS[current].value}


def finding(state: State, signals: Signals) -> Finding:
    """What is said of a run with the current verdict, in the words of the criterion that looks for it."""
    verdict = Verdict(state["verdict"])
    said = _IN_WORDS.get(verdict, functools.partial(_progress, verdict))(signals)
    return dataclasses.replace(said, confidence=confidence(state))


def confidence(state: State) -> float:
    """The smoothed probability of the current verdict; 0 before the first diagnosis."""
    known = state["probabilities"]
    return float(known[VERDICTS.index(Verdict(state["verdict"]))]) if known else 0.0


def _progress(verdict: Verdict, signals: Signals) -> Finding:
    """How far a run that improves, or has converged, still came lately."""
    window = max(FEWEST, signals.curve.count // 4)
    before, gain = signals.best_before(window), signals.total_gain
    before = signals.curve.first if before is None else before
    share = (before - signals.curve.best) / gain if gain > 0 else 0.0
    window = min(window, signals.curve.count - 1)
    came = "all" if share > ALL else f"{100 * share:.2g} %"
    return Finding(
        reason=f"{came} of the total gain came in the latest {window} epochs",
        verdict=verdict,
        evidence={"recent_gain": share},
        advice=_next(verdict, signals),
    )


def _next(verdict: Verdict, signals: Signals) -> tuple[str, ...]:
    if verdict is Verdict.CONVERGED:
        return (f"use the weights of epoch {signals.curve.best_step}",)
    ends = signals.max_epochs is not None and signals.observation.step + 1 >= signals.max_epochs
    return (f"train on, for more than {signals.max_epochs} epochs" if ends else "train on",)


def _after(state: State, latest: Sequence[float]) -> State:
    """The state once another epoch was looked at."""
    before = state["probabilities"] or latest
    smoothed = [old + WEIGHT * (new - old) for old, new in zip(before, latest, strict=True)]
    current, top = VERDICTS.index(Verdict(state["verdict"])), _most_probable(smoothed)
    verdict = VERDICTS[top] if smoothed[top] > smoothed[current] + MARGIN else VERDICTS[current]
    return {"probabilities": smoothed, "verdict": verdict.value}


def _most_probable(known: Sequence[float]) -> int:
    """Place of the most probable verdict; that something is broken must be likelier than not."""
    allowed = [place for place, share in enumerate(known) if share >= LIKELY or place not in _BROKEN]
    return max(allowed, key=known.__getitem__)
