"""A third set of readings that public logs were got wrong by, each on a small input by the rules of its format."""

import json

import pytest

from convergence_callbacks.logs import LogError, read_logs
from tests.logs.make import assumed_in, document, event_file, proto, wandb_file, wandb_items
from tests.logs.test_mended_readings import LOSSES, run_of, train


def val(run):
    return [each.val_loss for each in run.observations]


def test_the_mean_that_hugging_face_logs_at_the_end_is_not_the_train_loss(tmp_path):
    text = "loss,epoch,step,eval_loss,train_runtime,train_loss\n"
    for e, t in enumerate(LOSSES, 1):
        text += f"{t},{e}.0,{10 * e},,,\n,{e}.0,{10 * e},{t + 1},,\n"
    run = run_of(tmp_path, text + ",12.0,120,,894.7,0.4149\n", "training_logs.csv")
    assert (train(run), val(run)) == (LOSSES, [t + 1 for t in LOSSES])
    assert run.columns.train == "loss"


def test_a_checkpoint_and_the_events_of_hugging_face_are_one_training(tmp_path):
    history = [{"epoch": s / 6, "step": 10 * s, "loss": t} for s, t in enumerate(LOSSES, 1)]
    document(tmp_path / "checkpoint-120" / "trainer_state.json", {"log_history": history, "max_steps": 120})
    stamp = tmp_path / "runs" / "Nov08_18-12-28_HOST"
    event_file(stamp, [(1.7e9 + s, 10 * s, "train/loss", t) for s, t in enumerate(LOSSES, 1)])
    (run,) = read_logs(tmp_path)
    assert (run.format, train(run)) == ("Hugging Face", LOSSES)


def test_two_stamped_runs_beside_each_other_are_two_trainings(tmp_path):
    for hour, more in ((18, 0.0), (19, 1.0)):
        stamp = tmp_path / "runs" / f"Nov08_{hour}-12-28_HOST"
        event_file(stamp, [(1.7e9 + s, s, "train/loss", t + more) for s, t in enumerate(LOSSES)])
    assert [train(run)[0] for run in read_logs(tmp_path)] == [LOSSES[0], LOSSES[0] + 1]


@pytest.mark.parametrize(("more", "runs"), [(0.0, 1), (1.0, 2)])
def test_what_speechbrain_writes_twice_is_one_training_if_it_is_the_same(more, runs, tmp_path):
    lines = [f"Epoch: {e}, lr: 1.00e-04 - train loss: {t} - valid loss: {t + 1}" for e, t in enumerate(LOSSES, 1)]
    (tmp_path / "train_log.txt").write_text("\n".join(lines) + "\n")
    logged = "".join(f"2025-04-09 11:{m:02}:00,1 - speechbrain - INFO - {line}\n" for m, line in enumerate(lines))
    (tmp_path / "log.txt").write_text(logged.replace("valid loss: ", f"valid loss: {more:.0f}"))
    found = list(read_logs(tmp_path))
    assert len(found) == runs
    assert train(found[0]) == LOSSES


@pytest.mark.parametrize(("epochs", "unit", "planned"), [(6, "step", None), (12, "epoch", 12), (30, "epoch", 30)])
def test_more_rows_than_the_planned_epochs_are_steps(epochs, unit, planned, tmp_path):
    records = [proto((1, 1), (17, proto((1, "a1b2"), (4, proto(*wandb_items({"epochs": epochs}))), (8, "owl"))))]
    for s, t in enumerate(LOSSES, 1):
        row = wandb_items({"loss": t, "_step": s, "_runtime": 10.0 * s})
        records.append(proto((1, s + 1), (2, proto(*row, (2, proto((1, s)))))))
    (run,) = read_logs(wandb_file(tmp_path / "run-a1b2.wandb", records))
    assert (train(run), run.unit, run.planned) == (LOSSES, unit, planned)


def epochs(losses, form):
    return "".join(form.format(e=e, t=t, v=t + 1) for e, t in enumerate(losses, 1))


