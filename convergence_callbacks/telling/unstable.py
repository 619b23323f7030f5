"""Words for a run whose loss jumps: its learning rate is too high."""

from __future__ import annotations

from convergence_callbacks.telling import learning_rate, numbers
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="the loss jumps by a large share of what it ever gained: the learning rate is too high",
    found="Both losses jump from epoch to epoch, or they only recovered from the first steps, which threw them off, "
    "and have gained nothing since. On recorded tasks whose curves looked like this, a lower rate did much better.",
    remedies=(
        "start again with the rate that is named, or with a third of this one",
        "clip the gradients, or warm the rate up over the first epochs",
        "a larger batch; if the validation loss alone jumps, a larger validation set",
    ),
)
"""What the verdict means for any training."""

LEAST_JUMP = 0.005
"""Share of its gain below which a jump is not worth a number."""


def reason(facts: Facts) -> str:
    """Reason: by how much the loss jumps, or that it only recovered from its first steps."""
    if facts.holds("only_recovered"):
        sentence = "the loss only came back from its first steps and has gained nothing since"
        return (
            sentence if facts.number("loss") is None else f"{sentence}: it is at {numbers.value(facts.number('loss'))}"
        )
    jump = facts.number("jump")
    if jump is None:
        return ""
    if jump < LEAST_JUMP:
        return "the loss does not settle"
    return f"the loss jumps by {numbers.part(jump, 'its gain')} since the first {facts.counter.noun}s"


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: a lower rate, and what else steadies a run."""
    return (_what_steadies(facts),) if facts.are_trees else (learning_rate.too_high(facts), _what_steadies(facts))


def _what_steadies(facts: Facts) -> str:
    if facts.are_trees:
        return "more examples a leaf, or fewer rounds, calm it"
    if facts.holds("only_recovered"):
        start = facts.number("started_at")
        thrown = "" if start is None else f"the first steps threw the loss to {numbers.value(start)}: "
        return f"{thrown}clip the gradients, or warm the rate up"
    return "a larger batch or clipped gradients calm it too"
