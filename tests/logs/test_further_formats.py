"""Formats that few tools write, and forms of known ones that somebody's folder has: synthetic, by the rules of each."""

import json

import pytest

from convergence_callbacks.logs import ColumnChoice, LogError, read_logs
from tests.logs.make import TRAIN, VAL, assumed_in, event_file, proto, wandb_file, wandb_items, write_csv

PAIRS = list(enumerate(zip(TRAIN, VAL, strict=True)))


def only(path, choice=None):
    """The only run of a path."""
    (run,) = read_logs(path, choice)
    return run


def losses(run):
    """Train and validation losses."""
    return [each.train_loss for each in run.observations], [each.val_loss for each in run.observations]


def errors_of_catboost(folder):
    """As CatBoost's ErrorLogger writes them (catboost/libs/logging): a column for each metric, tabs between."""
    write_csv(
        folder / "learn_error.tsv", ["iter", "AUC", "Logloss"], [(e, 0.5, t) for e, (t, _) in PAIRS], delimiter="\t"
    )
    write_csv(
        folder / "test_error.tsv", ["iter", "AUC", "Logloss"], [(e, 0.5, v) for e, (_, v) in PAIRS], delimiter="\t"
    )
    return folder


def test_catboost_s_tables_are_one_run_of_rounds(tmp_path):
    run = only(errors_of_catboost(tmp_path))
    assert losses(run) == (pytest.approx(TRAIN), pytest.approx(VAL)) and run.unit == "round"
    assert only(tmp_path / "test_error.tsv").columns.val == "test/Logloss"
    with pytest.raises(LogError, match="none of its metrics is known to fall: 'learn/AUC', 'learn/Logloss'"):
        list(read_logs(tmp_path / "learn_error.tsv", ColumnChoice(train="learn/nothing")))


def test_an_event_file_without_host_and_time_is_one_too(tmp_path):
    """CatBoost calls its own ``events.out.tfevents``, one in a folder of the training, one of the test set."""
    for data, series in (("learn", TRAIN), ("test", VAL)):
        file = event_file(tmp_path / data, [(1.7e9 + e, e, "Logloss", loss) for e, loss in enumerate(series)])
        file.rename(file.with_name("events.out.tfevents"))
    assert losses(only(tmp_path)) == (pytest.approx(TRAIN), pytest.approx(VAL))


def test_event_files_of_a_validation_alone_hold_no_train_loss(tmp_path):
    event_file(tmp_path / "validation", [(1.7e9 + e, e, "loss", loss) for e, loss in enumerate(VAL)])
    run = only(tmp_path)
    assert run.columns.train is None and losses(run)[1] == pytest.approx(VAL)


def test_trainings_begun_anew_in_keras_s_folders_have_each_their_own_validation(tmp_path):
    for number in (0, 1):
        for data, series in (("train", TRAIN), ("validation", VAL)):
            start = 1.7e9 + 1_000 * number
            scalars = [(start + e, e, "epoch_loss", loss + number) for e, loss in enumerate(series)]
            file = event_file(tmp_path / data, scalars)
            file.rename(file.with_name(f"events.out.tfevents.{start:.0f}.host.{data}.v2"))
    first, second = (losses(run) for run in read_logs(tmp_path))
    assert first == (pytest.approx(TRAIN), pytest.approx(VAL))
    assert second == (pytest.approx([loss + 1 for loss in TRAIN]), pytest.approx([loss + 1 for loss in VAL]))


def test_the_parts_of_yolo_s_loss_are_summed_in_a_run_file_too(tmp_path):
    records = [proto((1, 1), (17, proto((1, "a1b2"), (8, "calm-owl"))))]
    for e, (t, v) in PAIRS:
        parts = {"train/box_loss": t / 4, "train/cls_loss": 3 * t / 4, "val/box_loss": v / 4, "val/cls_loss": 3 * v / 4}
        records.append(proto((1, e + 2), (2, proto(*wandb_items({**parts, "_step": e}), (2, proto((1, e)))))))
    run = only(wandb_file(tmp_path / "run-a1b2.wandb", records))
    assert losses(run) == (pytest.approx(TRAIN), pytest.approx(VAL))
    assert "'train/loss' is the sum of 'train/box_loss', 'train/cls_loss'" in assumed_in(run)


