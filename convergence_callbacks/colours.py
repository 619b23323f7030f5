"""Colours that everybody can distinguish, also in grey (Okabe & Ito 2008)."""

from __future__ import annotations

from convergence_callbacks.core.verdict import Verdict

TRAIN = "#0072B2"
VALIDATION = "#D55E00"
INK = "#222222"
FAINT = "#767676"

OF_VERDICT = {
    Verdict.IMPROVING: "#CFE8F7",
    Verdict.CONVERGED: "#009E73",
    Verdict.FALSE_CONVERGENCE: "#CC79A7",
    Verdict.OVERFITTING: "#E69F00",
    Verdict.UNSTABLE: "#F0E442",
    Verdict.NOT_LEARNING: "#8C8C8C",
    Verdict.DIVERGED: "#000000",
}

ON_VERDICT = {verdict: "white" if verdict in ("converged", "diverged") else INK for verdict in Verdict}
"""Colour of a text on a verdict's colour."""

ON_DARK = {
    "train": "#56B4E9",
    "validation": "#F0803C",
    Verdict.IMPROVING: "#2C5D7C",
    Verdict.DIVERGED: "#FFFFFF",
}
"""What takes the place of a colour on a dark ground, where it could not be seen."""

OF_RUN = ("#0072B2", "#D55E00", "#009E73", "#B35A94", "#8A6D00", "#4A4A4A", "#2F8FBF", "#A65628")
"""Colours of runs that are compared, dark enough to write in on white."""

OF_RUN_ON_DARK = ("#56B4E9", "#F0803C", "#2FC79B", "#DB93BE", "#E6C229", "#C8C8C8", "#9ED3F2", "#D99B73")
"""Colours of runs that are compared, for a dark ground."""
