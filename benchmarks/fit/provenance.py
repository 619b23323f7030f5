"""Where a fitted model comes from: the page that stands beside its trees."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fit.export import Arrays
from benchmarks.record.curves import Run


@dataclass(frozen=True, eq=False)
class Data:
    """What models are fitted to.

    Args:
        recorded: Trainings that this project recorded.
        histories: Histories that public projects logged.
        sources: Project, path and commit of each history.
    """

    recorded: Sequence[Run]
    histories: Sequence[Run] = ()
    sources: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True, eq=False)
class Made:
    """A model that was just fitted.

    Args:
        arrays: What the package keeps.
        description: What was fitted, in Markdown.
        runs: What it was fitted to.
        figures: What it comes to, by name, as measured on data sets left out of the fit.
    """

    arrays: Arrays
    description: str
    runs: Sequence[Run]
    figures: Mapping[str, float]


def provenance(model: str, made: Made, data: Data, command: str, day: datetime.date) -> str:
    """The page, in Markdown."""
    title = f"# The model `{model}`"
    return "\n\n".join([
        title,
        f"## What was fitted\n\n{made.description}",
        "## On what data",
        *_paragraphs(made.runs, data.sources),
        f"## When, and by which command\n\n{day.isoformat()}, by `{command}`.",
        "## Figures\n\nOn data sets left out of the fit:\n\n"
        + "\n".join(f"- {name}: {figure:.4g}" for name, figure in made.figures.items()),
        "On data sets that nothing was fitted to: docs/benchmark.md.",
    ]) + "\n"  # fmt: skip


def _paragraphs(runs: Sequence[Run], sources: Sequence[tuple[str, str, str]]) -> Iterable[str]:
    recorded = [run for run in runs if run.domain == "recorded"]
    names = sorted({run.data for run in recorded})
    yield f"`benchmarks/recorded.npz`: {len(recorded):,} runs of {len(names)} data sets: {', '.join(names)}."
    logged = [run for run in runs if run.domain != "recorded"]
    if logged:
        yield (
            f"{len(logged):,} histories that {len({run.data for run in logged})} public projects logged. They are no "
            "part of this project; these are their sources:"
        )
        yield "\n".join(
            f"- {project}: `{path}`{f' at {commit}' if commit else ''}" for project, path, commit in sources
        )
