"""A metric that a criterion names is read from a log of whatever format, and judged as in the training."""

import json

import pytest

from convergence_callbacks import Patience
from convergence_callbacks.compare import outcomes_of, rule_from
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import ColumnChoice, LogError, read_logs
from convergence_callbacks.replay import replay, stop_by

LOSSES = [1.0, 0.8, 0.6, 0.5, 0.55, 0.56, 0.57, 0.58, 0.59, 0.6]
SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]
ROWS = [
    {"epoch": epoch, "train_loss": loss, "val_loss": loss, "val_f1": score}
    for epoch, (loss, score) in enumerate(zip(LOSSES, SCORES, strict=True))
]
BOTH = Settings(criteria=Patience(2, of="f1") & Patience(2), min_epochs=0)


def as_csv(folder):
    path = folder / "log.csv"
    lines = [",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]
    path.write_text("\n".join(lines) + "\n")
    return path


def as_json_lines(folder):
    path = folder / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    return path


def as_history(folder):
    path = folder / "history.json"
    path.write_text(json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}))
    return path


def as_trainer_state(folder):
    path = folder / "trainer_state.json"
    trained = [{"epoch": row["epoch"] + 1.0, "loss": row["train_loss"], "step": row["epoch"] + 1} for row in ROWS]
    evaluated = [
        {"epoch": row["epoch"] + 1.0, "eval_loss": row["val_loss"], "eval_f1": row["val_f1"], "step": row["epoch"] + 1}
        for row in ROWS
    ]
    history = [each for pair in zip(trained, evaluated, strict=True) for each in pair]
    path.write_text(json.dumps({"log_history": history}))
    return path


@pytest.mark.parametrize("write", [as_csv, as_json_lines, as_history, as_trainer_state])
def test_it_is_judged_as_in_the_training(write, tmp_path):
    (run,) = read_logs(write(tmp_path), ColumnChoice(others=("f1",)))
    assert [next(iter(each.metrics.values())) for each in run.observations] == SCORES
    assert replay(run, BOTH).stop.step == stop_by("", run, BOTH).step == 7


def test_rules_that_read_different_metrics_are_compared_in_one_pass(tmp_path):
    (run,) = read_logs(as_csv(tmp_path), ColumnChoice(others=("val_f1",)))
    base = Settings(min_epochs=0)
    rules = [rule_from("patience:2", base), rule_from("patience:2 of val_f1", base), BOTH]
    (outcome,) = outcomes_of([run], rules)
    assert outcome.spent == (6, 8, 8)


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path):
    with pytest.raises(LogError, match="unknown metric 'val_f2'; did you mean 'val_f1'"):
        list(read_logs(as_csv(tmp_path), ColumnChoice(others=("val_f2",))))


def test_a_run_that_was_read_without_it_is_refused_with_what_to_do(tmp_path):
    (run,) = read_logs(as_csv(tmp_path))
    for judged in (lambda: replay(run, BOTH), lambda: outcomes_of([run], [BOTH]), lambda: stop_by("", run, BOTH)):
        with pytest.raises(LogError, match=r"reads 'f1'.*ColumnChoice\(others=\('f1',\)\)"):
            judged()
