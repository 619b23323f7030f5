"""What people and tools do to logs: each is read right to the number, or refused with the way out."""

import pytest

from convergence_callbacks.logs import ColumnChoice, LogError, Run, read_logs
from tests.logs.make import assumed_in, document, event_file, lines, write_csv
from tests.logs.test_readers import write_events

TRAIN = [2.25, 1.5, 1.125, 0.875, 0.75, 0.625, 0.5625, 0.5]
VAL = [2.375, 1.75, 1.375, 1.125, 1.0, 0.9375, 0.90625, 0.875]
PAIRS = list(zip(TRAIN, VAL, strict=True))


def only(path, choice=None) -> Run:
    (run,) = read_logs(path, choice)
    assert isinstance(run, Run), run
    return run


def losses(run):
    return [each.train_loss for each in run.observations], [each.val_loss for each in run.observations]


def text(path, content):
    path.write_text(content)
    return path


def table(folder, header, rows, name="log.csv", **options):
    return write_csv(folder / name, header, rows, **options)


def epochs(folder, name="log.csv", first=1, **options):
    rows = [(e, t, v) for e, (t, v) in enumerate(PAIRS, start=first)]
    return table(folder, ["epoch", "train_loss", "val_loss"], rows, name, **options)


# Columns that say of what a row is


@pytest.mark.parametrize("column", ["phase", "split", "mode", "Set"])
def test_a_column_that_names_the_part_of_the_data_tells_train_from_validation(column, tmp_path):
    rows = [(e, part, loss) for e, pair in enumerate(PAIRS) for part, loss in zip(("train", "val"), pair, strict=True)]
    run = only(table(tmp_path, ["epoch", column, "loss"], rows))
    assert losses(run) == (TRAIN, VAL) and run.columns.val == "val/loss"


def test_runs_that_are_written_by_turns_are_told_apart_by_the_column_that_names_them(tmp_path):
    rows = [(run, e, k * t, k * v) for e, (t, v) in enumerate(PAIRS) for k, run in ((1, "calm"), (2, "wild"))]
    calm, wild = read_logs(table(tmp_path, ["run", "epoch", "train_loss", "val_loss"], rows))
    assert (calm.name, wild.name) == ("log.csv calm", "log.csv wild")
    assert losses(calm) == (TRAIN, VAL) and losses(wild) == ([2 * t for t in TRAIN], [2 * v for v in VAL])


def test_runs_in_json_lines_are_told_apart_too(tmp_path):
    records = [
        {"seed": s, "epoch": e, "train_loss": t + s, "val_loss": v + s}
        for e, (t, v) in enumerate(PAIRS)
        for s in (0, 7)
    ]
    first, second = read_logs(lines(tmp_path / "log.jsonl", records))
    assert losses(first) == (TRAIN, VAL) and losses(second)[1] == [v + 7 for v in VAL]


def test_trainings_that_write_to_one_file_without_saying_which_are_refused(tmp_path):
    rows = [(e, k * t, k * v) for e, (t, v) in enumerate(PAIRS) for k in (1, 2)]
    with pytest.raises(LogError, match="each epoch is there 2 times with losses of its own"):
        only(table(tmp_path, ["epoch", "train_loss", "val_loss"], rows))


@pytest.mark.parametrize(
    "header",
    [
        ["Name", "State", "Created", "Runtime", "train/loss", "val/loss"],
        ["run_id", "experiment_id", "status", "x", "metrics.train_loss", "metrics.val_loss"],
        ["trial_id", "a", "b", "c", "train_loss", "val_loss"],
    ],
)
def test_a_table_of_what_runs_came_to_is_no_log(header, tmp_path):
    rows = [(f"r{k}", "finished", "x", 70 + k, t, v) for k, (t, v) in enumerate(PAIRS)]
    with pytest.raises(LogError, match="each row is another run"):
        only(table(tmp_path, header, rows))


def test_a_long_table_has_a_row_for_each_number(tmp_path):
    rows = [
        (tag, 10 * e, loss)
        for e, pair in enumerate(PAIRS)
        for tag, loss in zip(("a/train/loss", "a/val/loss"), pair, strict=True)
    ]
    assert losses(only(table(tmp_path, ["tag", "step", "value"], rows))) == (TRAIN, VAL)


