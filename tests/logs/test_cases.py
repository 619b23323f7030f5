"""Thirty-one logs as tools write them: each is read to the number, or refused with the way out."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from convergence_callbacks.cli import app
from convergence_callbacks.logs import LogError, Run, read_logs

CASES = Path(__file__).parent / "cases"
TRAIN = (1.8495, 0.3194)
VAL = (1.9067, 0.3778)


@dataclass(frozen=True)
class Expected:
    """A run as it is to be read.

    Args:
        train: The first and the last train loss.
        val: The first and the last validation loss.
        steps: How many there are.
        unit: What they are.
        seconds: How long it took.
        lr: The first learning rate.
        planned: The budget that the log states.
    """

    train: tuple[float | None, float | None] = TRAIN
    val: tuple[float | None, float | None] = VAL
    steps: int = 12
    unit: str = "epoch"
    seconds: float | None = None
    lr: float | None = None
    planned: int | None = None


NONE = (None, None)
READ = {
    "chainer_log": [Expected(seconds=54)],
    "comment_lines.csv": [Expected()],
    "csv_phase_column.csv": [Expected()],
    "detectron_total_loss.json": [Expected(val=NONE, unit="step", seconds=240, lr=0.001)],
    "evaluations_called_epochs": [Expected(unit="evaluation", lr=1e-4)],
    "excel_sep_line.csv": [Expected()],
    "fairseq_prefix.log": [Expected(seconds=660, lr=0.001)],
    "hf_dict_lines.log": [Expected(lr=4e-6)],
    "hf_rounded_epochs": [Expected((2.89, 1.49), (2.9, 1.5), 8, "evaluation", lr=1e-4, planned=30)],
    "keras_progress.log": [Expected(planned=12)],
    "last_line_json.jsonl": [Expected()],
    "last_line_quoted.csv": [Expected(train=NONE)],
    "long_table.csv": [Expected()],
    "losses_plural.json": [Expected()],
    "mm_seconds_per_iteration.json": [Expected(val=NONE, seconds=120, lr=0.02)],
    "nanogpt_lines.log": [Expected(unit="evaluation")],
    "no_log_cells.csv": [Expected(train=(None, 0.3194))],
    "notebook.ipynb": [Expected(planned=12)],
    "one_training_twice": [Expected(val=NONE, unit="step", seconds=36, lr=1e-4, planned=12)],
    "runs_interleaved.csv": [Expected(), Expected((3.699, 0.6388), (3.8134, 0.7556))],
    "space_separated.txt": [Expected()],
    "tb_two_counters": [Expected((1.4884, 0.3312), (1.3699, 0.3404), 10, seconds=405)],
    "tb_yolo": [
        Expected((1.7975, 0.3409), (1.8863, 0.3595), 10, seconds=270, lr=0.01),
        Expected((1.8012, 0.3405), (1.8889, 0.3567), 10, seconds=270, lr=0.01),
    ],
    "text_epoch_lines.log": [Expected(seconds=600, lr=0.001, planned=12)],
    "text_with_comma.log": [Expected(seconds=600)],
    "time_of_day.tsv": [Expected(seconds=33, lr=0.1)],
}
REFUSED = {
    "grpo": r"judge the reward with --val-metric reward and mode: max",
    "lfs_pointer.csv": "a pointer of Git LFS, the log itself was not fetched: git lfs pull",
    "monitor.csv": r"there is no loss; judge the reward with --val-metric r and mode: max\. Columns: 'r', 'l', 't'",
    "runs_table_wandb.csv": "each row is another run.*export the history of the runs, or a chart",
    "tb_csv_export.csv": r"TensorBoard's download of one tag.*run-RUN-tag-TAG\.csv.*--val-metric Value",
}


def test_each_case_has_its_right_reading():
    assert sorted([*READ, *REFUSED]) == sorted(path.name for path in CASES.iterdir())


@pytest.mark.parametrize("case", READ)
def test_a_log_is_read_to_the_number(case):
    runs = list(read_logs(CASES / case))
    assert [_as_read(run) for run in runs] == [_approximately(expected) for expected in READ[case]]


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_read_right_is_refused_with_the_way_out(case):
    with pytest.raises(LogError, match=REFUSED[case]):
        _raised(CASES / case)


@pytest.mark.parametrize("case", READ)
def test_the_command_line_says_what_was_read_and_how(case):
    reported = json.loads(_command(case, "--json", status={0, 4}))["runs"]
    assert [(run["steps"], run["unit"]) for run in reported] == [(each.steps, each.unit) for each in READ[case]]
    explained = _command(case, "--explain-columns")
    for run in reported:
        assert all(each in " ".join(explained.split()) for each in run["assumed"])


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("option", ["--json", "--explain-columns"])
def test_the_command_line_refuses_with_status_1(case, option):
    _command(case, option, status={1})


def _as_read(run):
    assert isinstance(run, Run), run
    losses = [[getattr(each, name) for each in run.observations] for name in ("train_loss", "val_loss")]
    first, last = run.observations[0], run.observations[-1]
    assert all(loss is not None for loss in losses[0]) or first.train_loss is None
    (train, val) = ((series[0], series[-1]) for series in losses)
    return train, val, run.steps, run.unit, last.elapsed, first.lr, run.planned


def _approximately(expected):
    pairs = (tuple(pytest.approx(x, abs=1e-4) for x in pair) for pair in (expected.train, expected.val))
    return (
        *pairs,
        expected.steps,
        expected.unit,
        pytest.approx(expected.seconds, abs=1),
        pytest.approx(expected.lr),
        expected.planned,
    )


def _raised(path):
    for each in read_logs(path):
        if isinstance(each, LogError):
            raise each


def _command(case, *options, status=frozenset({0})):
    result = CliRunner().invoke(app, ["replay", str(CASES / case), *options])
    assert result.exit_code in status, result.output
    return result.stdout
