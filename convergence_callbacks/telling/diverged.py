"""Words for a run whose loss exploded, or is no longer a number."""

from __future__ import annotations

from convergence_callbacks.telling import learning_rate, numbers
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="the loss exploded, or is no longer a finite number",
    found="The loss is above its start by three times all that was gained, for five epochs in a row; or it or the "
    "train loss is NaN or infinite, for three.",
    remedies=(
        "restore the weights of the best epoch: later ones are spoilt",
        "a learning rate 3 to 10 times lower, or clipped gradients",
        "where it is NaN at once look for NaN in the data (check_data=True), for a logarithm or root "
        "of 0, and for half precision that overflows",
    ),
)
"""What the verdict means for any training."""

IN_DATA = "look for NaN or infinity in inputs and targets, as check_data does"
IN_TREES = "look for extreme labels, and limit the step of a leaf (max_delta_step)"
IN_STEPS = "where the data are sound, train with a learning rate 10 times lower, or in full precision"
"""Advice if no loss was ever a number: data or rate may be wrong, and the data are checked more quickly."""


def reason(facts: Facts) -> str:
    """Reason: the loss is no longer a number, or how far it rose."""
    broken = facts.counted("non_finite_in_a_row")
    if broken:
        return f"the loss is NaN or infinite for {broken} in a row"
    loss, start = facts.number("loss"), facts.number("started_at")
    if loss is None:
        return ""
    began = "" if start is None else f" from {numbers.value(start)}"
    meanwhile = ", while train loss fell" if facts.holds("train_falls") else ""
    return f"the loss rose to {numbers.value(loss)}{began}{meanwhile}"


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: what to go back to, and how to keep it from happening again."""
    if (best := facts.decision.best_step) is None:
        return IN_DATA, IN_TREES if facts.are_trees else IN_STEPS
    against = IN_TREES if facts.are_trees else f"{learning_rate.too_high(facts)}, or clip the gradients"
    return tuple(filter(None, (_what_to_restore(facts, best), against)))


def _what_to_restore(facts: Facts, best: int) -> str | None:
    """The best weights, None if they are not to be named; those of a step without a finite loss are spoilt."""
    broken = int(facts.number("non_finite_in_a_row") or 0)
    first_broken = facts.decision.step - broken + 1
    if broken > 0 and best >= first_broken >= 0:
        return f"restore weights from before {numbers.numbered(first_broken, facts.counter)}"
    if facts.are_trees or facts.restored:
        return facts.use_best
    return f"restore the weights of {facts.best}"
