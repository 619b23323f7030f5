"""Words for what is done about a learning rate: raised, kept, put back, or still on trial."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.known import Known

STEPS = 5
"""Steps of a trial."""


def action(known: Known) -> str:
    """What is done at this step; empty where nothing is."""
    match known.decision.action:
        case "raise_lr":
            times = numbers.times(known.number("rate_times"))
            to = f", to {numbers.rate(known.number('advised_rate'))}" if known.holds("advised_rate") else ""
            return f"the learning rate is raised{f' {times}' if times else ''}{to}"
        case "keep_lr":
            return "the raised learning rate helps and stays"
        case "undo_lr":
            return "the raised learning rate did not help: rate and weights are those of before"
        case "on_trial":
            at = known.number("trial_epoch")
            which = f", {known.counter.noun} {numbers.count(at)} of {STEPS}" if at and at > 0 else ""
            return f"the raised learning rate is on trial{which}"
    return ""
