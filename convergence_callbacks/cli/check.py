"""``convergence check``: is a settings file valid, and what would it do?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.cli.explain import explain
from convergence_callbacks.cli.output import errors_told, named, say
from convergence_callbacks.config.read import read_settings


def check(file: Annotated[Path, typer.Argument(help="The settings file.", show_default=False)]) -> None:
    """Check a settings file, and say in words when it would end a training."""
    with errors_told():
        settings = CallbackSettings(**read_settings(file))
    say(f"{named(file)} is valid.", "green")
    for paragraph in explain(settings):
        say()
        say(paragraph.heading, f"bold {'yellow' if paragraph.is_warning else ''}")
        for line in paragraph.lines:
            say(f"  {line}")
