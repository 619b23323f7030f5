"""Follows a log that is growing."""

from convergence_callbacks.watch.follow import Follower, Reading
from convergence_callbacks.watch.session import Session

__all__ = ["Follower", "Reading", "Session"]
