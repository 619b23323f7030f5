"""Criteria in words: when each finds something, over its settings."""

from __future__ import annotations

import dataclasses

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.criterion import AllOf, AnyOf, Criterion
from convergence_callbacks.core.rule.default import Default
from convergence_callbacks.telling import numbers, templates


def describe(criterion: Criterion, counter: Counter = numbers.EPOCHS) -> str:
    """When a criterion finds something, in words that complete "stop when …".

    Args:
        criterion: One, or several that were joined.
        counter: What the training's steps are called.
    """
    if isinstance(criterion, AnyOf):
        return ", or ".join(describe(each, counter) for each in criterion.criteria)
    if isinstance(criterion, Default):
        return ", or ".join(describe(each, counter) for each, _ in criterion.grounds)
    if isinstance(criterion, AllOf):
        return " and at the same time ".join(describe(each, counter) for each in criterion.criteria)
    settings = {field.name: getattr(criterion, field.name) for field in dataclasses.fields(criterion)}  # type: ignore[arg-type]
    return templates.rendered(criterion.stops_when, settings, counter)
