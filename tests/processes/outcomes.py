"""What cases have to come to."""

import re


def all_same(ranks):
    """What all processes came to."""
    assert [outcome.error for outcome in ranks] == [None] * len(ranks)
    first, *others = [outcome.came_to for outcome in ranks]
    assert others == [first] * len(others)
    return first


def ends(**stopped):
    """Each training stops at an epoch, in all processes for the same reason, and the first one says so."""

    def check(ranks):
        runs = all_same(ranks)
        assert {name: (run["stopped"], run["epochs"]) for name, run in runs.items()} == {
            name: (epoch, epoch + 1) for name, epoch in stopped.items()
        }
        assert all(run["decisions"][-1]["stop"] for run in runs.values())
        counts = [outcome.printed.count("Stopped at ") for outcome in ranks]
        assert counts == [len(stopped)] + [0] * (len(ranks) - 1)

    return check


def raises(*patterns):
    """Each process ends with an error, the last pattern being that of all further ones."""

    def check(ranks):
        for rank, outcome in enumerate(ranks):
            assert re.search(patterns[min(rank, len(patterns) - 1)], outcome.error or ""), (rank, outcome)

    return check


def differences(found, expected):
    """What cases came to that they should not have; those that did not run at all as well."""
    wrong = {}
    for name, check in expected.items():
        try:
            check(found[name])
        except (AssertionError, LookupError, TypeError) as error:
            wrong[name] = f"{error!r}\n{[outcome.error for outcome in found.get(name, [])]}"
    return wrong
