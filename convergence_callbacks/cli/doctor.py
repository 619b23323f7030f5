"""``convergence doctor``: does this installation work?"""

from __future__ import annotations

import typer

from convergence_callbacks.cli.output import complain, say
from convergence_callbacks.doctor import examine

MARKS = {True: ("ok", "green"), None: ("--", ""), False: ("!!", "red")}


def doctor() -> None:
    """Check the installation: versions, frameworks, and whether the rule decides as it should."""
    checks = []
    for check in examine():
        mark, style = MARKS[check.is_right]
        say(f"{mark}  {check.name}: {check.result}", style)
        checks.append(check)
    wrong = [check.name for check in checks if check.is_right is False]
    if wrong:
        complain(f"not right: {', '.join(wrong)}")
        raise typer.Exit(1)
    say("All that is installed works.", "green")
