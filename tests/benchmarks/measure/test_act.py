"""What acting on verdicts is said to be worth."""

import pytest

for needed in ("torch", "joblib", "sklearn"):
    pytest.importorskip(needed, reason="needs pip install 'convergence-callbacks[record]'")

from benchmarks.measure.act import OWN, PLATEAU, Result, beside_plateaus, good_losses, healed, judged


def result(way, test, *, multiplier=1.0, epochs=50, task="a", trivial=1.0):
    return Result(task, f"data of {task}", multiplier, way, trivial, test, epochs)


SOUND = [result("cosine", 0.2), result("heal", 0.2, epochs=40), *(result(way, 0.6, epochs=30) for way in PLATEAU)]


def test_acting_is_held_against_each_plateau_schedule_by_gain_and_epochs():
    lines = beside_plateaus(SOUND, good_losses(SOUND)).splitlines()[2:]
    assert lines == [f"| {way} | 0.500 (0.500–0.500) | 10.0 (10.0–10.0) |" for way in PLATEAU]


def test_a_run_at_a_wrong_rate_is_healed_where_it_comes_within_a_tenth_of_a_good_rates_gain():
    wrong = [result(way, loss, multiplier=10.0) for way, loss in zip(OWN, (0.9, 0.27, 0.29), strict=True)]
    low = [result(way, 0.9, multiplier=0.01) for way in OWN]
    shares = healed(wrong + low, good_losses(SOUND)).splitlines()[2].split("|")[2:-1]
    assert [share.split()[0] for share in shares] == ["0.000", "1.000", "0.000"]


def test_a_task_on_which_there_is_next_to_nothing_to_gain_is_left_out():
    little = [result("cosine", 0.95, task="b"), result("heal", 0.9, task="b")]
    good = good_losses([*SOUND, *little])
    assert {row.task for row in judged([*SOUND, *little], good)} == {"a"}
