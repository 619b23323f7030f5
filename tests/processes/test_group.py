"""The runner of several processes reports what each came to, and ends what hangs with the stacks of all."""

import contextlib
from pathlib import Path

import pytest

from tests.processes import group

CASES = "tests.processes.plain_cases"


def test_each_case_runs_in_each_process_and_an_error_is_an_outcome(tmp_path):
    found = group.run(CASES, tmp_path, processes=3, cases=["raises_on_one_rank", "prints_its_rank"])
    assert [outcome.came_to["rank"] for outcome in found["prints_its_rank"]] == ["0", "1", "2"]
    assert [outcome.printed for outcome in found["prints_its_rank"]] == [f"printed by {rank}\n" for rank in range(3)]
    errors = [outcome.error for outcome in found["raises_on_one_rank"]]
    assert errors[0] is errors[2] is None and "ValueError: broken on rank 1" in errors[1]


def test_a_group_that_hangs_ends_with_the_stacks_of_the_processes_that_do_and_none_is_left(tmp_path):
    with pytest.raises(group.GroupError, match="nothing happened for 10 s") as raised:
        group.run(CASES, tmp_path, processes=2, cases=["waits_for_what_never_comes", "prints_its_rank"], seconds=10)
    _, _, first, second = str(raised.value).split("--- ")
    assert "in waits_for_what_never_comes" not in first
    assert "case: waits_for_what_never_comes" in second and "in waits_for_what_never_comes" in second
    assert not alive(str(tmp_path))


def test_a_process_that_dies_is_reported(tmp_path):
    with pytest.raises(
        group.GroupError, match=r"not all processes came to their end(.|\n)*rank 1\ncase: dies_on_one_rank"
    ):
        group.run(CASES, tmp_path, processes=2, cases=["dies_on_one_rank"])


def alive(argument):
    """Whether a process with an argument runs, as Linux lists them."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if argument in process.read_text().split("\0"):
                return True
    return False
