"""Whatever each of several processes sees, all decide the same at the same epoch, and none waits for ever."""

import pytest

pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")
pytest.importorskip("tensorflow", reason="needs pip install tensorflow-cpu")
pytest.importorskip("jax", reason="needs pip install jax")

from tests.processes.combinations import COMBINATIONS, ENDING, disagreements
from tests.processes.table import PAGE


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_all_processes_decide_the_same_in_every_situation(combination, tmp_path):
    ranks = combination.run(tmp_path)
    assert disagreements(ranks) == {}
    for kind in ("EarlyStopping", "ConvergenceStopping"):
        for name in ("all see the same", ENDING, "the metric is on the first process only"):
            if f"{kind}, {name}" in ranks[0]:
                assert ranks[0][f"{kind}, {name}"]["epochs"] == 7, (kind, name)
                assert ranks[0][f"{kind}, {name}"]["stopped"] == 6, (kind, name)
    errors = [result["error"] for name, result in ranks[-1].items() if "no process has the metric" in name]
    assert all("NotFoundError" in error for error in errors)
    theirs = [rank[f"stock, {ENDING}"] for rank in ranks]
    if combination.layout == "ddp":  # one stops for all, and the others say that they were not stopped
        assert {result["why"].rpartition(".")[2] for result in theirs} == {"PATIENCE_EXHAUSTED", "NOT_STOPPED"}
    if combination.layout == "torch.distributed":  # one stops alone
        assert [result["epochs"] for result in theirs] == [7, 12]


def test_the_page_lists_them():
    rows = [line.rpartition(" float32")[0] for line in PAGE.read_text().splitlines() if "float32" in line]
    assert rows == [one.row(0).rpartition(" float32")[0] for one in COMBINATIONS], "run make combinations"
