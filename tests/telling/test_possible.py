"""Whatever the numbers, no sentence says what can't be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergence_callbacks import Decision, Verdict
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.telling import words_of

NAMES = (
    *("expected_gain", "expected_gain_most", "tolerance", "gap_widening", "recent_gain", "recent_epochs"),
    *("validation_rise", "train_fall", "loss_rise_since_best", "train_fall_since_best"),
    *("late_share", "fall_per_epoch", "times_too_low", "looks_flat", "is_steady", "advised_rate", "rate_falls"),
    *("jump", "threshold", "only_recovered", "loss", "started_at", "train_started_at", "train_best", "times_too_high"),
    *("best", "epochs", "train_has_begun", "non_finite_in_a_row", "train_falls"),
    *("val_acc_rise", "val_acc_at_best", "val_acc_now", "val_acc_moved"),
    *("probe_raised_progress", "probe_lowered_advantage", "probe_epochs", "probe_found"),
    *("rate_total", "rate_times", "trial_brought", "trial_epoch", "wait", "patience", "fall"),
)
FOUND_BY = st.sampled_from(
    [
        *(("diagnosis",), ("expected_gain",), ("non_finite_loss",), ("exploding_loss",), ("not_learning",)),
        *(("max_epochs",), ("probe",), ("patience",), ("plateau", "patience"), ()),
    ]
)
NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.floats(-2, 2), st.integers(-3, 400), st.just(0.0)
)
DECISIONS = st.builds(
    Decision,
    verdict=st.sampled_from(Verdict),
    found_by=FOUND_BY,
    evidence=st.dictionaries(st.sampled_from(NAMES), NUMBERS),
    stop=st.booleans(),
    step=st.integers(0, 500),
    best_step=st.one_of(st.none(), st.integers(0, 500)),
    best_value=st.one_of(st.none(), st.floats(-1e6, 1e6)),
    action=st.sampled_from(["", "raise_lr", "lower_lr", "roll_back", "keep", "undo", "on_trial"]),
    counter=st.builds(Counter, st.sampled_from(["epoch", "round", "evaluation"]), st.sampled_from([0, 1])),
)

IMPOSSIBLE = {
    "a negative share": r"by (another )?-|-[\d.,]+%",
    "nothing as an amount": r"(by|fell|rose|gained|made|got) (only |another |about )?(0%|–|0 times)",
    "an exponent before a unit": r"\de[+-]?\d+ ?(%|times|epoch)",
    "a space before percent": r"\d %",
    "a share without its zero": r"(?<![\d,])\.\d+%",
    "plus or minus nothing": r"±0%|±–",
    "one of many": r"\b1 (epochs|rounds|evaluations|hours)\b",
    "many of one": r"\b([02-9]|\d\d+) (epoch|round|evaluation|hour)\b",
    "a number that is none": r"\bnan\b|\binf\b|None",
    "an empty clause": r"; ;|: \||; \||\| \||  ",
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
@given(decision=DECISIONS)
def test_no_sentence_says_what_can_not_be(what, decision):
    line = words_of(decision).line
    found = re.search(IMPOSSIBLE[what], line)
    assert found is None, f"{what}: {line}"


@given(decision=DECISIONS)
def test_steps_are_called_by_one_name_only(decision):
    other = {"epoch": "round", "round": "epoch", "evaluation": "epoch"}[decision.counter.noun]
    assert not re.search(rf"\b{other}s?\b", words_of(decision).line)
