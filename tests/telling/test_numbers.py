"""Numbers as people read them: nothing that nobody would write."""

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.forecast import Estimate
from convergence_callbacks.telling import numbers

ANY = st.floats(allow_nan=True, allow_infinity=True)
SOME = st.one_of(st.none(), ANY)
POSITIVE = st.floats(1e-12, 1e12)
PLAIN = re.compile(r"-?[\d,]+(\.\d*[1-9])?(e[+-]\d+)?|-?infinite|–|0")


@given(SOME)
def test_a_value_is_plain_digits_or_a_dash(number):
    assert PLAIN.fullmatch(numbers.value(number))


@given(st.floats(1e-4, 1e6 - 1), st.integers(2, 6))
def test_a_value_of_usual_size_has_no_exponent_and_is_right_to_its_digits(number, digits):
    written = numbers.value(number, digits)
    assert "e" not in written
    assert math.isclose(float(written), number, rel_tol=0.51 * 10 ** (1 - digits), abs_tol=1e-12)


@given(SOME)
def test_a_share_is_percent_without_a_space_or_an_exponent(share):
    assert re.fullmatch(r"-?[<>]?[\d,]+(\.\d*[1-9])?%|–", numbers.percent(share))


@given(SOME)
def test_an_amount_is_there_where_something_happened_and_only_there(share):
    written = numbers.amount(share)
    if share is None or not math.isfinite(share) or share <= 0:
        assert written is None
    else:
        assert "-" not in written and not written.startswith("0%") and re.search("[1-9]", written)


@given(ANY)
def test_a_confidence_is_never_quite_certain(confidence):
    assert re.fullmatch(r"\d\d?%|>99%|–", numbers.sure(confidence))


@given(st.floats(0, 1e7), st.sampled_from(["epoch", "evaluation", "step", "round", "entry"]))
def test_one_is_singular_and_all_others_are_plural(amount, noun):
    written = numbers.count(amount, noun)
    assert written.endswith(noun) == (written.split()[0] == "1")


@given(st.tuples(POSITIVE, POSITIVE, POSITIVE).map(sorted))
def test_what_is_left_agrees_in_number_and_has_no_empty_interval(ends):
    written = numbers.left(Estimate(*ends), Counter("round"))
    amount, noun = re.fullmatch(r"≈ ([\d,]+) (rounds?)(?: \([\d,]+–[\d,]+\))?", written).groups()
    assert (noun == "round") == (amount == "1")
    interval = re.search(r"\((.*)–(.*)\)", written)
    assert interval is None or interval[1] != interval[2]


@given(SOME)
def test_a_time_is_in_units_that_one_can_grasp(hours):
    assert re.fullmatch(r"(\d+ d( \d+ h)?|\d+ h( \d+ min)?|\d+ min|\d+ s|–)", numbers.duration(hours))
