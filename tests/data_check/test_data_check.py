"""Each fault is found where it is planted in real data, and sound data are not accused."""

import numpy as np
import pytest

from convergence_callbacks import Decision, Fault, Layer, SettingsError, Verdict, check_data
from convergence_callbacks.data_check import CHECKS, explained
from convergence_callbacks.data_check.examples import Examples
from convergence_callbacks.data_check.independence import p_value

datasets = pytest.importorskip("sklearn.datasets", reason="needs the extra sklearn")

RNG = np.random.default_rng(0)
SETS = ("digits", "wine", "diabetes", "breast_cancer")


def real(name):
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(x))
    return ((x - x.mean(0)) / np.maximum(x.std(0), 1e-9))[order], y[order]


def names(*given, **named):
    return [fault.name for fault in check_data(*given, **named)]


def changed(numbers, value):
    spoilt = np.array(numbers, float)
    spoilt.reshape(-1)[len(spoilt) // 2] = value
    return spoilt


@pytest.mark.parametrize("name", SETS)
def test_real_data_are_not_accused(name):
    x, y = real(name)
    assert names(x, y) == []
    assert names(x.astype("float32"), y[:, None]) == []


@pytest.mark.parametrize("name", sorted({*SETS} - {"wine"}))  # which has too few examples
def test_shuffled_labels_are_found(name):
    x, y = real(name)
    (fault,) = check_data(x, np.random.default_rng(2).permutation(y))
    assert fault.name == "independent_labels" and "p = " in fault.reason and not fault.certain


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("constant_inputs", lambda x, y: (np.repeat(x[:1], len(x), 0), y)),
        ("duplicated_inputs", lambda x, y: (np.resize(x[: len(x) // 20], x.shape), y)),
        ("non_finite_inputs", lambda x, y: (changed(x, np.nan), y)),
        ("non_finite_inputs", lambda x, y: (changed(x, -np.inf), y)),
        ("non_finite_targets", lambda x, y: (x, changed(y, np.nan))),
        ("single_class", lambda x, y: (x, np.zeros(len(y), int))),
        ("unscaled_inputs", lambda x, y: (1e6 * x, y)),
        ("unscaled_inputs", lambda x, y: (np.c_[x, RNG.normal(1e6, 1e5, len(x))], y)),
        ("unscaled_targets", lambda x, y: (x, 1e6 * y.astype(float))),
    ],
)
def test_a_planted_fault_is_found(name, fault, spoil):
    x, y = spoil(*real(name))
    assert fault in names(x, y)
    found = next(each for each in check_data(x, y) if each.name == fault)
    assert any(digit in found.reason for digit in "0123456789") and found.advice


@pytest.mark.parametrize("kind", [int, float])
def test_one_class_is_no_case_of_independent_labels(kind):
    x, y = real("digits")
    assert names(x, np.zeros(len(y), kind)) == ["single_class"]


def test_targets_that_are_broadcast_are_found():
    x, y = real("diabetes")
    (fault,) = check_data(x, y, outputs=y[:, None])
    assert fault.name == "broadcast_targets" and fault.certain and "(442, 1)" in fault.advice
    assert names(x, y, outputs=y) == names(x, y[:, None], outputs=y[:, None]) == []


def test_class_numbers_beside_a_score_a_class_are_no_broadcast():
    x, y = real("wine")
    assert names(x, y, outputs=np.zeros((len(y), 3))) == []


def layers(*largest, trainable=True):
    return [Layer(f"layer{place}", 100, steps, trainable) for place, steps in enumerate(largest)]


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        (layers((0.1, 0.2), (0.3, 0.1)), []),
        (layers((0.0, 0.2), (0.3, 0.1)), []),  # zero in the first step only, as before a gate that begins closed
        (layers((np.inf, 0.2, 0.1, 0.1), (0.1,) * 4), []),  # a loss scale that is sought
        (layers((0.0, 0.0), (0.3, 0.1)), ["dead_layers"]),
        (layers((0.0, 0.0), (0.0, 0.0)), ["nothing_trained"]),
        (layers((0.0,), (0.0,), trainable=False), ["nothing_trained"]),
        (layers((np.nan, np.nan), (0.1, 0.1)), ["non_finite_gradients"]),
        ([*layers((0.0,), (0.0,), trainable=False), Layer("head", 10, (0.1,))], ["frozen_layers"]),
    ],
)
def test_layers_that_no_gradient_reaches_are_named(seen, fault):
    x, y = real("wine")
    found = check_data(x, y, layers=seen)
    assert [each.name for each in found] == fault
    assert all("layer0" in each.reason for each in found)


def test_a_table_of_few_categories_is_no_set_of_copies():
    rows = RNG.integers(0, 3, (1000, 4)).astype(float)
    assert len(np.unique(rows, axis=0)) < 100 and names(rows, rows.sum(1)) == []


def test_a_dependence_that_no_line_shows_is_seen():
    x = RNG.normal(size=(400, 2))
    assert names(x, (np.hypot(*x.T) > 1).astype(int)) == []


def test_what_can_not_be_known_is_not_reported():
    x = RNG.normal(size=(199, 3))
    noise = RNG.integers(0, 2, 199)
    assert p_value(Examples.of(x, noise)) is None  # too few examples
    many = RNG.normal(size=(300, 3))
    assert p_value(Examples.of(many, np.arange(300))) is None  # too many classes
    assert p_value(Examples.of(RNG.integers(0, 5000, (300, 20)), RNG.integers(0, 2, 300))) is None  # a label a text
    assert names(x) == []


def test_a_text_whose_next_token_follows_is_sound_and_a_shuffled_one_is_not():
    rng = np.random.default_rng(0)
    text = np.cumsum(rng.integers(0, 2, 10000)) % 30
    rows = text.reshape(-1, 20)
    assert names(rows[:, :-1], rows[:, 1:]) == []
    assert names(rows[:, :-1], rng.permutation(rows[:, 1:])) == ["independent_labels"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((["a", "b"], [0, 1]), "inputs must be an array of numbers"),
        ((3.0, None), "inputs must be an array of numbers with an example a row"),
        (([[1.0], [2.0]], [0, 1, 2]), "inputs and targets must be as many, got 2 and 3"),
        (([[1.0], [2.0, 3.0]], None), "inputs must be an array of numbers"),
    ],
)
def test_what_is_no_data_is_refused(given, message):
    with pytest.raises(SettingsError, match=message):
        check_data(*given)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (1, 3), (2, 3)])
