"""The picture of a training that grows while it runs, in a notebook or a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.forecast import Forecast
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.plots.training import plot_training


class LivePlot:
    """Draws the training again after each epoch: one picture in a notebook's cell, or one file.

    Give it to any callback: ``stopping.listeners.append(LivePlot())``.

    Args:
        path: File that is rewritten at each epoch; without one the picture is shown in the notebook.
        every: Epochs from one picture to the next; a stop is always drawn.
        title: What is trained.
        forecast: Gives the forecast that is drawn, such as ``stopping.forecast``; None for not.

    >>> from convergence_callbacks import Monitor
    >>> plot, monitor = LivePlot("training.png", every=10), Monitor()
    >>> plot.every
    10
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        every: int = 1,
        title: str = "",
        forecast: Callable[[], Forecast | None] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, got {every}")
        self.path = path
        self.every = every
        self.title = title
        self.forecast = forecast
        self._observations: list[Observation] = []
        self._decisions: list[Decision] = []
        self._display: Any = None

    def __call__(self, observation: Observation, decision: Decision) -> None:
        """Take in one epoch and draw, if it is time."""
        if self._observations and observation.step <= self._observations[-1].step:  # a new run
            self._observations, self._decisions, self._display = [], [], None
        self._observations.append(observation)
        self._decisions.append(decision)
        if decision.stop or len(self._observations) % self.every == 0:
            self._draw()

    def _draw(self) -> None:
        forecast = None if self.forecast is None else self.forecast()
        figure = plot_training(self._observations, self._decisions, title=self.title, forecast=forecast)
        if self.path is not None:
            figure.savefig(self.path)
            return
        from IPython.display import Image, display

        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=90)
        shown = Image(data=picture.getvalue(), format="png")  # type: ignore[no-untyped-call]
        if self._display is None:
            self._display = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._display.update(shown)
