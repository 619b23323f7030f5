"""Pictures of trainings, and of one while it runs. Needs matplotlib: ``pip install 'convergence-callbacks[plots]'``."""

from convergence_callbacks.telling.missing import not_installed

try:
    import matplotlib  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("matplotlib", "plots")) from error

from convergence_callbacks.plots.compare import plot_compare
from convergence_callbacks.plots.frontier import plot_frontier
from convergence_callbacks.plots.live import LivePlot
from convergence_callbacks.plots.run import plot
from convergence_callbacks.plots.training import plot_training

__all__ = ["LivePlot", "plot", "plot_compare", "plot_frontier", "plot_training"]
