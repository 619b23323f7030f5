"""Trainings that others logged, read as `Run`s: `read_logs` takes a file or a folder and finds out what it is."""

from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.read import find_logs, read_log, read_logs
from convergence_callbacks.logs.reader import Claim, Reader
from convergence_callbacks.logs.run import Run

__all__ = ["Claim", "ColumnChoice", "Columns", "LogError", "Reader", "Run", "find_logs", "read_log", "read_logs"]
