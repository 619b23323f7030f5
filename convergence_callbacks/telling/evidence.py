"""The numbers behind a decision, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.templates import is_complete, rendered

LINES: Mapping[str, str] = {
    "total_gain": "gained since the start: {total_gain:value}",
    "epochs_since_best": "since the best: {epochs_since_best:epochs}",
    "noise": "noise of the loss around its trend: {noise:value}",
    "generalization_gap": "validation loss above train loss by {generalization_gap:value}",
    "expected_gain": "expected further gain: {expected_gain:percent} of the total, at most "
    "{expected_gain_most:percent}; the tolerance is {tolerance:percent}",
    "validation_below": "validation loss below train loss by {validation_below:value}",
    "gap_widening": "the gap widened since the best by {gap_widening:gain}",
    "loss_rise_since_best": "validation loss rose since the best by {loss_rise_since_best:gain}",
    "train_fall_since_best": "train loss fell since the best by {train_fall_since_best:percent} of its own gain",
    "fall_per_epoch": "the loss falls by {fall_per_epoch:percent} of {whole} in {one:epochs}",
    "late_share": "{late_share:percent} of the gain came in the later half",
    "recent_gain": "{recent_gain:percent} of the gain came in the latest {recent_epochs:epochs}",
    "jump": "the loss jumps by {jump:percent} of its gain; from {threshold:percent} on that is much",
    "started_at": "level from which learning begins: {started_at:value}",
    "worse_than_baseline": "the best loss is above that of guessing by {worse_than_baseline:percent} of it",
    "non_finite_in_a_row": "NaN or infinite: {non_finite_in_a_row:epochs} in a row",
    "times_too_low": "the learning rate looks {times_too_low:about} times too low",
    "times_too_high": "the learning rate looks {times_too_high:about} times too high",
}
"""How each number of the evidence is written, by its name."""

SHARES = frozenset({
    "expected_gain", "gap_widening", "loss_rise_since_best", "train_fall_since_best", "fall_per_epoch", "late_share",
    "recent_gain", "jump", "worse_than_baseline",
})  # fmt: skip
"""Shares by which something fell, rose or came: one that is not above 0 is left out."""

GAP = "generalization_gap"
"""The number whose words depend on its sign."""

RATES = ("times_too_low", "times_too_high")
"""How the numbers about a learning rate are written."""


def evidence_lines(decision: Decision) -> Iterator[str]:
    """The numbers that a decision was made by, in the order of their importance to a reader.

    >>> from convergence_callbacks.core.verdict import Verdict
    >>> evidence = {"late_share": 0.48, "total_gain": 0.2, "noise": float("nan")}
    >>> list(evidence_lines(Decision(stop=False, step=9, verdict=Verdict.IMPROVING, evidence=evidence)))
    ['gained since the start: 0.2', '48% of the gain came in the later half']
    """
    facts = Facts(decision)
    held = {name: facts.number(name) for name in decision.evidence} | {"one": 1.0}
    if (gap := held.get(GAP)) is not None and gap < 0:
        held |= {GAP: None, "validation_below": -gap}
    if facts.are_trees:  # whose low rate is meant
        held = {name: held[name] for name in held if name not in RATES}
    for name, template in LINES.items():
        values = {**held, "whole": facts.whole}
        if name in held and is_complete(template, values) and not (name in SHARES and (held[name] or 0.0) <= 0):
            yield rendered(template, values, facts.counter)
