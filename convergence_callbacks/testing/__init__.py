"""The contracts of criteria, log readers and integrations, for those that ship and for your own.

Each check is an ordinary function that raises an `AssertionError` where a promise is broken, so that any test can call
it. They need neither pytest nor a framework.
"""

from convergence_callbacks.testing.callback import CALLBACK_CHECKS, Integration, KilledError, Training, check_callback
from convergence_callbacks.testing.criterion import CRITERION_CHECKS, check_criterion
from convergence_callbacks.testing.reader import READER_CHECKS, WrittenLog, check_reader

__all__ = [
    "CALLBACK_CHECKS",
    "CRITERION_CHECKS",
    "READER_CHECKS",
    "Integration",
    "KilledError",
    "Training",
    "WrittenLog",
    "check_callback",
    "check_criterion",
    "check_reader",
]
