"""What a picture of a training shows."""

import dataclasses
import itertools
import math

import pytest

pytest.importorskip("matplotlib", reason="needs pip install 'convergence-callbacks[plots]'")

from convergence_callbacks import Estimate, Monitor, Observation, Verdict
from convergence_callbacks.colours import OF_VERDICT, ON_VERDICT
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.plots import plot_training
from tests.curves import exponential, overfitting


def record(curve, monitor=None, *, sign=1.0):
    """Every epoch of a curve, and the decisions until the stop."""
    monitor = monitor or Monitor(max_epochs=len(curve.val))
    observations = [
        Observation(step=epoch, train_loss=sign * curve.train[epoch], val_loss=sign * curve.val[epoch])
        for epoch in range(len(curve.val))
    ]
    decisions = []
    for observation in observations:
        decisions.append(monitor.observe(observation))
        if decisions[-1].stop:
            break
    return observations, decisions


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [text.get_text() for text in figure.texts]


def saved(figure, tmp_path):
    path = tmp_path / "picture.png"
    figure.savefig(path)
    return path.read_bytes()


def test_it_names_both_curves_the_stop_the_best_epoch_and_the_verdict(tmp_path):
    observations, decisions = record(exponential(80, 6, noise=0.003))
    stop = decisions[-1]
    shown = texts(figure := plot_training(observations, decisions, title="Mine"))
    assert {"train", "validation", f"stop: epoch {stop.step}"} <= set(shown)
    assert f"best {stop.best_value:.4g}\nepoch {stop.best_step}" in shown
    assert "Mine: converged" in shown
    assert any(text.startswith(f"Stopped after {stop.step + 1} of 80 epochs: expected") for text in shown)
    assert saved(figure, tmp_path).startswith(b"\x89PNG")


def test_it_shows_where_patience_would_have_stopped():
    observations, decisions = record(overfitting(60, 12))
    assert "patience 10: epoch 22" in texts(plot_training(observations, decisions))
    assert "patience 5: epoch 17" in texts(plot_training(observations, decisions, patience=5))
    assert not any("patience" in text for text in texts(plot_training(observations, decisions, patience=None)))


def test_patience_that_never_stops_is_labelled_so():
    observations, decisions = record(exponential(30, 50))
    assert "patience 10 never stops" in texts(plot_training(observations, decisions))


def test_a_training_that_used_up_its_budget_has_no_stop():
    observations, decisions = record(exponential(20, 50))
    shown = texts(plot_training(observations, decisions))
    assert decisions[-1].stop and not any(text.startswith("stop:") for text in shown)
    assert any(text.startswith("Not stopped in 20 epochs") for text in shown)


def test_more_can_be_better():
    observations, decisions = record(exponential(60, 5), Monitor(max_epochs=60, mode="max"), sign=-1.0)
    assert "patience 10 never stops" in texts(plot_training(observations, decisions, mode="max"))
    assert "patience 10: epoch 10" in texts(plot_training(observations, decisions, mode="min"))


def test_the_ribbon_has_a_strip_for_each_spell_of_a_verdict():
    observations, decisions = record(exponential(80, 6, noise=0.003))
    ribbon = plot_training(observations, decisions).axes[1]
    spells = [verdict for verdict, _ in itertools.groupby(decision.verdict for decision in decisions)]
    assert len(ribbon.patches) == len(spells)
    assert ribbon.texts[-1].get_text() == spells[-1] == "converged"


def test_what_came_after_the_stop_is_drawn_faint():
    observations, decisions = record(exponential(80, 6, noise=0.003))
    strong = [line for line in plot_training(observations, decisions).axes[0].lines if line.get_linewidth() == 1.8]
    assert [int(line.get_xdata()[-1]) for line in strong] == [decisions[-1].step] * 2


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_epochs_without_a_number_are_marked(value, tmp_path):
    observations = [
        Observation(step=e, train_loss=value, val_loss=value if e == 3 else 1.0 / (e + 1)) for e in range(9)
    ]
    monitor = Monitor()
    figure = plot_training(observations, [monitor.observe(o) for o in observations])
    crosses = next(line for line in figure.axes[0].lines if line.get_marker() == "x")
    assert list(crosses.get_xdata()) == [3]
    assert saved(figure, tmp_path)


def test_a_training_in_which_nothing_is_finite_can_be_drawn(tmp_path):
    observations = [Observation(step=e, val_loss=math.nan) for e in range(5)]
    monitor = Monitor()
    assert saved(plot_training(observations, [monitor.observe(o) for o in observations]), tmp_path)


@pytest.mark.parametrize("epochs", [1, 2, 3, 1000])
def test_any_length_can_be_drawn(epochs, tmp_path):
    observations, decisions = record(exponential(epochs, 300))
    assert saved(plot_training(observations, decisions), tmp_path)


def test_a_single_explosion_does_not_flatten_the_rest():
    curve = exponential(60, 5)
    curve.val[30] = 1e9
    observations, decisions = record(curve)
    assert plot_training(observations, decisions).axes[0].get_ylim()[1] < 1e4


def test_a_range_of_orders_of_magnitude_gets_a_logarithmic_axis():
    observations, decisions = record(exponential(60, 5, floor=0.002), Monitor())
    assert plot_training(observations, decisions).axes[0].get_yscale() == "log"
    observations, decisions = record(exponential(60, 5, floor=0.5), Monitor())
    assert plot_training(observations, decisions).axes[0].get_yscale() == "linear"


