"""Colours that everybody can tell apart, also in grey (Okabe & Ito 2008)."""

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
