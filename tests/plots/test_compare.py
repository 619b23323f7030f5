import dataclasses
import itertools
import math

import pytest

from convergence_callbacks import Observation
from convergence_callbacks.compare import Comparison, RuleResult
from convergence_callbacks.plots import plot_compare, plot_frontier
from convergence_callbacks.replay import replay
from tests.curves import exponential, overfitting
from tests.test_replay import run_of

RULES = tuple(
    RuleResult(f"patience:{n}", n / 50, (n / 60, n / 40), 1 / n, (0.5 / n, 2 / n), 0.3, 9, None, n != 20)
    for n in (5, 10, 20, 21)
)


def named(curve, name, **more):
    return dataclasses.replace(run_of(curve, **more), name=name)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_each_run_is_named_at_its_end_and_ringed_at_its_stop(tmp_path):
    runs = [named(overfitting(60, best=10), "one"), named(exponential(8, 20), "two $x$")]
    replays = [replay(run) for run in runs]
    figure = plot_compare(replays, title="both")
    figure.savefig(tmp_path / "compare.png")
    axes = figure.axes[0]
    assert sorted(texts(axes)) == ["one", r"two \$x\$"]
    rings = [line for line in axes.lines if line.get_marker() == "o"]
    assert [ring.get_xdata()[0] for ring in rings] == [replays[0].stop.step]


def test_names_at_the_ends_do_not_lie_on_each_other():
    figure = plot_compare([replay(named(exponential(60, 8), f"run {i}")) for i in range(8)])
    heights = sorted(text.get_position()[1] for text in figure.axes[0].texts)
    assert all(b - a > 0.05 for a, b in itertools.pairwise(heights))


def test_a_run_without_a_finite_loss_is_left_blank():
    nothing = dataclasses.replace(named(exponential(9, 2), "x"), observations=(Observation(step=0, val_loss=math.nan),))
    assert texts(plot_compare([replay(nothing), replay(named(exponential(9, 2), "y"))]).axes[0]) == ["y"]


@pytest.mark.parametrize(("count", "words"), [(0, "no training"), (9, "at most 8 trainings")])
def test_what_can_not_be_drawn_is_reported(count, words):
    with pytest.raises(ValueError, match=words):
        plot_compare([replay(run_of(exponential(9, 2)))] * count)


def test_rules_are_named_and_the_frontier_joins_those_that_no_other_beats(tmp_path):
    figure = plot_frontier(Comparison(12, 0, RULES), title="ours")
    figure.savefig(tmp_path / "frontier.svg")
    axes = figure.axes[0]
    assert sorted(texts(axes)) == sorted(rule.rule for rule in RULES)
    joined = max((line for line in axes.lines if line.get_marker() != "o"), key=lambda line: len(line.get_xdata()))
    assert list(joined.get_xdata()) == [1 / 21, 1 / 10, 1 / 5]
    assert axes.get_title(loc="left") == "ours: 12 runs"


def test_a_frontier_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no rule was compared"):
        plot_frontier(Comparison(0, 3, ()))
