"""Sentences as data."""

import pytest

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.telling.templates import fields_of, rendered


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("below {share:percent}", {"share": 0.007}, "below 0.7%"),
        ("for {wait:epochs}", {"wait": 1}, "for 1 epoch"),
        ("since {step:epoch}", {"step": 12}, "since epoch 12"),
        ("{loss:value} or {times:times}", {"loss": 0.12345678, "times": 3.0}, "0.1235 or 3 times"),
        ("try {lr:rate}", {"lr": 0.00031}, "try 0.00031"),
        ("after {hours:hours}", {"hours": 0.5}, "after 0.5 hours"),
        ("by {min_delta}", {"min_delta": "0.5%"}, "by 0.5%"),
        ("by {missing:percent}", {}, "by –"),
    ],
)
def test_each_kind_of_number_is_written_in_its_own_way(template, values, text):
    assert rendered(template, values) == text


def test_steps_are_called_and_numbered_as_the_training_does():
    assert rendered("{n:epochs}, {n:epoch}", {"n": 3}, Counter("evaluation", first=1)) == "3 evaluations, evaluation 4"


@pytest.mark.parametrize("nothing", [0.0, None, "", float("nan")])
def test_a_part_in_brackets_is_left_out_where_it_has_nothing_to_say(nothing):
    assert rendered("flat[ by {by}] again", {"by": nothing}) == "flat again"
    assert rendered("flat[ by {by}] again", {}) == "flat again"


def test_a_share_that_did_not_fall_is_left_out_and_a_negative_value_is_not():
    assert rendered("rose[ while train loss fell by {fall:percent}]", {"fall": -0.05}) == "rose"
    assert rendered("rose[ by {by}]", {"by": -2.0}) == "rose by -2"


def test_the_names_that_a_template_asks_for_are_known():
    assert list(fields_of("a {b:percent}[ {c}]")) == [("b", "percent"), ("c", "")]
