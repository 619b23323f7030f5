"""The end of a training in three lines at most: what it looks like and why, the best epoch, what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.verdict import BROKEN, Verdict
from convergence_callbacks.ending import Ending, NotJudged
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.decision import words_of
from convergence_callbacks.telling.facts import BUDGET, Facts
from convergence_callbacks.telling.text import capitalised, words

Cause = Literal["", "interrupted", "error", "cut_off", "time", "resumed", "would_stop", "goes_on"]
"""What ended a training, where it was neither the rule nor the budget; or that it is only watched."""

ENDED: Mapping[str, str] = {
    "interrupted": "interrupted after",
    "error": "ended by an error after",
    "cut_off": "cut off after",
    "time": "out of time after",
    "resumed": "had stopped already at",
    "would_stop": "would stop at",
    "goes_on": "goes on at",
}

LIKELY = 0.5
"""A confidence below which a verdict is only the likeliest of several."""

LEAST_HOURS = 1 / 3600
"""Shorter times are not reported as saved, in hours."""

TELLS_NOTHING = (NotJudged.NO_LOSS, NotJudged.TOO_FEW)
"""What leaves nothing to report of a run, unless it was found to be broken."""

NOT_JUDGED: Mapping[NotJudged, str] = {
    NotJudged.NO_LOSS: "no loss was found that is a number",
    NotJudged.TOO_FEW: "too few {}s to judge",
    NotJudged.NO_VALIDATION: "no validation loss, so overfitting could not be seen",
    NotJudged.NO_RATE: "the learning rate is not known, so none can be named to try",
    NotJudged.SEVERAL_OPTIMISERS: "several optimisers, so no single learning rate can be judged",
}


def summary_of(
    decision: Decision | None,
    ending: Ending,
    *,
    cause: Cause = "",
    restored: bool = False,
    file: str | None = None,
    file_step: int | None = None,
    is_saved: bool | None = None,
    predict: str = "",
) -> str:
    """The end of a training in three lines at most.

    Args:
        decision: The last one, or the first that ends the training; None where nothing was ever judged.
        ending: What the training came to.
        cause: What ended it, where that was neither the rule nor the budget.
        restored: Whether the model has the weights of its best step.
        file: The checkpoint of the best step, or of one that is as good, where one is known.
        file_step: The step whose weights the file has, where that is not the best.
        is_saved: Whether the best step was saved at all; None where nobody knows.
        predict: How the model predicts with the trees of its best round, with their number as ``{}``; empty where that
            is not known.
    """
    if decision is None:
        return f"Nothing was judged: {missing(ending.not_judged) if ending.spent else 'no epoch with a loss was seen'}."
    facts = Facts(decision, restored)
    where = _where(facts, file, file_step, is_saved=is_saved) or _how(facts, predict)
    best = _best(facts, ending, where)
    lines = (_what(facts, ending, cause), best, _next(facts, file, is_saved=is_saved))
    return "\n".join(filter(None, lines))


def _what(facts: Facts, ending: Ending, cause: str) -> str:
    """The first line: what ended the training, what it looks like and why."""
    decision = facts.decision
    said = words_of(decision, left_out=(BUDGET,)).reason
    unknown = [each for each in TELLS_NOTHING if each in ending.not_judged and decision.verdict is Verdict.IMPROVING]
    looks = missing(unknown, facts.counter.noun) if unknown else verdict_of(decision)
    head = f"{_ended(facts, ending, cause)}: {looks}"
    reason = capitalised(said)
    others = [each for each in _that_matters(facts, ending) if each not in unknown]
    unjudged = missing(others, facts.counter.noun)
    return " ".join(filter(None, (f"{head}.", reason and f"{reason}.", unjudged and f"Not judged: {unjudged}.")))


def _ended(facts: Facts, ending: Ending, cause: str) -> str:
    """What ended the training and when, so that neither way of counting reads as if an epoch were missing."""
    step = facts.decision.step
    is_whole = ending.budget is not None and ending.spent >= ending.budget
    if not cause and is_whole and not facts.decision.ends_early:
        return f"Ended after {_all(facts, ending)}"
    at, done = numbers.numbered(step, facts.counter), step + 1
    if ending.budget is None:
        budget = ""
    elif facts.counter.number(step) == done:
        budget = f" of {numbers.count(ending.budget)}"
    else:
        budget = f" ({numbers.count(done)} of {numbers.steps(ending.budget, facts.counter)} done)"
    return f"{_by_what(facts, ending, cause)} {at}{budget}"


def _all(facts: Facts, ending: Ending) -> str:
    """All steps of the budget."""
    return f"all {facts.steps(ending.spent)}" if ending.spent > 1 else f"its only {facts.counter.noun}"


def _by_what(facts: Facts, ending: Ending, cause: str) -> str:
    if cause:
        return ENDED[cause].capitalize()
    if facts.decision.ends_early:
        return "Stopped at"
    return "Ended after" if ending.budget is None else "Ended by something else after"


def verdict_of(decision: Decision) -> str:
    """A verdict and its confidence, which is left out for a NaN and for a run that just goes on."""
    said, confidence = words(decision.verdict), decision.confidence
    if not 0 < confidence < 1 or decision.verdict is Verdict.IMPROVING:
        return said
    return f"{'perhaps ' if round(confidence, 2) < LIKELY else ''}{said} ({numbers.sure(confidence)} sure)"


def _that_matters(facts: Facts, ending: Ending) -> Iterator[NotJudged]:
    """What could not be judged and matters; an unknown rate does not if no rate is to be changed."""
    for each in ending.not_judged:
        if each is NotJudged.NO_RATE and (facts.decision.verdict not in BROKEN or facts.are_trees):
            continue
        if each is not NotJudged.NO_LOSS or facts.decision.verdict is not Verdict.DIVERGED:  # else it was, as NaN
            yield each


def missing(not_judged: Iterable[str], noun: str = "epoch") -> str:
    """What could not be judged, and why; empty where all was."""
    return "; ".join(NOT_JUDGED[NotJudged(each)].format(noun) for each in not_judged)


def warning(decision: Decision) -> str:
    """One line that warns of a surely broken run while there is still time; empty where nothing is to be done yet.

    Trees at a low rate are wanted, so that they fall slowly is no more than a remark for their end.
    """
    facts, said = Facts(decision), words_of(decision)
    if facts.are_trees and decision.verdict is Verdict.FALSE_CONVERGENCE:
        return ""
    head = f"Warning at {numbers.numbered(decision.step, facts.counter)}: {verdict_of(decision)}"
    reason, advice = said.reason, "; ".join(said.advice)
    tail = f". Next: {advice}." if advice else "."
    return f"{head}{f': {reason}' if reason else ''}{tail}"


def _where(facts: Facts, file: str | None, step: int | None, *, is_saved: bool | None) -> str:
    """Where the weights of the best step are, or those that are as good."""
    if file is not None and step is None:
        return f", saved in {file}"
    if facts.restored or is_saved is not False:
        return ""
    if file is None or step is None:
        return ", but its weights were not kept"
    return f", but its weights were not kept; {numbers.numbered(step, facts.counter)}, as good, is in {file}"


def _how(facts: Facts, predict: str) -> str:
    """How to predict as at the best step."""
    step = facts.decision.best_step
    return "" if not predict or facts.restored or step is None else f", predict({predict.format(step + 1)})"


def _best(facts: Facts, ending: Ending, where: str) -> str:
    """The best step, where its weights are, and what was saved."""
    decision = facts.decision
    if facts.best is None or decision.best_value is None:
        return ""
    best = f"Best: {numbers.value(decision.best_value)} at {facts.best}{_as_good(facts, ending)}"
    has = f", the model has its {'trees' if facts.are_trees else 'weights'}" if facts.restored else ""
    return " ".join([f"{best}{has}{where}.", *(_savings(facts, ending) if facts.decision.stop else ())])


def _as_good(facts: Facts, ending: Ending) -> str:
    if ending.as_good is None:
        return ""
    first, last = (facts.counter.number(step) for step in ending.as_good)
    return f" (as good within the noise: {facts.counter.noun}s {first} to {last})"


def _savings(facts: Facts, ending: Ending) -> Iterator[str]:
    """What was saved against the whole budget and against patience."""
    saved, patience = ending.saved, _against_patience(facts, ending)
    if saved and ending.budget:
        hours = None if ending.seconds_saved is None else ending.seconds_saved / 3600
        time = "" if hours is None or hours < LEAST_HOURS else f" ({numbers.duration(hours)})"
        against = f"; {patience}" if patience else ""
        yield f"Saved {numbers.count(saved)} of {facts.steps(ending.budget)}{time}{against}."
    elif patience:
        yield f"{patience.capitalize()}."


def _against_patience(facts: Facts, ending: Ending) -> str:
    """What a patience would have made of it."""
    theirs = ending.patience_stop
    if theirs is None or (theirs.spent is None and not ending.saved):
        return ""
    name = f"patience {theirs.patience}"
    if theirs.spent is None:
        return f"{name} would have gone on"
    fewer = ending.spent - theirs.spent
    if fewer <= 0:
        return f"{name} would have stopped here too" if fewer == 0 else ""
    best, other = numbers.value(facts.decision.best_value), numbers.value(theirs.best_value)
    worse = "the same best" if best == other else f"{other} instead of {best}"
    return f"{name} would have stopped {facts.steps(fewer)} earlier with {worse}"


def _next(facts: Facts, file: str | None, *, is_saved: bool | None) -> str:
    """The last line: what to do, in values to type."""
    if facts.decision.best_step is None and facts.decision.verdict is Verdict.IMPROVING:  # nothing is known of it
        return ""
    is_lost = is_saved is False and not facts.restored
    names_best = not facts.restored and not is_lost  # else the line before does, or nobody has them
    advice = list(words_of(facts.decision, restored=facts.restored, names_best=names_best).advice)
    if is_lost and facts.use_best:
        advice = [*([] if file is None else [f"use {file}"]), *advice]
        if facts.decision.verdict is not Verdict.NOT_LEARNING:  # there is nothing in them to keep
            advice.append("restore_best=True keeps the best weights")
    return f"Next: {'; '.join(advice)}." if advice else ""
