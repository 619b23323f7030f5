"""``convergence init``: writes a settings file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.cli.output import complain, errors_printed, named, say, writing
from convergence_callbacks.config.template import template


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("convergence.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a settings file in which every setting is explained and has its default."""
    with errors_printed():
        try:
            with writing(path), path.open("w" if force else "x", encoding="utf-8") as file:
                file.write(template())
        except FileExistsError:
            complain(f"{named(path)} is there already; --force writes over it")
            raise typer.Exit(1) from None
    say(f"Wrote {named(path)}: every setting with its default.", "green")
    say(f"Change what you like, then see what it means: convergence check {named(path)}")
