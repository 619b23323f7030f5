"""A decision in words: why, what to do next, and all of it in one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Protocol

from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.spec import known_criteria
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.telling import (
    actions,
    converged,
    diverged,
    false_convergence,
    improving,
    not_learning,
    numbers,
    overfitting,
    probe,
    scores,
    templates,
    unstable,
)
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning
from convergence_callbacks.telling.text import words

SETTLED = "expected_gain"
"""Name of the criterion that finds that nothing more is expected."""

ACTIONS = 3
"""Most pieces of advice that are given."""


class _VerdictWords(Protocol):
    """The file of a verdict: how it is reported."""

    @property
    def MEANING(self) -> Meaning:  # noqa: N802
        """What the verdict means for any training."""

    def reason(self, facts: Facts) -> str:
        """Why."""

    def advice(self, facts: Facts) -> tuple[str, ...]:
        """What to do next."""


OF_VERDICT: Mapping[Verdict, _VerdictWords] = {
    Verdict.IMPROVING: improving,
    Verdict.CONVERGED: converged,
    Verdict.FALSE_CONVERGENCE: false_convergence,
    Verdict.OVERFITTING: overfitting,
    Verdict.UNSTABLE: unstable,
    Verdict.NOT_LEARNING: not_learning,
    Verdict.DIVERGED: diverged,
}
"""Where each verdict's words are."""


@dataclass(frozen=True)
class Words:
    """A decision in words.

    Args:
        reason: Why, in a sentence without its full stop.
        advice: What to do next, one action an item.
        line: All of it in one line.
    """

    reason: str
    advice: tuple[str, ...]
    line: str


def words_of(
    decision: Decision, *, restored: bool = False, names_best: bool = True, left_out: Container[str] = ()
) -> Words:
    """A decision in words.

    Args:
        decision: What was decided, with the counter of its training.
        restored: Whether the model has the weights of its best step already.
        names_best: Whether the advice names the weights of the best step.
        left_out: Criteria whose words are left out, since the caller writes them itself.
    """
    facts = Facts(decision, restored, names_best)
    reason = _why(facts, left_out)
    return Words(reason, _advice(facts), _line(facts, reason))


def _why(facts: Facts, left_out: Container[str]) -> str:
    """Why the criteria found it, then why it has this verdict if they do not say so, then what is done about it."""
    names = [name for name in facts.decision.found_by if name not in left_out]
    found = [reason for name in names if (reason := _because(name, facts))]
    own = "" if _says_the_verdict(facts) else OF_VERDICT[facts.decision.verdict].reason(facts)
    faults = [fault.reason for fault in facts.decision.faults]
    beside = scores.reasons(facts) if facts.decision.verdict is Verdict.OVERFITTING else ()
    parts = [", and ".join(found), own, *beside, *faults, actions.action(facts)]
    return "; ".join(dict.fromkeys(filter(None, parts)))


def _because(name: str, facts: Facts) -> str:
    """The words of one criterion; empty if the words of its verdict cover it."""
    if name == SETTLED:
        return converged.settled(facts)
    if name == probe.NAME:
        return probe.reason(facts)
    kind, metric = _named(name)
    if kind is None:
        return facts.decision.quoted.rstrip(".") or f"found by {words(name)}"
    evidence = facts.evidence_of(name)
    has_words = bool(kind.because) and templates.is_complete(kind.because, evidence)
    reason = templates.rendered(kind.because, evidence, facts.counter) if has_words else ""
    return ": ".join(filter(None, (metric, reason or (metric and words(kind.name)))))


def _named(name: str) -> tuple[type[Criterion] | None, str]:
    """The criterion of a name in `found_by`, and the metric that it read; empty for the judged one."""
    kind, _, metric = name.partition(" of ")
    return known_criteria().get(kind), metric


def _says_the_verdict(facts: Facts) -> bool:
    """Whether the words of the criteria explain the verdict too, so that the verdict needs none of its own."""
    if not facts.decision.found_by:
        return True
    if facts.decision.quoted:
        return False
    verdict = facts.decision.verdict
    if SETTLED in facts.decision.found_by:
        return verdict is Verdict.CONVERGED or (verdict is Verdict.OVERFITTING and not _is_sudden(facts))
    return any(_covers(name, verdict) for name in facts.decision.found_by)


def _is_sudden(facts: Facts) -> bool:
    return facts.number("validation_rise") is not None


def _covers(name: str, verdict: Verdict) -> bool:
    """Whether a criterion has words of its own for a verdict: limits and the default rule have none."""
    kind, _ = _named(name)
    if kind is None:
        return True
    return bool(kind.because) and verdict in kind.verdicts


def _advice(facts: Facts) -> tuple[str, ...]:
    """What to do next; nothing while a rate is on trial, since that is being done."""
    decision = facts.decision
    if decision.action and not decision.stop:
        return ()
    found = probe if probe.NAME in decision.found_by else OF_VERDICT[decision.verdict]
    advice = found.advice(facts) if decision.found_by else ()
    # What to do about broken data goes first: no learning rate cures it.
    return tuple([*(fault.advice for fault in decision.faults), *advice][:ACTIONS])


def _line(facts: Facts, reason: str) -> str:
    decision = facts.decision
    act = "stop" if decision.stop else "go on"
    parts = [f"{act} at {numbers.numbered(decision.step, facts.counter)}: {decision.verdict}", reason]
    if decision.best_value is not None and facts.best is not None:
        parts.append(f"best {numbers.value(decision.best_value)} at {facts.best}")
    names_best = facts.names_best and decision.stop  # before the stop there may be a better one to come
    if advice := _advice(dataclasses.replace(facts, names_best=names_best)):
        parts.append(f"next: {'; '.join(advice)}")
    return " | ".join(filter(None, parts))
