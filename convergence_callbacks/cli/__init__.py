"""The command line: ``convergence COMMAND``. A command is a function in a file of its own, listed in `app`."""

from convergence_callbacks.cli.app import app

__all__ = ["app"]
