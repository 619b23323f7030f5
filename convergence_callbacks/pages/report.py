"""A report on trainings: one file, to attach, to print and to keep."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convergence_callbacks import __version__
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.pages.card import Card, changed
from convergence_callbacks.pages.render import SCRIPTS, policy, render, script, style
from convergence_callbacks.pages.totals import Totals
from convergence_callbacks.telling.price import Price


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report on trainings.

    Args:
        title: Its heading.
        cards: The runs.
        settings: Of the rule.
        made_at: When it was made.
        problems: What could not be read.
        price: What an hour of training costs.
    """

    title: str
    cards: Sequence[Card]
    settings: Settings
    made_at: datetime.datetime
    problems: Sequence[LogError] = ()
    price: Price | None = None

    def html(self) -> str:
        """One self-contained page that loads nothing from other hosts."""
        code = script(*SCRIPTS)
        return render("report.html", style=style(), script=code, policy=policy(code), **self._values())

    def markdown(self) -> str:
        """A section for a model card."""
        return render("report.md", **self._values())

    def _values(self) -> dict[str, object]:
        return {
            "title": self.title,
            "cards": self.cards,
            "totals": Totals.of(self.cards),
            "settings": changed(self.settings),
            "made_at": self.made_at,
            "problems": self.problems,
            "price": self.price,
            "versions": {
                "convergence-callbacks": __version__,
                "Python": platform.python_version(),
                "numpy": np.__version__,
            },
        }
