"""The options of the commands that read logs, declared once."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from convergence_callbacks.config.read import read_settings
from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.read import runs_below
from convergence_callbacks.logs.run import Run
from convergence_callbacks.metrics import direction_of
from convergence_callbacks.metrics.direction import direction_of_named
from convergence_callbacks.replay import Unasked

LogPaths = Annotated[
    list[Path],
    typer.Argument(help="Logs, or folders of logs; a pattern such as 'runs/*.csv' works too.", show_default=False),
]
LogPath = Annotated[Path, typer.Argument(help="A log, or a folder of logs.", show_default=False)]
MaxEpochs = Annotated[
    int | None,
    typer.Option("--max-epochs", min=1, help="Epochs that were planned, if the log does not hold them."),
]

ScheduleKnown = Annotated[
    bool,
    typer.Option(
        "--schedule-known",
        help="Let the rule know the logged learning rates in advance: right for a fixed schedule only.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """The settings file and the columns of a command that reads logs, an option for each field."""

    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="A settings file; without it, the defaults.", show_default=False)
    ] = None
    train_metric: Annotated[str | None, typer.Option(help="Column of the train loss.")] = None
    val_metric: Annotated[str | None, typer.Option(help="Column of the validation loss.")] = None
    lr_column: Annotated[str | None, typer.Option(help="Column of the learning rate.")] = None
    epoch_column: Annotated[str | None, typer.Option(help="Column of the epoch's number.")] = None
    step_column: Annotated[str | None, typer.Option(help="Column of the step's number.")] = None
    time_column: Annotated[str | None, typer.Option(help="Column of the time.")] = None
    energy_column: Annotated[str | None, typer.Option(help="Column of the energy, in kWh.")] = None

    def settings_and_columns(self, max_epochs: int | None = None) -> tuple[Settings, ColumnChoice]:
        """The monitor's settings, and the columns: named on the command line, or else in the settings file.

        Args:
            max_epochs: Epochs that were planned, in place of those in the settings.

        Raises:
            SettingsError: The file is wrong; names the line.
            OSError: It can't be read.
        """
        given = {} if self.settings_file is None else read_settings(self.settings_file)
        choice = ColumnChoice(
            train=self.train_metric or given.get("train_metric"),
            val=self.val_metric or given.get("val_metric"),
            lr=self.lr_column,
            epoch=self.epoch_column,
            step=self.step_column,
            time=self.time_column,
            energy=self.energy_column,
        )
        named = {name: given[name] for name in Settings.__dataclass_fields__ if name in given}
        settings = Unasked() if self.settings_file is None else Settings(**named)
        if max_epochs is not None:
            settings = dataclasses.replace(settings, max_epochs=max_epochs)
        if settings.mode == "max" and choice.val is None:
            raise LogError("mode 'max' needs the name of what is to rise: --val-metric")
        judged = choice.val or choice.train
        if judged is not None:
            settings = dataclasses.replace(settings, mode=direction_of(judged, mode=settings.mode))
        return settings, with_named(choice, [settings])


def takes_log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `LogOptions` in place of its keyword ``logs``, which gets their values."""
    signature = inspect.signature(command, eval_str=True)
    hints = typing.get_type_hints(LogOptions, include_extras=True)
    options = [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hints[field.name])
        for field in dataclasses.fields(LogOptions)
    ]
    parameters = [each for own in signature.parameters.values() for each in (options if own.name == "logs" else [own])]

    @functools.wraps(command)
    def taking(**given: Any) -> None:
        command(logs=LogOptions(**{option.name: given.pop(option.name) for option in options}), **given)

    taking.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return taking


def with_named(choice: ColumnChoice, rules: Iterable[Settings]) -> ColumnChoice:
    """The columns, with those of the metrics that the criteria of rules name.

    Raises:
        SettingsError: Of one of them nobody says which way it improves.
    """
    named = dict.fromkeys(choice.others)
    for rule in rules:
        if isinstance(rule.criteria, Criterion):
            named |= {metric.name: None for metric in sorted(rule.criteria.directed(direction_of_named).metrics)}
    return dataclasses.replace(choice, others=tuple(named))


def matched(paths: Sequence[Path]) -> list[Path]:
    """The paths, with those that a pattern stands for in its place: not every shell replaces it.

    >>> matched([Path("no/such/*.csv")])
    [PosixPath('no/such/*.csv')]
    """
    found: dict[Path, None] = {}
    for path in paths:
        root = Path(path.anchor or ".")
        matches = [] if path.exists() else sorted(root.glob(str(path.relative_to(path.anchor))))
        found |= dict.fromkeys(matches or [path])
    return list(found)


def folder_of(paths: Sequence[Path]) -> Path:
    """The log or folder, or the folder that several are in."""
    whole = [path.resolve() for path in paths]
    return whole[0] if len(whole) == 1 else Path(os.path.commonpath(whole))


def runs_at(paths: Sequence[Path], choice: ColumnChoice | None, problems: list[LogError]) -> Iterator[Run]:
    """The runs of several files or folders; one that can't be read is a problem, and does not hinder the others.

    Raises:
        LogError: The only one that was named can't be read.
        OSError: The same.
    """
    if len(paths) == 1:
        yield from runs_below(paths[0], choice, problems)
        return
    names = set[str]()
    for path in paths:
        try:
            for run in runs_below(path, choice, problems):
                name = run.name if run.name not in names else str(run.path)
                names.add(name)
                yield dataclasses.replace(run, name=name)
        except LogError as error:
            problems.append(error)
        except OSError as error:
            problems.append(LogError(error.strerror or str(error), path))


def listed(names: str) -> list[str]:
    """The names in an option that takes several, with commas between."""
    return [name.strip() for name in names.split(",") if name.strip()]
