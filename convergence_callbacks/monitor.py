"""The monitor as users meet it."""

from __future__ import annotations

import time

from convergence_callbacks.config.from_yaml import FromYaml
from convergence_callbacks.core import monitor as core


class Monitor(FromYaml, core.Monitor):  # noqa: D101
    __doc__ = core.Monitor.__doc__  # the core's monitor, handed a clock and a reader of files

    default_clock = staticmethod(time.monotonic)