def test_nothing_to_draw_is_reported():
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_training([], [])


def test_every_verdict_has_a_colour_of_its_own_and_a_text_that_is_read_on_it():
    def luminance(colour):
        if not colour.startswith("#"):
            return 1.0
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return sum(
            w * (c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4)
            for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True)
        )

    assert len({OF_VERDICT[verdict] for verdict in Verdict}) == len(Verdict)
    for verdict in Verdict:
        light, dark = sorted((luminance(OF_VERDICT[verdict]), luminance(ON_VERDICT[verdict])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3.4, verdict  # WCAG asks 3 of large text


def test_it_counts_as_the_framework_does():
    monitor = Monitor(max_epochs=80, counter=Counter("evaluation", first=1))
    observations, decisions = record(exponential(80, 6, noise=0.003), monitor)
    stop = decisions[-1]
    figure = plot_training(observations, decisions, forecast=monitor.forecast())
    shown = texts(figure)
    assert f"stop: evaluation {stop.step + 1}" in shown
    assert f"best {stop.best_value:.4g}\nevaluation {stop.best_step + 1}" in shown
    assert any(text.startswith("patience 10: evaluation ") for text in shown)
    assert any(text.startswith(f"Stopped after {stop.step + 1} of 80 evaluations: ") for text in shown)
    assert not any("epoch" in text for text in shown)
    axis = figure.axes[1].xaxis
    assert axis.get_label_text() == "evaluation"
    first, second, third = axis.get_major_locator().tick_values(0, 79)[:3]
    assert axis.get_major_formatter()(second) == f"{second + 1:.0f}"
    assert (second + 1) % (third - second) == 0 and third - second == second - first


def test_a_picture_that_ends_at_the_stop_does_not_say_of_how_many():
    observations, decisions = record(exponential(80, 6, noise=0.003))
    shown = texts(plot_training(observations[: len(decisions)], decisions, patience=60))
    assert any(text.startswith(f"Stopped after {len(decisions)} epochs:") for text in shown)
    assert "patience 60 goes on" in shown


def test_the_forecast_is_a_band_to_the_end_of_the_budget_with_its_eta(tmp_path):
    monitor = Monitor(max_epochs=80)
    observations, decisions = record(exponential(20, 6, noise=0.003), monitor)
    forecast = monitor.forecast()
    plain, figure = plot_training(observations, decisions), plot_training(observations, decisions, forecast=forecast)
    assert f"from epoch 19: {forecast.eta}" in texts(figure)
    assert len(figure.axes[0].collections) == len(plain.axes[0].collections) + 1
    assert figure.axes[0].get_xlim()[1] >= 79 > plain.axes[0].get_xlim()[1]
    assert saved(figure, tmp_path)


def test_a_forecast_at_the_end_draws_nothing():
    monitor = Monitor(max_epochs=20)
    observations, decisions = record(exponential(20, 6), monitor)
    figure = plot_training(observations, decisions, forecast=monitor.forecast())
    assert not any("ETA" in text for text in texts(figure))


def test_a_band_far_outside_does_not_flatten_the_curves():
    monitor = Monitor(max_epochs=40)
    observations, decisions = record(exponential(20, 6, floor=0.5), monitor)
    forecast = monitor.forecast()
    far = dataclasses.replace(forecast, path=((39.0, Estimate(-1e6, 0.5, 1e6)),))
    low, high = plot_training(observations, decisions, forecast=far).axes[0].get_ylim()
    assert high - low < 5


def test_labels_over_the_axes_do_not_share_a_line_where_they_are_near():
    monitor = Monitor(max_epochs=80)
    observations, decisions = record(exponential(80, 6, noise=0.003), monitor)
    figure = plot_training(observations, decisions, patience=6, forecast=monitor.forecast())
    over = [text for text in figure.axes[0].texts if 1 < text.get_position()[1] < 1.3]
    assert len(over) == len({text.get_position()[1] for text in over}) == 3


def acted(decisions, *done):
    """The decisions with what was done at some of their epochs: epoch, action, and its numbers."""
    by_step = {step: (action, numbers) for step, action, numbers in done}
    for decision in decisions:
        action, numbers = by_step.get(decision.step, ("", {}))
        yield dataclasses.replace(decision, action=action, evidence={**decision.evidence, **numbers})


def test_each_action_is_marked_with_what_it_brought(tmp_path):
    observations, decisions = record(exponential(40, 4, noise=0.001), Monitor(max_epochs=40, stop_on=()))
    done = (
        (10, "raise_lr", {"rate_times": 30.0}),
        (15, "keep", {"rate_times": 30.0, "trial_brought": 0.12}),
        (20, "lower_lr", {"rate_times": 0.1}),
        (22, "undo", {"rate_times": 0.1}),
        (30, "roll_back", {"rate_times": 0.1}),
        (31, "roll_back", {"rate_times": 0.01}),
        (36, "keep", {"rate_times": 0.01}),
        (38, "lower_lr", {"rate_times": 0.5}),
    )
    figure = plot_training(observations, list(acted(decisions, *done)))
    marks = [text for text in texts(figure) if text.startswith("rate")]
    assert marks == [
        "rate × 30: brought 12% of the gain",
        "rate ÷ 10: undone",
        "rate ÷ 100: kept",
        "rate ÷ 2: on trial",
    ]
    saved(figure, tmp_path)
