"""The program ``convergence``, made of its commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from convergence_callbacks import __version__
from convergence_callbacks.cli.check import check
from convergence_callbacks.cli.compare import compare
from convergence_callbacks.cli.doctor import doctor
from convergence_callbacks.cli.explain import explain
from convergence_callbacks.cli.init import init
from convergence_callbacks.cli.replay import replay
from convergence_callbacks.cli.report import report
from convergence_callbacks.cli.serve import serve
from convergence_callbacks.cli.standard_output import output_watched
from convergence_callbacks.cli.watch import watch


class Program(typer.Typer):
    """The commands, run as a program."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name, and exit with its status."""
        with output_watched():
            return super().__call__(*args, **kwargs)


app = Program(
    name="convergence",
    help="Find out when a training was finished, and why.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,  # they may be private
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convergence {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Find out when a training was finished, and why."""


app.command()(init)
app.command()(check)
app.command()(replay)
app.command()(compare)
app.command()(report)
app.command()(serve)
app.command()(watch)
app.command()(explain)
app.command()(doctor)
