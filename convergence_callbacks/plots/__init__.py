"""Pictures of trainings, and of one while it runs. Needs matplotlib: ``pip install 'convergence-callbacks[plots]'``."""

from convergence_callbacks.plots.live import LivePlot
from convergence_callbacks.plots.training import plot_training

__all__ = ["LivePlot", "plot_training"]
