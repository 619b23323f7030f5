"""Words for a run of which nothing more is expected."""

from __future__ import annotations

from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.improving import recent_gain
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="the loss has settled: what more training can be expected to bring is below the tolerance",
    found="Trainings of other data whose curves looked like this one gained less than the tolerance "
    "afterwards, and the learning rate is not about to fall in a step.",
    remedies=(
        "use the weights of the best epoch (restore_best=True)",
        "for a lower loss change the training, not its length: a larger model, more data, a schedule that falls to 0",
        "if you doubt it, probe=True tries other learning rates on copies of the model",
    ),
)
"""What the verdict means for any training."""

LITTLE = 0.1
"""Share of the total gain below which it is called little, with the word *only*."""

LEAST_GAIN = 0.001
"""Smaller shares of the total gain are written as less than this."""

WIDENED = 0.05
"""Share of the total gain above which a wider generalisation gap is reported."""


def reason(facts: Facts) -> str:
    """Reason: how little is expected, or was gained lately."""
    if sentence := settled(facts):
        return sentence
    gained = recent_gain(facts)
    if gained is not None:
        return numbers.only(gained) if (facts.number("recent_gain") or 0.0) < LITTLE else gained
    window = facts.counted("recent_epochs")
    return f"no gain in the latest {window}" if window else ""


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: which weights to use."""
    return (facts.use_best,) if facts.use_best else ()


def settled(facts: Facts) -> str:
    """Why nothing more is expected; empty if no criterion found that."""
    gain, tolerance = facts.number("expected_gain"), facts.number("tolerance")
    if gain is None or tolerance is None or tolerance <= 0:  # as in a record that somebody else wrote
        return ""
    sentence = _expected(gain, tolerance, facts.number("expected_gain_most"))
    widened = facts.number("gap_widening")
    if widened is None or widened <= WIDENED or facts.decision.verdict is not Verdict.OVERFITTING:
        return sentence
    by = numbers.part(widened, "the total gain")
    return f"{sentence}, while the generalisation gap widened by {by} since the best {facts.counter.noun}"


def _expected(gain: float, tolerance: float, most: float | None) -> str:
    bound, least = numbers.percent(tolerance), min(LEAST_GAIN, tolerance)
    if gain < least:
        below = f", below the tolerance of {bound}" if tolerance > least else ""
        return f"expected further gain less than {numbers.percent(least)} of the total{below}"
    at_most = f" (at most {numbers.percent(most)})" if most is not None and most > gain else ""
    if numbers.percent(gain) == bound:  # two digits don't show which of them is less
        return f"expected further gain just below the tolerance of {bound} of the total{at_most}"
    return f"expected further gain {numbers.percent(gain)} of the total{at_most}, below the tolerance of {bound}"
