"""The short form: each attack some times, and what was found once, again."""

import pytest

from tests.torture.__main__ import ATTACKS
from tests.torture.attack import Attack, report, torture

FOUND = (
    ("hostile values, saved and restored", "0/20"),
    ("hostile values, saved and restored", "0/30"),
    ("hostile values, saved and restored", "0/959"),
    ("logs cut at any byte", "x/1"),
)
"""What broke before, by the seed of its try."""

by_name = {attack.name: attack for attack in ATTACKS}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_nothing_breaks(attack):
    tried = Attack(attack.name, attack.attempt)
    for number in range(attack.short):
        tried.try_once(f"short/{number}")
    assert not tried.finds, report([tried])


@pytest.mark.parametrize(("name", "seed"), FOUND)
def test_what_broke_once_holds(name, seed):
    tried = Attack(name, by_name[name].attempt)
    tried.try_once(seed)
    assert not tried.finds, report([tried])


def test_an_attack_that_finds_something_is_reported_with_its_seed():
    def broken(rng, folder):
        assert rng.random() < 0, "broken"

    attacks = [Attack("a broken promise", broken)]
    torture(attacks, seed=3, seconds=0)
    assert "1 tries    1 found" in report(attacks) and "seed 3/first" in report(attacks)
