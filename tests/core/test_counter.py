"""The counter of a framework: what its steps are called and how it numbers them."""

from convergence_callbacks.core.counter import Counter


def test_the_first_step_has_the_frameworks_first_number() -> None:
    assert Counter().number(0) == 0
    assert Counter("epoch", first=1).number(0) == 1
    assert Counter("round", first=1).number(41) == 42


def test_steps_are_epochs_counted_from_zero_unless_set_otherwise() -> None:
    assert Counter() == Counter(noun="epoch", first=0)