def test_two_columns_of_one_name_are_refused_and_can_be_told_apart(tmp_path):
    path = table(tmp_path, ["epoch", "loss", "loss"], [(e, *pair) for e, pair in enumerate(PAIRS)])
    with pytest.raises(LogError, match=r"several columns are called 'loss'.*'loss \(2\)' with --train-metric"):
        only(path)
    assert losses(only(path, ColumnChoice(train="loss (2)")))[0] == VAL


# What surrounds a table


def test_comments_before_the_header_are_passed_over(tmp_path):
    path = epochs(tmp_path)
    run = only(text(path, "# net: a\n# rate: 0.1\n" + path.read_text()))
    assert losses(run) == (TRAIN, VAL)


def test_a_header_may_be_the_last_comment(tmp_path):
    rows = "".join(f"{e} {t} {v}\n" for e, (t, v) in enumerate(PAIRS))
    assert losses(only(text(tmp_path / "log.txt", f"# epoch train_loss val_loss\n{rows}"))) == (TRAIN, VAL)


def test_the_line_that_tells_excel_the_separator_is_no_header(tmp_path):
    path = epochs(tmp_path, delimiter=";")
    assert losses(only(text(path, "sep=;\n" + path.read_text().replace(".", ",")))) == (TRAIN, VAL)


def test_spaces_may_separate_the_cells(tmp_path):
    rows = "".join(f"{e:3d}   {t}  {v}\n" for e, (t, v) in enumerate(PAIRS))
    assert losses(only(text(tmp_path / "log.txt", f"epoch  train_loss val_loss\n{rows}"))) == (TRAIN, VAL)


def test_epochs_that_are_written_last_first_are_put_in_order(tmp_path):
    rows = [(e, t, v) for e, (t, v) in reversed(list(enumerate(PAIRS, start=1)))]
    run = only(table(tmp_path, ["epoch", "train_loss", "val_loss"], rows))
    assert losses(run) == (TRAIN, VAL)
    assert assumed_in(run) == ["the epochs are put in order"]


def test_cells_that_say_no_log_say_nothing(tmp_path):
    rows = [("No log" if e < 3 else t, e, v) for e, (t, v) in enumerate(PAIRS, start=1)]
    run = only(table(tmp_path, ["Training Loss", "Epoch", "Validation Loss"], rows))
    assert losses(run) == ([None, None, *TRAIN[2:]], VAL) and run.steps == 8


def test_a_log_that_begins_later_counts_what_is_in_it_by_its_own_numbers(tmp_path):
    run = only(epochs(tmp_path, first=6))
    assert (run.steps, run.number(0), run.counter.number(run.steps - 1)) == (8, 6, 13)
    assert "begins with epoch 6" in assumed_in(run)[0]


def test_a_pointer_of_git_lfs_says_that_the_log_was_not_fetched(tmp_path):
    text(tmp_path / "a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n")
    (problem,) = read_logs(tmp_path)
    assert "git lfs pull" in str(problem)


# A last line without an end


def test_a_last_line_that_is_whole_json_is_taken(tmp_path):
    path = lines(
        tmp_path / "log.jsonl", [{"epoch": e, "train_loss": t, "val_loss": v} for e, (t, v) in enumerate(PAIRS)]
    )
    text(path, path.read_text().rstrip("\n"))
    assert losses(only(path)) == (TRAIN, VAL)
    text(path, path.read_text()[:-1])
    assert losses(only(path)) == (TRAIN[:-1], VAL[:-1])


def test_a_last_line_whose_last_cell_is_closed_is_taken(tmp_path):
    rows = "\n".join(f'"{e}","{v}"' for e, v in enumerate(VAL))
    path = text(tmp_path / "log.csv", f'"Step","net - val_loss"\n{rows}')
    assert losses(only(path))[1] == VAL
    text(path, path.read_text()[:-1])
    assert losses(only(path))[1] == VAL[:-1]


