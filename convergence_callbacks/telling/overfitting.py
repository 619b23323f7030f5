"""Words for a run that learns its training examples and no more."""

from __future__ import annotations

from convergence_callbacks.telling import numbers, scores
from convergence_callbacks.telling.converged import settled
from convergence_callbacks.telling.facts import Facts
from convergence_callbacks.telling.meaning import Meaning

MEANING = Meaning(
    means="train loss still falls while validation loss has turned: the model learns its examples by heart",
    found="Validation loss rose beyond its noise since its best epoch, or the gap between both losses"
    " widened by a large share of all that was gained, while train loss fell on.",
    remedies=(
        "use the weights of the best epoch (restore_best=True)",
        "weight decay, dropout, augmentation or more data",
        "a smaller model, or fewer trainable layers in fine-tuning",
    ),
)
"""What the verdict means for any training."""

AGAINST = "weight decay, augmentation or more data"
AGAINST_IN_TREES = "shallower trees, stronger regularisation or more data"


def reason(facts: Facts) -> str:
    """Reason: how far validation loss rose, and what train loss did meanwhile."""
    return _risen(facts) or settled(facts)


def advice(facts: Facts) -> tuple[str, ...]:
    """Advice: which weights to use, what they avoid, and what helps."""
    use = f"{facts.use_best}{_after_best(facts)}" if facts.use_best else None
    against = AGAINST_IN_TREES if facts.are_trees else AGAINST
    return tuple(filter(None, (use, f"then {against}" if use else against, *scores.advice(facts))))


def _risen(facts: Facts) -> str:
    if facts.number("validation_rise") is None:
        return ""
    since = f"since {facts.best} " if facts.best else ""
    rise = numbers.part(facts.number("validation_rise"), "the total gain")
    fall = numbers.part(facts.number("train_fall"), "its own")
    rose = f"validation loss rose by {rise}" if rise else "validation loss got no better"
    return f"{since}{rose}{f' while train loss fell by another {fall}' if fall else ''}"


def _after_best(facts: Facts) -> str:
    """What came after the best step, where both losses did what makes it overfitting."""
    rose = numbers.part(facts.number("loss_rise_since_best"), "the total gain")
    fell = numbers.part(facts.number("train_fall_since_best"), "its own")
    if not rose or not fell:
        return ""
    return f": after it validation loss rose by {rose} while train loss fell by {fell}"
