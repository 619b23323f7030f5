"""What the commands take that read logs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

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
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="A settings file; without it, the defaults.", show_default=False)
]
TrainMetric = Annotated[str | None, typer.Option("--train-metric", help="Column of the train loss.")]
ValMetric = Annotated[str | None, typer.Option("--val-metric", help="Column of the validation loss.")]
LrColumn = Annotated[str | None, typer.Option("--lr-column", help="Column of the learning rate.")]
EpochColumn = Annotated[str | None, typer.Option("--epoch-column", help="Column of the epoch's number.")]
StepColumn = Annotated[str | None, typer.Option("--step-column", help="Column of the step's number.")]
TimeColumn = Annotated[str | None, typer.Option("--time-column", help="Column of the time.")]

EnergyColumn = Annotated[str | None, typer.Option("--energy-column", help="Column of the energy, in kWh.")]

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


def settings_and_columns(
    file: Path | None,
    train_metric: str | None,
    val_metric: str | None,
    lr_column: str | None,
    epoch_column: str | None,
    step_column: str | None,
    time_column: str | None,
    energy_column: str | None,
    max_epochs: int | None = None,
) -> tuple[Settings, ColumnChoice]:
    """The monitor's settings, and the columns: named on the command line, or else in the settings file.

    Raises:
        SettingsError: The file is wrong; names the line.
        OSError: It can't be read.
    """
    given = read_settings(file) if file is not None else {}
    choice = ColumnChoice(
        train=train_metric or given.get("train_metric"),
        val=val_metric or given.get("val_metric"),
        lr=lr_column,
        epoch=epoch_column,
        step=step_column,
        time=time_column,
        energy=energy_column,
    )
    named = {name: given[name] for name in Settings.__dataclass_fields__ if name in given}
    settings = Unasked() if file is None else Settings(**named)
    if max_epochs is not None:
        settings = dataclasses.replace(settings, max_epochs=max_epochs)
    if settings.mode == "max" and choice.val is None:
        raise LogError("mode 'max' needs the name of what is to rise: --val-metric")
    judged = choice.val or choice.train
    if judged is not None:
        settings = dataclasses.replace(settings, mode=direction_of(judged, mode=settings.mode))
    return settings, with_named(choice, [settings])


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
