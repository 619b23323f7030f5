"""Words for a run that only looks finished: its learning rate is too low."""

from __future__ import annotations

from convergence_callbacks.telling import learning_rate, numbers
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="the loss looks flat because the learning rate is too low: slow is not finished",
    found="The loss falls steadily by very little an epoch, and much of its gain came late: runs of "
    "the same task at a higher rate did much better where curves looked so.",
    remedies=(
        "start again with the rate that is named, or with 10 times this one",
        'act="heal" raises it while the training runs (Lightning, Keras)',
        "or wait: while this is sure, such a run goes on, unless stop_on lists the verdict",
    ),
    of_trees="the loss still falls, slowly: there are too few trees yet",
)
"""What the verdict means for any training."""

TENTH = 0.1

LONGEST = 100_000
"""Steps of patience beyond which nobody waits."""


def reason(facts: Facts) -> str:
    """Reason: how slowly the loss falls, and how much of the gain came late."""
    if facts.number("fall_per_epoch") is None:
        return ""
    late = facts.number("late_share")
    share = numbers.amount(None if late is None else min(late, 1.0))
    return f"{_pace(facts)}{f': {share} of the gain came in the later half' if share else ''}"


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: another rate, or how long the present one takes."""
    if facts.are_trees:  # trees at a low rate are wanted: there are to be more of them
        return ("allow more rounds",)
    return (learning_rate.too_low(facts), *_patience_it_takes(facts))


def _pace(facts: Facts) -> str:
    fall = numbers.part(facts.number("fall_per_epoch"), facts.whole)
    if fall is None:
        return "the loss is flat, and yet it has not settled"
    if not facts.holds("looks_flat"):
        return f"the loss still falls by {fall} {facts.each()}"
    how = ", but steadily" if facts.holds("is_steady") else " and has not settled"
    return f"the loss falls by {numbers.only(fall)} {facts.each()}{how}"


def _patience_it_takes(facts: Facts) -> tuple[str, ...]:
    """Advice: how long the same rate would take, unless nobody would wait so long."""
    fall, part = facts.number("fall_per_epoch") or 0.0, TENTH if facts.holds("of_baseline") else 1.0
    if fall <= part / LONGEST:
        return ()
    takes = facts.steps(max(1.0, float(numbers.value(part / fall, 2))))
    gain = f"the next tenth of {facts.whole}" if part == TENTH else "to gain as much again"
    return (f"or wait: at this pace {gain} takes {takes}",)