def test_deepmd_s_curve_is_a_table(tmp_path):
    """As ``deepmd/train/trainer.py`` of DeePMD-kit prints it: names behind ``#``, spaces between."""
    lines = [
        f"{1000 * e:7d}      {v:.6e}    {t:.6e}      4.66e-01    4.67e-01         1.0e-03\n" for e, (t, v) in PAIRS
    ]
    header = "#  step      rmse_val    rmse_trn    rmse_e_val  rmse_e_trn         lr\n"
    (tmp_path / "lcurve.out").write_text(header + "".join(lines))
    run = only(tmp_path)
    assert losses(run) == (pytest.approx(TRAIN, rel=1e-5), pytest.approx(VAL, rel=1e-5))
    assert run.observations[0].lr == 1e-3 and run.unit == "evaluation"


def test_deepmd_s_curve_goes_on_after_a_restart_that_names_its_columns_again(tmp_path):
    rows = [f"{1000 * e:7d}    {v:.6e}    {t:.6e}   1.0e-03\n" for e, (t, v) in PAIRS]
    header = "#  step      rmse_val    rmse_trn         lr\n"
    (tmp_path / "lcurve.out").write_text(header + "".join(rows[:10]) + "# If it is nan\n" + header + "".join(rows[10:]))
    assert losses(only(tmp_path)) == (pytest.approx(TRAIN, rel=1e-5), pytest.approx(VAL, rel=1e-5))


def test_deepmd_s_curve_without_validation_is_one_of_training(tmp_path):
    lines = "".join(f"{1000 * e:7d}    {t:.6e}    4.67e-01   1.0e-03\n" for e, (t, _) in PAIRS)
    (tmp_path / "lcurve.out").write_text("#  step      rmse_trn    rmse_e_trn         lr\n" + lines)
    run = only(tmp_path)
    assert losses(run)[0] == pytest.approx(TRAIN, rel=1e-5) and run.columns.train == "rmse_trn"


def test_a_single_value_of_the_whole_training_is_no_curve(tmp_path):
    """As Hugging Face's callback of DVCLive writes ``train/loss`` once, beside ``loss`` and ``eval/loss``."""
    for name, series in (("loss", TRAIN), ("eval/loss", VAL), ("train/loss", [1.0])):
        path = tmp_path / "dvclive" / "plots" / "metrics" / f"{name}.tsv"
        rows = [(len(TRAIN) - len(series) + e, x) for e, x in enumerate(series)]
        write_csv(path, ["step", name.rsplit("/", 1)[-1]], rows, delimiter="\t")
    assert losses(only(tmp_path)) == (pytest.approx(TRAIN), pytest.approx(VAL))


@pytest.mark.parametrize("name", ["training", "train"])
def test_ludwig_s_statistics_are_those_of_all_outputs_together(name, tmp_path):
    """``training_statistics.json`` as Ludwig's TrainingStats: by part of the data, output and metric."""

    def outputs(series):
        return {"combined": {"loss": series}, "label": {"loss": [2 * loss for loss in series], "accuracy": [0.5] * 30}}

    content = {name: outputs(TRAIN), "validation": outputs(VAL), "test": outputs(VAL)}
    (tmp_path / "training_statistics.json").write_text(json.dumps(content))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "training_progress.json").write_text(json.dumps({"train_metrics": outputs(TRAIN)}))
    assert losses(only(tmp_path)) == (TRAIN, VAL)


def test_deeplabcut_s_statistics_have_no_names(tmp_path):
    (tmp_path / "learning_stats.csv").write_text("".join(f"{500 * (e + 1)}, {t:.5f}, 0.005\n" for e, (t, _) in PAIRS))
    run = only(tmp_path)
    assert losses(run)[0] == pytest.approx(TRAIN, abs=1e-5) and run.unit == "step"
    assert run.observations[-1].lr == 0.005


def test_tensorboard_s_downloads_that_were_named_after_their_losses_are_one_run(tmp_path):
    for name, series in (("train_loss", TRAIN), ("valid_loss", VAL)):
        write_csv(
            tmp_path / f"{name}.csv", ["Wall time", "Step", "Value"], [(1.7e9 + e, e, x) for e, x in enumerate(series)]
        )
    assert losses(only(tmp_path)) == (pytest.approx(TRAIN), pytest.approx(VAL))