@pytest.mark.parametrize(
    "form",
    ["Epoch: {e}, Avg_loss: {t}\n", "Epoch {e}/20\nTrain Loss: {t}, Acc: 16.4%\nVal Loss: {v}, Acc: 18.8%\n"],
)
def test_a_training_that_starts_over_after_its_first_epoch_is_one_of_its_own(form, tmp_path):
    path = tmp_path / "train.log"
    firsts = [[9.0], LOSSES, [8.0], [7.0], LOSSES]
    path.write_text("".join(epochs(losses, form) for losses in firsts))
    runs = list(read_logs(path))
    assert [train(run) for run in runs] == firsts
    assert all(val(run) in ([None] * run.steps, [t + 1 for t in train(run)]) for run in runs)


def test_records_of_each_epoch_are_no_trainings_that_start_over(tmp_path):
    form = "Epoch: {e}, Avg_loss: {t}\nEpoch: {e}, Avg_loss: {v}\n"
    run = run_of(tmp_path, epochs(LOSSES, form))
    assert train(run) == [t + 0.5 for t in LOSSES]


def test_a_validation_before_the_first_epoch_is_no_training(tmp_path):
    run = run_of(tmp_path, "Epoch: 1, val loss: 9.0\n" + epochs(LOSSES, "Epoch: {e}, train loss: {t}, val loss: {v}\n"))
    assert (train(run), val(run)) == (LOSSES, [t + 1 for t in LOSSES])


@pytest.mark.parametrize("name", ["eprew", "ext_reward", "eprewmean"])
def test_rewards_of_baselines_are_rewards(name, tmp_path):
    rows = "".join(f"{t},{i}\n" for i, t in enumerate(LOSSES))
    with pytest.raises(LogError, match=f"judge the reward with --val-metric {name}"):
        run_of(tmp_path, f"loss,{name}\n{rows}", "progress.csv")


def test_a_validation_loss_of_0_throughout_is_none(tmp_path):
    form = "epoch {e} || Epoch_TRAIN_Loss:{t} ||Epoch_VAL_Loss:0.0000\n"
    run = run_of(tmp_path, epochs(LOSSES, form))
    assert (train(run), val(run)) == (LOSSES, [None] * 12)
    assert any("is 0 throughout" in each for each in assumed_in(run))
    ends = run_of(tmp_path, epochs(LOSSES[:-1], form) + "epoch 12 || Epoch_TRAIN_Loss:0.25 ||Epoch_VAL_Loss:0.5\n")
    assert val(ends) == [0.0] * 11 + [0.5]


def test_a_total_loss_in_a_folder_of_no_part_is_the_train_loss(tmp_path):
    rows = "".join(json.dumps({"step": s, "data/total_loss": t, "data/lr": 0.1}) + "\n" for s, t in enumerate(LOSSES))
    assert train(run_of(tmp_path, rows, "metrics.jsonl")) == LOSSES
    scalars = [(1.7e9 + s, s, tag, t) for s, t in enumerate(LOSSES) for tag in ("data/total_loss", "data/loss_cls")]
    event_file(tmp_path / "events", scalars)
    (run,) = read_logs(tmp_path / "events")
    assert (run.columns.train, train(run)) == ("data/total_loss", LOSSES)


def test_one_wording_of_training_and_test_is_refused_where_a_line_between_speaks_of_a_test(tmp_path):
    form = "epoch: {e},  loss is: {t}, acc is: 0.5\n%sepoch: {e},  loss is: {v}, acc is: 0.5\nmodel saved\n"
    with pytest.raises(LogError, match="one wording"):
        run_of(tmp_path, epochs(LOSSES, form % "testing in eval mode\n"))
    assert train(run_of(tmp_path, epochs(LOSSES, form % "half of it is done\n"))) == [t + 0.5 for t in LOSSES]


@pytest.mark.parametrize("form", ["epoch {e}\nloss: {t}\ntest accuracy: 20.78%\n", "loss: {t}\ntesting the model\n"])
def test_a_line_of_a_test_between_the_losses_of_two_epochs_tells_no_second_loss(form, tmp_path):
    assert train(run_of(tmp_path, epochs(LOSSES, form))) == LOSSES
