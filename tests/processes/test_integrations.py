"""In PyTorch's family, and in Keras on PyTorch, two processes decide the same whatever each of them sees."""

from tests.adapters.contract import ADAPTERS
from tests.processes import group
from tests.processes.combinations import Combination, hold
from tests.processes.outcomes import all_same, differences, ends

SHARED = [adapter for adapter in ADAPTERS if adapter.processes and adapter.name != "lightning"]
for adapter in SHARED:
    group.skip_unless_installed(adapter.needs or adapter.name, adapter.extra or adapter.module_name)

NAMES = [adapter.name for adapter in SHARED]
LOOPS = [
    f"{wrap}, {precision}"
    for wrap in ("DistributedDataParallel", "FullyShardedDataParallel", "fully_shard")
    for precision in ("float32", "bfloat16 autocast")
]


def all_are_reported(ranks):
    assert all("val_loss is nan" in end for end in all_same(ranks).values()), ranks


def the_first_writes_and_all_read(ranks):
    run = all_same(ranks)["run"]
    assert (run["stopped"], run["decisions"][-1]["best_step"], run["left"]) == (3, 1, False)
    weights = [f"best-{epoch}.weights.npz{kind}" for epoch in (0, 1) for kind in ("", ".sha256")]
    assert run["written"] == [*weights, "convergence-state.json"]
    assert [outcome.printed.count("Stopped at epoch") for outcome in ranks] == [1, 0]


def the_best_are_given_back(ranks):
    ends(**dict.fromkeys(LOOPS, 3))(ranks)
    assert all(run["restored"] for run in ranks[0].came_to.values())


EXPECTED = {
    "each_sees_another_loss": ends(**dict.fromkeys(NAMES, 3)),
    "only_the_last_has_the_metric": ends(**{name: 3 for name in NAMES if name != "transformers"}),
    "a_strict_run_is_broken_on_the_first": all_are_reported,
    "keras_is_killed_and_resumed": the_first_writes_and_all_read,
    "keras_under_ddp": ends(run=3),
    "early_stopping_in_keras_under_ddp": ends(run=3),
    "loops_with_spread_models": the_best_are_given_back,
}


def test_two_processes_decide_the_same_whatever_each_sees_and_none_hangs(tmp_path):
    found = group.run(
        "tests.processes.integration_cases", tmp_path, processes=2, environment={"KERAS_BACKEND": "torch"}
    )
    assert differences(found, EXPECTED) == {}
    cases = ("each_sees_another_loss", "keras_under_ddp", "loops_with_spread_models")
    runs = [run for name in cases for run in all_same(found[name]).values()]
    hold("PyTorch and what is built on it, in two processes", [Combination(**run["tested"]) for run in runs])
