"""The page of all commands, from the commands themselves."""

from __future__ import annotations

import inspect
from typing import Any

import typer.main

from convergence_callbacks.cli import app

INTRODUCTION = """# Commands

`convergence COMMAND --help` prints the same on a terminal. What `--json` prints keeps to a JSON schema that ships with
the package, in `convergence_callbacks/cli/schemas`.

Any command ends with status 5 if what it prints can't be written: with one line on standard error if the disk is full,
and without a word if the pipe was closed, as by `| head -1`. Only a `watch` with `--on-stop` or `--notify` goes on, as
it has more to do.
"""

Part = Any
"""A command or one of its parameters: typer has a copy of click of its own, and older versions use click itself."""


def commands_page() -> str:
    """What each command takes, in the order in which `convergence --help` lists them."""
    group: Part = typer.main.get_command(app)
    return INTRODUCTION + "".join(_section(name, command) for name, command in group.commands.items())


def _section(name: str, command: Part) -> str:
    parameters = [each for each in command.params if each.name != "help"]
    usage = " ".join(["convergence", name, "[OPTIONS]", *(_place(each) for each in parameters if _is_argument(each))])
    text = inspect.cleandoc(command.help or "")
    head = f"\n## {name}\n\n```console\n{usage}\n```\n\n{text}\n"
    rows = "".join(map(_row, parameters))
    return f"{head}\n| | default | |\n|---|---|---|\n{rows}" if rows else head


def _is_argument(parameter: Part) -> bool:
    return bool(parameter.param_type_name == "argument")


def _place(argument: Part) -> str:
    """An argument as the usage shows it."""
    name = f"{argument.metavar or argument.name.upper()}{'...' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"


def _row(parameter: Part) -> str:
    names = [_place(parameter)] if _is_argument(parameter) else sorted(parameter.opts, key=len)
    text = _cell(parameter.help or "")
    return f"| {', '.join(f'`{_cell(name)}`' for name in names)} | {_default(parameter)} | {text} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(parameter: Part) -> str:
    if parameter.required:
        return "must be given"
    return "" if parameter.default in {None, False, ""} else f"`{parameter.default}`"
