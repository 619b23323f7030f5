"""Where the loss of a trivial predictor comes from, in words."""

from __future__ import annotations

from convergence_callbacks.metrics.trivial import Baseline
from convergence_callbacks.telling import numbers


def source_of(baseline: Baseline) -> str:
    """Where a baseline that a callback filled in comes from.

    >>> from convergence_callbacks.metrics.trivial import of_classes
    >>> source_of(of_classes(10))
    'baseline_loss 2.303: guessing among 10 classes'
    """
    of = "" if baseline.data is None else f" of the {'training' if baseline.data == 'train' else 'validation'} targets"
    sources = {
        "classes": f"guessing among {baseline.classes} classes",
        "frequencies": f"guessing by the class frequencies{of}",
        "mean": f"the mean{of}",
    }
    return f"baseline_loss {numbers.value(baseline.loss)}: {sources[baseline.source]}"
