"""What the commands take that read logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convergence_callbacks.adapter.names import likely_mode
from convergence_callbacks.cli.output import complain
from convergence_callbacks.config.read import read_settings
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError

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

ScheduleKnown = Annotated[
    bool,
    typer.Option(
        "--schedule-known",
        help="Tell the rule the logged learning rates in advance: right for a fixed schedule, not for one that reacts.",
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
    settings = Settings(**{name: given[name] for name in Settings.__dataclass_fields__ if name in given})
    if settings.mode == "max" and choice.val is None:
        raise LogError("mode 'max' needs the name of what is to rise: --val-metric")
    if "mode" not in given and choice.val is not None and likely_mode(choice.val) == "max":
        complain(
            f"note: of {choice.val!r} more seems to be better, and it is judged as a loss, of which less is; "
            "mode: max in a settings file changes that (--settings)"
        )
    return settings, choice


def listed(names: str) -> list[str]:
    """The names in an option that takes several, with commas between."""
    return [name.strip() for name in names.split(",") if name.strip()]
