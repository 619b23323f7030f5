"""``convergence check``: is a settings file valid, and what would it do?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.adapter.settings import INTEGRATIONS, CallbackSettings, not_supported, supported_by
from convergence_callbacks.cli.output import errors_printed, named, say
from convergence_callbacks.cli.settings_in_words import settings_in_words
from convergence_callbacks.config.read import read_settings, with_place
from convergence_callbacks.core.errors import SettingsError, unknown_name


def check(
    file: Annotated[Path, typer.Argument(help="The settings file.", show_default=False)],
    integration: Annotated[
        str | None,
        typer.Option(
            "--for", help=f"Refuse settings that it does not support: {', '.join(INTEGRATIONS)}.", show_default=False
        ),
    ] = None,
) -> None:
    """Check a settings file, and explain when it would end a training."""
    with errors_printed():
        settings = CallbackSettings(**read_settings(file))
        if integration is not None:
            _refuse_unsupported(settings, _named(integration), file)
    say(f"{named(file)} is valid{f' for {_named(integration)}' if integration else ''}.", "green")
    for paragraph in settings_in_words(settings):
        say()
        say(paragraph.heading, f"bold {'yellow' if paragraph.is_warning else ''}")
        for line in paragraph.lines:
            say(f"  {line}")


def _named(integration: str) -> str:
    """The name of an integration that was typed in any case, with any or no separators."""
    plain = {_plain(name): name for name in INTEGRATIONS}
    if _plain(integration) not in plain:
        raise SettingsError(unknown_name("integration", integration, INTEGRATIONS))
    return plain[_plain(integration)]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _refuse_unsupported(settings: CallbackSettings, integration: str, file: Path) -> None:
    refused = settings.unsupported(supported_by(integration))
    if refused:
        errors = (with_place(not_supported(integration, name), file) for name in refused)
        raise SettingsError("\n".join(map(str, errors)))