def test_a_last_line_whose_last_cell_nobody_asks_for_is_taken(tmp_path):
    rows = "\n".join(f"{e},{v},0.5" for e, v in enumerate(VAL))
    assert losses(only(text(tmp_path / "log.csv", f"epoch,val_loss,val_acc\n{rows}")))[1] == VAL


def test_a_line_that_was_cut_and_written_on_invents_no_epoch(tmp_path):
    rows = [f"{e},{t},{v}\n" for e, (t, v) in enumerate(PAIRS, start=6)]
    run = only(text(tmp_path / "log.csv", "epoch,train_loss,val_loss\n" + "".join(rows[:3]) + "9" + "".join(rows[4:])))
    assert [run.number(each.step) for each in run.observations] == [6, 7, 8, 11, 12, 13]
    assert any("two numbers in one" in each for each in assumed_in(run))


# Time


def test_the_time_of_day_is_counted_from_the_first_epoch_on_also_past_midnight(tmp_path):
    rows = [
        (e, f"23:59:{50 + 3 * e:02d}" if e < 4 else f"00:00:{3 * e - 10:02d}", t, v) for e, (t, v) in enumerate(PAIRS)
    ]
    run = only(table(tmp_path, ["EPOCH", "TIMESTAMP", "TRAIN_LOSS", "DEV_LOSS"], rows, delimiter="\t"))
    assert run.seconds == 21


def test_a_clock_that_did_not_start_with_the_training_is_counted_from_the_first_epoch(tmp_path):
    rows = [(e, 51234.5 + 2 * e, t, v) for e, (t, v) in enumerate(PAIRS)]
    assert only(table(tmp_path, ["epoch", "time", "train_loss", "val_loss"], rows)).seconds == 14


@pytest.mark.parametrize("counter", ["iter", "iteration"])
def test_seconds_of_an_iteration_are_times_the_iterations(counter, tmp_path):
    records = [{counter: 50 * e, "loss": t, "time": 0.25, "data_time": 0.01} for e, t in enumerate(TRAIN, start=1)]
    run = only(lines(tmp_path / "scalars.json", records))
    assert run.seconds == pytest.approx(8 * 50 * 0.25) and any(
        "seconds of an iteration" in each for each in assumed_in(run)
    )


# Names


def test_the_loss_as_a_whole_is_the_train_loss_beside_its_parts(tmp_path):
    records = [{"iteration": 20 * e, "loss_cls": t / 3, "loss_box": t, "total_loss": t} for e, t in enumerate(TRAIN)]
    run = only(lines(tmp_path / "metrics.json", records))
    assert losses(run)[0] == TRAIN and run.columns.train == "total_loss"


def test_the_score_of_a_class_that_is_called_error_is_no_error(tmp_path):
    rows = [(e, t, 1 - v / 9) for e, (t, v) in enumerate(PAIRS)]
    run = only(table(tmp_path, ["epoch", "train_loss", "eval_error_f1"], rows))
    assert run.columns.val is None and losses(run)[0] == TRAIN


def test_names_in_the_plural_are_the_same(tmp_path):
    assert losses(only(document(tmp_path / "a.json", {"train_losses": TRAIN, "val_losses": VAL}))) == (TRAIN, VAL)


def test_parts_of_a_loss_without_the_whole_are_a_problem_also_in_a_folder(tmp_path):
    table(tmp_path, ["epoch", "loss_cls", "loss_box"], [(e, *pair) for e, pair in enumerate(PAIRS)])
    (problem,) = read_logs(tmp_path)
    assert "name it with --val-metric" in str(problem)


@pytest.mark.parametrize("reward", ["reward", "rollout/ep_rew_mean", "episode_reward_mean"])
def test_a_reward_is_named_rather_than_the_noise_of_a_policy_s_loss_judged(reward, tmp_path):
    path = lines(
        tmp_path / "log.jsonl", [{"step": 10 * e, "loss": (-1) ** e * 1e-4, reward: -v} for e, v in enumerate(VAL)]
    )
    with pytest.raises(LogError, match=rf"judge the reward with --val-metric {reward} and mode: max"):
        only(path)
    assert losses(only(path, ColumnChoice(val=reward))) == ([None] * 8, [-v for v in VAL])
    assert losses(only(path, ColumnChoice(train="loss")))[0][0] == 1e-4


