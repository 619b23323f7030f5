"""The curves of the pages in a notebook: to hover, zoom and read by keys."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.colours import OF_RUN
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.run import Run
from convergence_callbacks.pages.card import Card, card_of
from convergence_callbacks.pages.curve import comparison_of
from convergence_callbacks.pages.render import policy, render, script, style
from convergence_callbacks.replay import Unasked

HEIGHT = 400
"""Pixels of a picture."""


@dataclass(frozen=True)
class Picture:
    """A picture that a notebook shows as soon as a cell ends with it.

    It is the chart of the pages in a frame of its own, which asks no other host for anything: it works without a
    network, in every notebook that shows HTML, and stays in the file when the notebook is saved.

    Args:
        title: Of the frame, for who can't see it.
        chart: What is drawn.
    """

    title: str
    chart: dict[str, Any]

    def html(self) -> str:
        """The picture as a page by itself."""
        code = script("chart.js")
        values = {"title": self.title, "label": self.title, "chart": self.chart}
        return render("picture.html", style=style(), script=code, policy=policy(code), **values)

    def _repr_html_(self) -> str:
        page, title = html.escape(self.html()), html.escape(self.title)
        frame = f'title="{title}" width="100%" height="{HEIGHT}" style="border:0" sandbox="allow-scripts"'
        return f'<iframe {frame} srcdoc="{page}"></iframe>'


def plot(run: Run, settings: Settings | None = None) -> Picture:
    """Draw a run to look into: its curves, the verdicts, where the rule would stop, and what it expected then.

    Args:
        run: The run; `read_logs` gives some.
        settings: Of the rule.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation
    >>> seen = tuple(Observation(step=epoch, val_loss=0.1 + 0.9**epoch) for epoch in range(60))
    >>> picture = plot(Run(name="example", path=Path("example.csv"), format="CSV", observations=seen))
    >>> picture._repr_html_()[:42]
    '<iframe title="Learning curves of example"'
    """
    return Picture(f"Learning curves of {run.name}", dict(card_of(run, settings or Unasked()).chart))


def plot_compare(runs: Sequence[Run], settings: Settings | None = None) -> Picture:
    """Draw the judged loss of several runs, with a ring where the rule would stop each.

    Args:
        runs: The runs, at most eight.
        settings: Of the rule.

    Raises:
        ValueError: There are none, or more than there are distinct colours.
    """
    if not 0 < len(runs) <= len(OF_RUN):
        raise ValueError(f"a picture shows 1 to {len(OF_RUN)} runs, got {len(runs)}")
    cards: list[Card] = [card_of(run, settings or Unasked()) for run in runs]
    return Picture(
        "Judged loss of " + ", ".join(run.name for run in runs), comparison_of([dict(c.chart) for c in cards])
    )