def test_hardly_any_data_is_no_fault(shape):
    assert names(np.zeros(shape), np.zeros(shape[0])) in ([], ["constant_inputs"])


def test_every_check_has_a_name_of_its_own():
    found = [fault.name for fault in check_data(np.full((50, 2), np.nan), np.full(50, np.nan))]
    assert len(set(found)) == len(found) >= 2 and len({check.__name__ for check in CHECKS}) == len(CHECKS)


FAULT = Fault("single_class", 50, certain=True, numbers={"looked_at": 50}, places=("0",))


def test_a_decision_on_a_run_that_fails_begins_its_advice_with_the_fault():
    decision = Decision(stop=True, verdict=Verdict.NOT_LEARNING, step=9, found_by=("not_learning",))
    with_fault = explained(decision, [FAULT])
    assert with_fault.advice == (FAULT.advice, *decision.advice)[:3] and with_fault.evidence["single_class"] == 50
    assert (
        with_fault.reason.endswith("all 50 targets looked at are 0")
        and with_fault.stop
        and with_fault.verdict is decision.verdict
    )
    assert with_fault.faults == (FAULT,)


@pytest.mark.parametrize("verdict", [Verdict.IMPROVING, Verdict.CONVERGED])
def test_a_sound_run_is_not_accused(verdict):
    decision = Decision(stop=False, verdict=verdict, step=9)
    assert explained(decision, [FAULT]) is decision


def test_a_fault_survives_a_state():
    assert Fault.from_dict(FAULT.to_dict()) == FAULT
    endless = Fault("x", float("inf"))
    assert Fault.from_dict(endless.to_dict()) == endless
