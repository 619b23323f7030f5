"""What rules spend, against what they lose."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from convergence_callbacks.colours import FAINT, INK, TRAIN
from convergence_callbacks.compare import Comparison, RuleResult
from convergence_callbacks.telling.numbers import percent


def plot_frontier(comparison: Comparison, *, title: str = "") -> Figure:
    """Draw what each rule spends against what it loses, with intervals; those on the frontier are joined.

    Args:
        comparison: The rules, compared on a workload.
        title: What the workload is.

    Returns:
        A matplotlib figure; ``figure.savefig("frontier.png")`` writes it.

    Raises:
        ValueError: There is nothing to draw.
    """
    if not comparison.rules:
        raise ValueError("there is nothing to draw: no rule was compared on a training that gained anything")
    figure = Figure(figsize=(8, 4.8), dpi=150, layout="constrained")
    axes = figure.subplots()
    for result in comparison.rules:
        _draw_rule(axes, result)
    frontier = sorted((each.lost, each.spent) for each in comparison.rules if each.is_on_frontier)
    axes.plot(*zip(*frontier, strict=True), color=TRAIN, lw=1.2, alpha=0.6, zorder=1)
    axes.set_xlabel("lost: share of a run's gain, on average", color=INK)
    axes.set_ylabel("spent: share of the epochs, on average", color=INK)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda share, _: percent(share)))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E6E6E6", lw=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.12, y=0.08)
    figure.canvas.draw()  # places are known only now
    _write_names(axes, comparison.rules)
    runs = f"{comparison.runs} {'run' if comparison.runs == 1 else 'runs'}"
    axes.set_title(f"{title}: {runs}" if title else runs, loc="left", fontsize=12, weight="bold", color=INK)
    return figure


def _colour(result: RuleResult) -> str:
    return TRAIN if result.is_on_frontier else FAINT


def _draw_rule(axes: Axes, result: RuleResult) -> None:
    (left, right), (low, high) = result.lost_interval, result.spent_interval
    axes.plot([left, right], [result.spent] * 2, color=_colour(result), lw=1, alpha=0.35)
    axes.plot([result.lost] * 2, [low, high], color=_colour(result), lw=1, alpha=0.35)
    axes.plot(result.lost, result.spent, "o", ms=6, color=_colour(result))


def _write_names(axes: Axes, results: Sequence[RuleResult]) -> None:
    """Write each rule beside its point, further up where another name is in the way."""
    taken: list[tuple[float, float]] = []
    for result in sorted(results, key=lambda each: each.spent):
        x, y = axes.transData.transform((result.lost, result.spent))
        height = y
        while any(abs(x - other) < 150 and abs(height - level) < 24 for other, level in taken):
            height += 4
        taken.append((x, height))
        axes.annotate(
            result.rule.replace("$", r"\$"),
            (result.lost, result.spent),
            xytext=(7, 4 + (height - y) * 72 / axes.figure.dpi),
            textcoords="offset points",
            color=_colour(result),
            fontsize=8.5,
        )
