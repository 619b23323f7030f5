"""Words for a run that is no better than a trivial predictor."""

from __future__ import annotations

from convergence_callbacks.telling import numbers
from convergence_callbacks.telling.known import Known
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="neither loss has left the level of a trivial predictor, one that ignores its inputs",
    found="The best judged loss is less than a twentieth below the first one (or below "
    "baseline_loss), or within its noise.",
    remedies=(
        "overfit ten examples first: their train loss should fall to almost nothing",
        "check labels, the scale of the inputs, the loss function and frozen layers; check_data=True "
        "looks at the first batches",
        "try rates 10 times higher and lower",
    ),
)
"""What the verdict means for any training."""


def reason(known: Known) -> str:
    """Reason: the loss never left the level at which it began."""
    start, best, epochs = known.number("started_at"), known.number("best"), known.counted("epochs")
    if start is None or best is None:
        return ""
    within = f" in {epochs}" if epochs else ""
    rises = best > start  # where more is better
    if numbers.value(start) == numbers.value(best):
        return f"the loss never {'rose above' if rises else 'fell below'} {numbers.value(best)}{within}"
    return f"the loss only {'rose' if rises else 'fell'} from {numbers.value(start)} to {numbers.value(best)}{within}"


def advice(known: Known) -> tuple[str, ...]:
    """Advice: check the labels if train loss falls alone, otherwise inputs and loss."""
    start = known.number("started_at")
    far = f"far below {numbers.value(start, 3)}" if start is not None else "far"
    return _what_to_check(known), f"try to overfit ten examples first: their train loss should fall {far}"


def _what_to_check(known: Known) -> str:
    fell = known.number("train_fall")
    fall = numbers.amount(fell)
    if known.holds("train_has_begun"):
        return f"check whether labels fit their inputs: train loss alone fell{f', by {fall}' if fall else ''}"
    anything = "check labels, input scale and loss function"
    if fell is None:
        return anything
    return f"{anything}: train loss {f'fell by {fall} only' if fall else 'did not fall either'}"
