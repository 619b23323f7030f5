"""Words for a run that is no better than a trivial predictor."""

from __future__ import annotations

from convergence_callbacks.telling import learning_rate, numbers
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="neither loss has left the level of a trivial predictor, one that ignores its inputs",
    found="The best judged loss is below the first one by no more than its noise explains or, if baseline_loss is "
    "known, below that by less than a twentieth.",
    remedies=(
        "overfit ten examples first: their train loss should fall to almost nothing",
        "check labels, the scale of the inputs, the loss function and frozen layers; check_data=True "
        "looks at the first batches",
        "try rates 10 times higher and lower",
    ),
)
"""What the verdict means for any training."""

WORSE = "worse_than_baseline"
"""Number of the evidence: by what share of a trivial predictor's loss the best one is above it."""


def reason(facts: Facts) -> str:
    """Reason: the loss never left the level at which it began, or was never as good as a trivial predictor's."""
    start, best, epochs = facts.number("started_at"), facts.number("best"), facts.counted("epochs")
    if start is None or best is None:
        return ""
    within = f" in {epochs}" if epochs else ""
    rises = best > start
    if numbers.value(start) == numbers.value(best):
        is_higher = rises or facts.holds(WORSE)
        return f"the loss {'was never better than' if is_higher else 'never fell below'} {numbers.value(best)}{within}"
    if facts.holds(WORSE):
        at_best = f"{numbers.value(best)} at best{within and f', {within.strip()}'}"
        return f"the loss was never as good as guessing, {numbers.value(start)}: {at_best}"
    if _was_best_at_first(facts):
        return f"the loss was never better than at first, {numbers.value(best)}{within and f', {within.strip()}'}"
    return f"the loss only {'rose' if rises else 'fell'} from {numbers.value(start)} to {numbers.value(best)}{within}"


def _was_best_at_first(facts: Facts) -> bool:
    """Whether no step was better than the first of those that were counted."""
    counted, decision = facts.number("epochs"), facts.decision
    return counted is not None and counted > 1 and decision.best_step == decision.step + 1 - counted


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: check labels if train loss falls alone, otherwise inputs and loss; the rate first, if it is to blame."""
    start = facts.number("started_at")
    far = f"far below {numbers.value(start, 3)}" if start is not None else "far"
    rate = (learning_rate.too_high(facts),) if facts.holds("times_too_high") and not facts.are_trees else ()
    return (*rate, _what_to_check(facts), f"try to overfit ten examples first: their train loss should fall {far}")


def _what_to_check(facts: Facts) -> str:
    first, best = facts.number("train_started_at"), facts.number("train_best")
    moved = "" if first is None or best is None else f"from {numbers.value(first)} to {numbers.value(best)}"
    if facts.holds("train_has_begun"):
        return f"check whether labels fit their inputs: train loss alone fell{f', {moved}' if moved else ''}"
    anything = "check labels, input scale and loss function"
    if not moved:
        return anything
    fell = numbers.value(first) != numbers.value(best)
    return f"{anything}: train loss {f'fell only {moved}' if fell else 'did not fall either'}"