def test_a_reward_goes_before_the_losses_of_an_actor_and_a_critic(tmp_path):
    rows = [(e, t, t, v) for e, (t, v) in enumerate(PAIRS)]
    path = table(tmp_path, ["epoch", "train/loss_actor", "train/loss_critic", "rollout/return"], rows)
    with pytest.raises(LogError, match="judge the reward with --val-metric rollout/return"):
        only(path)


def test_rewards_of_preference_tuning_are_no_reward_to_judge(tmp_path):
    records = [{"step": 10 * e, "loss": t, "rewards/chosen": t, "rewards/margins": t} for e, t in enumerate(TRAIN)]
    assert losses(only(lines(tmp_path / "log.jsonl", records)))[0] == TRAIN


def test_the_monitor_of_an_environment_says_what_to_judge(tmp_path):
    path = text(
        tmp_path / "monitor.csv",
        '#{"t_start": 1.5, "env_id": "Env"}\nr,l,t\n' + "".join(f"{k},9,{k}\n" for k in range(9)),
    )
    with pytest.raises(LogError, match="judge the reward with --val-metric r and mode: max"):
        only(path)


def test_losses_of_batches_are_a_train_loss(tmp_path):
    records = [{"step": e, "batch loss": t} for e, t in enumerate(TRAIN)]
    assert losses(only(lines(tmp_path / "a.jsonl", records)))[0] == TRAIN


def test_parts_that_are_all_zero_were_not_validated(tmp_path):
    header = ["epoch", "train/box_loss", "train/cls_loss", "val/box_loss", "val/cls_loss"]
    rows = [(e, t, t, *((v, v) if e == 7 else (0, 0))) for e, (t, v) in enumerate(PAIRS)]
    run = only(table(tmp_path, header, rows, name="results.csv"))
    assert losses(run) == ([2 * t for t in TRAIN], [None] * 8)
    assert any("is 0 throughout" in each or "judged by the train loss" in each for each in assumed_in(run))


def test_steps_with_one_validation_after_the_training_are_judged_by_the_train_loss(tmp_path):
    rows = [(10 * e, t, "") for e, t in enumerate(TRAIN)]
    run = only(table(tmp_path, ["step", "train_loss", "val_loss"], [*rows, (80, "", 0.5)]))
    assert losses(run) == (TRAIN, [None] * 8) and run.unit == "step"


# Epochs of Hugging Face


def test_epochs_that_are_rounded_do_not_move_a_loss_over_an_evaluation(tmp_path):
    log = []
    for k in range(1, 61):
        log.append({"epoch": round(k / 2000, 2), "step": k, "loss": float(k)})
        if k % 10 == 0:
            log.append({"epoch": round(k / 2000, 2), "step": k, "eval_loss": 100.0 - k})
    run = only(
        document(tmp_path / "trainer_state.json", {"max_steps": 2000, "num_train_epochs": 1, "log_history": log})
    )
    assert losses(run) == ([5.5, 15.5, 25.5, 35.5, 45.5, 55.5], [90, 80, 70, 60, 50, 40])
    assert (run.counter.noun, run.planned) == ("evaluation", 200)


def test_the_patience_of_the_trainer_itself_is_reported(tmp_path):
    log = [{"epoch": float(e), "step": e, "loss": t} for e, t in enumerate(TRAIN, start=1)]
    state = {
        "log_history": log,
        "stateful_callbacks": {"EarlyStoppingCallback": {"args": {"early_stopping_patience": 3}}},
    }
    assert only(document(tmp_path / "trainer_state.json", state)).patience == 3


# TensorBoard


def test_a_folder_called_train_that_tells_of_both_parts_is_a_run_of_its_own(tmp_path):
    for name in ("train", "train2"):
        write_events(tmp_path / "runs" / "detect" / name, {"train/box_loss": TRAIN, "val/box_loss": VAL})
    assert [run.name for run in read_logs(tmp_path)] == ["runs/detect/train", "runs/detect/train2"]


