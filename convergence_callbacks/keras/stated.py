"""Which way a metric improves, as Keras's own metrics say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def rises(model: Any, name: str | None) -> bool | None:
    """Whether more of a metric is better, where it is an object that says so; None elsewhere.

    Args:
        model: What is trained.
        name: How the metric is logged.
    """
    compiled = getattr(model, "_compile_metrics", None)  # what is built of it comes with the first batch only
    for metric in [*_flat(getattr(compiled, "_user_metrics", None)), *_flat(getattr(model, "metrics", None))]:
        direction = getattr(metric, "_direction", None)
        if name is not None and direction and getattr(metric, "name", None) == name.removeprefix("val_"):
            return bool(direction == "up")
    return None


def _flat(metrics: Any) -> Iterator[Any]:
    """The metrics of all outputs: ``compile`` takes one, a list, or a dictionary of lists."""
    if isinstance(metrics, Mapping):
        metrics = list(metrics.values())
    if not isinstance(metrics, list | tuple):
        yield metrics
        return
    for each in metrics:
        yield from _flat(each)
