"""Pages of trainings: a report in one file, and a server. Needs ``pip install 'convergence-callbacks[report]'``."""

from convergence_callbacks.telling.missing import not_installed

try:
    import jinja2  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("jinja2", "report")) from error

from convergence_callbacks.pages.card import Card
from convergence_callbacks.pages.picture import Picture, plot, plot_compare
from convergence_callbacks.pages.report import Report
from convergence_callbacks.telling.price import Price

__all__ = ["Card", "Picture", "Price", "Report", "plot", "plot_compare"]