def test_a_folder_called_train_beside_none_of_validation_is_a_run_of_its_own(tmp_path):
    write_events(tmp_path / "exp" / "train", {"loss": TRAIN})
    assert [run.name for run in read_logs(tmp_path)] == ["exp/train"]


def test_event_files_of_a_training_that_was_started_anew_are_another_one(tmp_path):
    for at, factor in ((1.7e9, 3.0), (1.8e9, 1.0)):
        both = (("train/loss", 0), ("val/loss", 1))
        scalars = [(at + e, e, tag, factor * pair[k]) for e, pair in enumerate(PAIRS) for tag, k in both]
        event_file(tmp_path / "run", scalars[: 3 if factor == 3 else None])
    first, second = read_logs(tmp_path)
    assert losses(second) == (TRAIN, VAL) and first.observations[0].train_loss == 3 * TRAIN[0]
    assert (first.name, second.name) == ("run", "run (2)")


@pytest.mark.parametrize("trails", [True, False])
def test_a_loss_by_the_step_and_one_by_the_epoch_are_put_together_by_the_time(trails, tmp_path):
    order = [(e, k) for e in range(8) for k in (range(5) if trails else (4, 0, 1, 2, 3))]
    event_file(
        tmp_path,
        [
            (1.7e9 + at, *((e, "val/loss", VAL[e]) if k == 4 else (20 * e + 5 * k, "train/loss", TRAIN[e] + k - 1.5)))
            for at, (e, k) in enumerate(order)
        ],
    )
    run = only(tmp_path)
    assert losses(run) == (TRAIN, VAL) and run.unit == "epoch"
    assert any("put together by the time" in each for each in assumed_in(run))


def test_the_files_of_a_download_are_a_run_together_by_their_names(tmp_path):
    for tag, values in (("train_loss", TRAIN), ("val_loss", VAL)):
        rows = [(1.7e9 + 60 * e, e, value) for e, value in enumerate(values)]
        table(tmp_path, ["Wall time", "Step", "Value"], rows, name=f"run-calm_owl-tag-{tag}.csv")
    run = only(tmp_path)
    assert losses(run) == (TRAIN, VAL) and run.seconds == 420
    assert losses(only(tmp_path / "run-calm_owl-tag-val_loss.csv")) == (TRAIN, VAL)


def test_a_download_without_its_name_says_what_to_name(tmp_path):
    path = table(tmp_path, ["Wall time", "Step", "Value"], [(1.7e9 + e, e, v) for e, v in enumerate(VAL)], name="a.csv")
    with pytest.raises(LogError, match="--val-metric Value"):
        only(path)
    assert losses(only(path, ColumnChoice(val="Value")))[1] == VAL


def test_chainer_s_log_has_no_ending_and_its_own_names(tmp_path):
    records = [
        {"epoch": e, "main/loss": t, "validation/main/loss": v, "elapsed_time": 4.5 * e}
        for e, (t, v) in enumerate(PAIRS, start=1)
    ]
    run = only(document(tmp_path / "log", records))
    assert losses(run) == (TRAIN, VAL) and (run.seconds, run.format) == (36, "JSON history")


# One training in several files


def state_and_lines(folder):
    log = [{"epoch": k / 8, "step": 10 * k, "loss": t} for k, t in enumerate(TRAIN, start=1)]
    document(folder / "trainer_state.json", {"max_steps": 160, "num_train_epochs": 2, "log_history": log})
    records = [
        {"current_steps": r["step"], "loss": round(r["loss"], 3), "elapsed_time": f"0:00:{r['step'] // 10:02d}"}
        for r in log
    ]
    lines(folder / "trainer_log.jsonl", records)


def test_a_training_that_two_files_tell_is_counted_once_with_what_each_adds(tmp_path):
    state_and_lines(tmp_path)
    run = only(tmp_path)
    assert losses(run)[0] == TRAIN and (run.seconds, run.planned) == (8, 16)
    assert any("holds the same training: it is counted once" in note for note in run.notes)


