"""The exit statuses of the commands; 2, wrong usage, is typer's own."""

from __future__ import annotations

UNREAD = 1
"""Something could not be read, or found."""

FAILED_ON = 3
"""A run has a verdict that ``--fail-on`` names, or a record is not confirmed."""

NOT_JUDGED = 4
"""A run of which nothing could be judged."""

UNPRINTED = 5
"""Standard output could not be written, as on a full disk or into a closed pipe."""
