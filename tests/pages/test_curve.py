import dataclasses
import math

import numpy as np
import pytest

from convergence_callbacks import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import Columns
from convergence_callbacks.pages.curve import CUT, MOST, chart_of, comparison_of, spark_of
from convergence_callbacks.replay import replay
from tests.curves import exponential
from tests.pages.cards import card_of, run_of, sound


def chart(run):
    return chart_of(replay(run))


def test_a_short_run_is_drawn_whole_as_its_log_numbers_it():
    drawn = chart(run_of(sound(), counts_from=1))
    assert drawn["x"] == list(range(1, 101))
    assert [series["name"] for series in drawn["series"]] == ["train", "validation"]
    assert drawn["series"][1]["y"] == pytest.approx(sound().val, rel=1e-4)
    assert drawn["verdicts"][0][0] == 1 and drawn["verdicts"][-1][1] == 100


def test_of_a_long_run_no_spike_and_no_mark_is_lost():
    curve = exponential(1200, 40, noise=0.001)
    curve.val[777] = 50.0
    replayed = replay(run_of(curve))
    drawn = chart_of(replayed)
    assert len(drawn["x"]) <= MOST + 6
    assert drawn["series"][1]["y"][drawn["x"].index(777)] == 50.0
    assert drawn["stop"] in drawn["x"] and drawn["best"]["x"] in drawn["x"]
    assert drawn["x"][0] == 0 and drawn["x"][-1] == 1199 and drawn["x"] == sorted(drawn["x"])


def test_what_is_not_finite_is_a_gap():
    curve = exponential(20, 5)
    curve.val[7], curve.val[8] = math.nan, math.inf
    assert chart(run_of(curve))["series"][1]["y"][6:10].count(None) == 2


def test_a_run_without_a_finite_loss_has_no_curve():
    run = dataclasses.replace(run_of(), observations=tuple(Observation(step=e, val_loss=math.nan) for e in range(600)))
    drawn = chart(run)
    assert drawn["series"] == [] and drawn["best"] is None and spark_of(drawn) == ""


def test_the_axis_is_logarithmic_where_the_loss_falls_far():
    assert chart(run_of(exponential(100, 8, floor=0.002)))["log"]
    assert not chart(run_of(exponential(100, 8, floor=0.2)))["log"]


def test_a_small_curve_stays_inside_its_frame():
    points = np.array([pair.split(",") for pair in spark_of(chart(run_of(sound())), 96, 26).split()], dtype=float)
    assert len(points) > 20 and (points >= 0).all() and (points <= [96, 26]).all()


def test_a_comparison_has_the_judged_curve_of_each_run():
    charts = [chart(run_of(sound(), name="one")), chart(run_of(name="two", unit="round"))]
    compared = comparison_of(charts)
    assert [series["name"] for series in compared["series"]] == ["one", "two"]
    assert compared["series"][0]["y"] == charts[0]["series"][1]["y"] and compared["unit"] == "step"


def test_what_is_to_rise_is_not_called_a_loss():
    columns = Columns(val="val_acc")
    rising = replay(run_of(train=False, columns=columns), Settings(mode="max"))
    assert chart_of(rising)["measure"] == "val_acc"
    assert chart(run_of(columns=columns))["measure"] == "loss"
    assert comparison_of([chart_of(rising), chart(run_of())])["measure"] == "judged metric"


def test_the_band_is_what_was_expected_at_the_stop_or_at_the_latest_epoch():
    stopped = replay(run_of(sound()), with_forecast=True)
    band = chart_of(stopped)["band"]
    assert stopped.forecast.step == stopped.stop.step < band["x"][0] and band["x"][-1] <= 99
    assert all(low <= value <= high for low, value, high in zip(band["low"], band["value"], band["high"], strict=True))
    growing = replay(run_of(exponential(20, 30)), with_forecast=True, is_over=False)
    assert growing.forecast.step == 19 and chart_of(growing)["band"]["x"][-1] == 40
    assert chart(run_of(sound()))["band"] is None
    assert chart_of(replay(run_of(exponential(3, 30)), with_forecast=True))["band"] is None


def test_a_card_names_epochs_as_the_log_numbers_them():
    plain, numbered = card_of(sound()), card_of(sound(), counts_from=1)

    def best(card):
        return int(card.advice[0].split()[-1])

    assert best(numbered) == best(plain) + 1
    assert [turn.number for turn in numbered.turns] == [turn.number + 1 for turn in plain.turns]
    assert numbered.turns[-1].decision.best_step == plain.turns[-1].decision.best_step + 1


def test_a_run_that_exploded_is_cut_off_above_its_beginning():
    curve = sound()
    wild = dataclasses.replace(curve, val=np.where(np.arange(100) > 95, 1e12, curve.val))
    drawn = chart(run_of(wild))
    start = max(drawn["series"][0]["y"][0], drawn["series"][1]["y"][0])
    assert drawn["top"] == pytest.approx(CUT * start, rel=1e-3) and max(drawn["series"][1]["y"]) == 1e12
    assert chart(run_of(sound()))["top"] is None