def test_a_table_and_an_event_file_of_other_losses_are_two_trainings(tmp_path):
    epochs(tmp_path)
    event_file(tmp_path, [(1.7e9 + e, e, "val/loss", v + 0.1) for e, v in enumerate(VAL)])
    assert len(list(read_logs(tmp_path))) == 2


def test_two_tables_of_the_same_losses_are_two_trainings(tmp_path):
    epochs(tmp_path, name="a.csv")
    epochs(tmp_path, name="b.csv")
    assert [run.name for run in read_logs(tmp_path)] == ["a.csv", "b.csv"]


def test_what_can_not_be_read_beside_a_log_is_still_reported(tmp_path):
    epochs(tmp_path)
    text(tmp_path / "cut.json", '{"loss": [1')
    problem, run = read_logs(tmp_path)
    assert losses(run) == (TRAIN, VAL) and "cut.json" in str(problem)


# What lies beside a log


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("args.yaml", "task: detect\nepochs: 40  # of them\npatience: 7\nlr_scheduler: 'cosine'\nsave: true\n"),
        ("config.json", '{"trainer": {"max_epochs": 40}, "patience": 7, "optim": {"lr_scheduler_type": "cosine"}}'),
    ],
)
def test_budget_patience_and_schedule_are_those_of_the_configuration_beside(name, content, tmp_path):
    epochs(tmp_path)
    text(tmp_path / name, content)
    run = only(tmp_path)
    assert (run.planned, run.patience, run.schedule) == (40, 7, "cosine")
    assert any("configuration beside" in each for each in assumed_in(run))


@pytest.mark.parametrize("content", ["epochs: 3\n", "epochs: many\npatience: -1\n", "\0" * 99, "{"])
def test_a_configuration_that_can_not_be_of_the_log_or_is_none_tells_nothing(content, tmp_path):
    epochs(tmp_path)
    text(tmp_path / "args.yaml", content)
    assert (only(tmp_path).planned, only(tmp_path).patience) == (None, None)


# Claims


def test_the_surest_reader_reads_a_file_and_says_why(tmp_path):
    run = only(document(tmp_path / "evals.json", {"train": {"rmse": TRAIN}, "eval": {"rmse": VAL}}))
    assert (
        run.format == "evals_result"
        and run.recognised == "lists of numbers by data set and metric (less sure: JSON history)"
    )
    assert f"read as evals_result: {run.recognised}" in list(run.explained())


def test_what_the_surest_reader_takes_for_no_log_the_next_one_reads(tmp_path):
    run = only(document(tmp_path / "a.json", {"train": {"note": ["x"]}, "loss": TRAIN, "val_loss": VAL}))
    assert run.format == "JSON history" and losses(run) == (TRAIN, VAL)


def test_what_was_assumed_is_reported(tmp_path):
    run = only(
        lines(
            tmp_path / "a.jsonl",
            [{"epoch": 1, "step": k, "train_loss": 1.0} for k in range(3)]
            + [{"epoch": 2, "step": 3, "train_loss": 0.5}],
        )
    )
    explained = list(run.explained())
    assert "counted: epochs, by 'epoch', from 1" in explained
    assert assumed_in(run) == ["the train loss of each epoch is the mean of its 1 to 3 records of 'train_loss'"]


def test_names_that_would_steer_a_terminal_are_shown_and_do_not(tmp_path):
    from typer.testing import CliRunner

    from convergence_callbacks.cli import app

    rows = [(e, *pair, 0) for e, pair in enumerate(PAIRS)]
    path = table(tmp_path, ["epoch", "train_loss", "val_loss", "\x1b]0;owned\x07"], rows)
    shown = CliRunner().invoke(app, ["replay", str(path), "--explain-columns"]).stdout
    assert "\x1b" not in shown and r"\x1b]0;owned" in shown


def test_what_was_assumed_is_in_the_json_too(tmp_path):
    import json

    from typer.testing import CliRunner

    from convergence_callbacks.cli import app

    explained = json.loads(CliRunner().invoke(app, ["replay", str(epochs(tmp_path)), "--json"]).stdout)
    assert explained["runs"][0]["assumed"] == []
