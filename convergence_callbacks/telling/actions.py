"""Words for what is done about a verdict: what was begun, kept, undone, or is still on trial."""

from __future__ import annotations

from collections.abc import Mapping

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import Facts

DOES: Mapping[str, str] = {
    "raise_lr": "the learning rate is raised",
    "lower_lr": "the run goes on from its best weights, the learning rate lowered",
    "roll_back": "the run goes back to where nothing was lost, the learning rate lowered",
}
"""What each action does."""

STEPS = 5
"""Steps of a trial."""


def action(facts: Facts) -> str:
    """What is done at this step; may be empty."""
    done = facts.decision.action
    if done in DOES:
        return f"{DOES[done]}{_by(facts)}"
    return _of_trial(facts) if done else ""


def mark(begun: Decision, over: Decision | None) -> str:
    """The label of a trial in a picture: what was done, and what that gained.

    Args:
        begun: The decision at which it was begun.
        over: The one at which it was kept or undone; None while it is on trial.
    """
    factor = (over or begun).evidence.get("rate_times", 1.0)
    rate = f"rate ÷ {numbers.multiple(1 / factor)}" if factor < 1 else f"rate × {numbers.multiple(factor)}"
    if over is None:
        return f"{rate}: on trial"
    gain = numbers.part(over.evidence.get("trial_brought"), "the gain")
    kept = f"brought {gain}" if gain else "kept"
    return f"{rate}: {'undone' if over.action == 'undo' else kept}"


def _of_trial(facts: Facts) -> str:
    """What has become of a trial: kept, undone, or still running."""
    rate = f"the {'lowered' if _is_lowered(facts) else 'raised'} learning rate"
    match facts.decision.action:
        case "keep":
            gain = numbers.part(facts.number("trial_brought"), "the total gain") if facts.holds("trial_brought") else ""
            return f"{rate} helps and stays{f': it brought {gain}' if gain else ''}"
        case "undo":
            return f"{rate} did not help: rate and weights are those of before"
    at = facts.number("trial_epoch")
    return f"{rate} is on trial{f', {facts.counter.noun} {numbers.count(at)} of {STEPS}' if at and at > 0 else ''}"


def _is_lowered(facts: Facts) -> bool:
    return (facts.number("rate_times") or 1.0) < 1


def _by(facts: Facts) -> str:
    """By how much the rate changed, and to what, if that is known."""
    times = facts.number("rate_times")
    factor = numbers.times(1 / times if times and _is_lowered(facts) else times)
    to = f", to {numbers.rate(facts.number('advised_rate'))}" if facts.holds("advised_rate") else ""
    return f"{f' {factor}' if factor else ''}{to}"
