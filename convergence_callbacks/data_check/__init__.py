"""What is wrong with the data or the gradients of a training that does not learn."""

from convergence_callbacks.core.fault import Fault
from convergence_callbacks.data_check.check import CHECKS, check_data, explained
from convergence_callbacks.data_check.examples import Examples, Layer

__all__ = ["CHECKS", "Examples", "Fault", "Layer", "check_data", "explained"]
