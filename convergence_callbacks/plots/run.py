"""A logged training in one picture."""

from __future__ import annotations

from matplotlib.figure import Figure

from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.run import Run
from convergence_callbacks.plots.training import plot_training
from convergence_callbacks.replay import replay


def plot(run: Run, settings: Settings | None = None, *, patience: int | None = 10) -> Figure:
    """Draw a logged run as `plot_training` does, with what the rule makes of it and what it expected at the stop.

    Args:
        run: The run; `read_logs` gives some.
        settings: Of the rule.
        patience: Show also where this patience would have stopped; None for not.

    >>> from pathlib import Path
    >>> from convergence_callbacks import Observation
    >>> seen = tuple(Observation(step=epoch, val_loss=0.1 + 0.9**epoch) for epoch in range(60))
    >>> figure = plot(Run(name="example", path=Path("example.csv"), format="CSV", observations=seen))
    >>> figure.texts[0].get_text()
    'example: converged'
    """
    replayed = replay(run, settings, with_forecast=True)
    return plot_training(
        run.observations,
        replayed.decisions,
        title=run.name,
        patience=patience,
        mode=replayed.settings.direction,
        forecast=replayed.forecast,
    )
