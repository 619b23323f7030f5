"""Further readings that public logs were got wrong by, each on a small input by the rules of its format."""

import json
import pickle

import pytest

from convergence_callbacks.logs import LogError, Run, read_logs
from tests.logs.make import TRAIN, VAL, allennlp, assumed_in, event_file, proto, wandb_file, wandb_items, yolo_results
from tests.logs.test_further_formats import errors_of_catboost
from tests.logs.test_mended_readings import LOSSES, run_of, train


def val(run):
    return [each.val_loss for each in run.observations]


def bar(epoch, percent, shown):
    return f"Epoch {epoch}: {percent:3d}%|{'█' * (percent // 10):10s}| 5/5 [00:14<00:00,  0.35it/s, {shown}]"


def test_a_bar_that_the_next_epoch_overwrites_tells_of_its_own_validation(tmp_path):
    """Lightning's TQDMProgressBar: at 100% before a validation, with the numbers of the last one, and after it."""
    text = ""
    shown = "train_loss={:.4f}, val_loss={:.4f}".format
    for e, t in enumerate(LOSSES):
        before = f"train_loss={t:.4f}" if e == 0 else shown(t, LOSSES[e - 1] + 1)
        text += f"\r{bar(e, 100, before)}\n\rValidation DataLoader 0: 100%|████| 2/2 [00:00<00:00, 20.07it/s]\n"
        text += (
            f"\r   \r{bar(e, 100, shown(t, t + 1))}\r{bar(e, 0, shown(t, t + 1))}\r{bar(e + 1, 20, shown(0, t + 1))}"
        )
    run = run_of(tmp_path, text + "\n")
    assert (train(run), val(run)) == (LOSSES, [t + 1 for t in LOSSES])
    assert not any("taken as it came last" in each for each in assumed_in(run))


def test_a_name_before_the_counter_is_that_of_another_training(tmp_path):
    path = tmp_path / "train_log.txt"
    names = ["LSTM_e2", "GRU_e2", "GPT-2"]
    path.write_text("".join(f"{name} Epoch {e}: Loss = {t}\n" for name in names for e, t in enumerate(LOSSES, 1)))
    runs = list(read_logs(path))
    assert [run.name.split()[-1] for run in runs] == names
    assert all(train(run) == LOSSES and run.counts_from == 1 for run in runs)


@pytest.mark.parametrize(
    "words", ["Best epoch 3: loss 0.1", "New best epoch 3: loss 0.1", "best model at epoch 3: loss 0.1"]
)
def test_words_before_a_counter_are_no_name(words, tmp_path):
    run = run_of(tmp_path, "".join(f"Epoch {e}: Loss = {t}\n{words}\n" for e, t in enumerate(LOSSES, 1)))
    assert train(run) == LOSSES


def test_words_that_change_in_each_line_name_no_trainings(tmp_path):
    run = run_of(tmp_path, "".join(f"run{chr(97 + e)} Epoch {e}: Loss = {t}\n" for e, t in enumerate(LOSSES)))
    assert train(run) == LOSSES


def test_what_is_called_val_alone_beside_a_loss_is_the_validation_loss(tmp_path):
    lines = (
        f"Epoch {e}/12 (110.6s) | loss={t} (raw=46.28) pos=1.96 | val={t + 1} val_pos=1.85\n"
        + f"New best model (val_loss={t + 1})\n" * (e % 2)
        for e, t in enumerate(LOSSES, 1)
    )
    run = run_of(tmp_path, "".join(lines))
    assert (train(run), val(run)) == (LOSSES, [t + 1 for t in LOSSES])
    scored = run_of(tmp_path, "".join(f"Epoch {e} loss={t} acc=0.5 val=0.6\n" for e, t in enumerate(LOSSES)), "b.log")
    assert val(scored) == [None] * len(LOSSES)


def evaluations(like):
    return "".join(
        f"[eval] iter {50 * i}: train {like(t)} val {like(t) + 0.5}\n"
        + "".join(f"[train] iter {50 * i + 10 * k}: loss {t * 0.99:.4f} 9240 ms/iter\n" for k in range(1, 5))
        for i, t in enumerate(LOSSES)
    )


def test_train_and_val_alone_are_losses_where_they_are_near_the_named_ones(tmp_path):
    run = run_of(tmp_path, evaluations(lambda loss: loss))
    assert (run.unit, train(run), val(run)) == ("evaluation", LOSSES, [t + 0.5 for t in LOSSES])


def test_train_and_val_alone_that_may_be_scores_are_left_out_and_that_is_reported(tmp_path):
    run = run_of(tmp_path, evaluations(lambda loss: 1 - loss / 3))
    assert set(val(run)) == {None}
    assert any("12 lines give 'train' and 'val' and not of what: left out" in note for note in run.notes)


def test_an_empty_cell_more_in_each_row_than_the_header_names_is_left_out(tmp_path):
    """Flair's loss.tsv up to 0.4: a tab too many behind TRAIN_LOSS (flair/trainers/trainer.py)."""
    header = "EPOCH\tTIMESTAMP\tTRAIN_LOSS\tTRAIN_F-SCORE\tDEV_LOSS\tDEV_F-SCORE\n"
    rows = (f"{e}\t17:54:{e:02d}\t{t}\t\t_\t{t + 1}\t0.5\n" for e, t in enumerate(LOSSES))
    run = run_of(tmp_path, header + "".join(rows), "loss.tsv")
    assert (train(run), val(run)) == (LOSSES, [t + 1 for t in LOSSES])


def test_a_row_with_a_cell_more_than_the_others_is_left_out(tmp_path):
    rows = [f"{e},{t},{t + 1},\n" for e, t in enumerate(LOSSES)]
    rows[3] = "3,9.0,,9.0,\n"
    run = run_of(tmp_path, "epoch,loss,val_loss,note\n" + "".join(rows), "log.csv")
    assert train(run) == [*LOSSES[:3], *LOSSES[4:]]


def test_a_test_set_of_an_earlier_training_of_catboost_is_left_out(tmp_path):
    folder = errors_of_catboost(tmp_path)
    folder = folder if folder.is_dir() else folder.parent
    whole = (folder / "test_error.tsv").read_text()
    (folder / "test_error.tsv").write_text(whole + "".join(f"{i}\t0.1\t0.1\n" for i in range(900, 990)))
    (run,) = read_logs(folder)
    assert set(val(run)) == {None} and len(train(run)) > 2
    assert any("is of another training, and left out" in note for note in run.notes)


def test_event_files_with_several_rounds_in_a_second_are_read_by_the_round(tmp_path):
    for folder, losses in (("learn", TRAIN), ("test", VAL)):
        event_file(tmp_path / folder, [(1.7e9 + i // 4, i, "Logloss", loss) for i, loss in enumerate(losses)])
    (run,) = read_logs(tmp_path)
    assert len(run.observations) == len(TRAIN) and None not in val(run)


def test_the_console_that_weights_and_biases_keeps_of_a_run_is_no_second_run(tmp_path):
    folder = tmp_path / "wandb" / "run-1-a1b2"
    rows = [{"epoch": e, "train_loss": t} for e, t in enumerate(LOSSES[:2])]
    history = (proto((1, e + 2), (2, proto(*wandb_items(row), (2, proto((1, e)))))) for e, row in enumerate(rows))
    wandb_file(folder / "run-a1b2.wandb", list(history))
    (folder / "files").mkdir()
    (folder / "files" / "output.log").write_text("".join(f"Epoch {e}: loss={t + 0.3}\n" for e, t in enumerate(LOSSES)))
    (run,) = read_logs(tmp_path)
    assert run.format == "Weights & Biases run"


def test_the_event_files_and_the_output_of_allennlp_are_no_further_runs(tmp_path):
    folder = allennlp(tmp_path)
    folder = folder if folder.is_dir() else folder.parent
    event_file(folder / "log" / "train", [(1.7e9 + e, 9 * e, "loss/loss_train", t + 0.2) for e, t in enumerate(LOSSES)])
    event_file(folder / "log" / "validation", [(1.7e9 + e, e, "loss", t) for e, t in enumerate(LOSSES)])
    bars = "".join(f"loss: {t} ||: 100%|##########| {n}/{n} [00:01<00:00]\n" for t in LOSSES for n in (8, 475))
    (folder / "stderr.log").write_text(bars)
    assert [type(each) for each in read_logs(folder)] == [Run]


def test_a_table_in_four_digits_and_an_event_file_are_one_training(tmp_path):
    table = yolo_results(tmp_path)
    losses = [each.val_loss for each in next(iter(read_logs(table))).observations]
    event_file(table.parent, [(1.7e9 + e, e, "val/loss", loss * 1.0004) for e, loss in enumerate(losses)])
    assert len(list(read_logs(table.parent))) == 1


def test_a_monitor_with_columns_of_the_environment_says_what_to_judge(tmp_path):
    with pytest.raises(LogError, match="judge the reward with --val-metric r"):
        run_of(tmp_path, '#{"t_start": 1.7e9, "env_id": null}\nr,l,t,goal\n1.5,20,1.5,4\n1.6,20,3.5,4\n', "monitor.csv")


def test_parts_that_begin_a_line_are_those_of_its_loss_where_others_tell_of_validation(tmp_path):
    lines = (
        f"2023.01.18 17:14:14 [Epoch: {e:02d}] Train acc: 0.8 | loss: {t}\n"
        f"2023.01.18 17:15:04 [Epoch: {e:02d}] Valid acc: 0.7 | loss: {t + 1}\n"
        for e, t in enumerate(LOSSES, 1)
    )
    run = run_of(tmp_path, "".join(lines))
    assert (train(run), val(run)) == (LOSSES, [t + 1 for t in LOSSES])
    alone = run_of(tmp_path, "".join(f"Epoch {e} test acc: 0.8 | loss: {t}\n" for e, t in enumerate(LOSSES)), "b.log")
    assert train(alone) == LOSSES


def test_rounds_of_boosting_start_over_with_the_next_training(tmp_path):
    """XGBoost's EvaluationMonitor, with the best round once more after an early stop, as its R package prints it."""
    rounds = "".join(f"[{i}]\ttrain-rmse:{t}\tvalidation-rmse:{t + 1} \n" for i, t in enumerate(LOSSES))
    path = tmp_path / "xgb.log"
    path.write_text((rounds + "Stopping. Best iteration:\n[3]\ttrain-rmse:1.75\tvalidation-rmse:2.75\n\n") * 2)
    first, second = read_logs(path)
    assert train(first) == train(second) == LOSSES and val(first) == [t + 1 for t in LOSSES]


def test_a_bar_that_is_described_by_a_counter_alone_counts_epochs(tmp_path):
    text = "".join(
        f"\r[fold_0] {e:03d}/012:   0%|    | 0/4 [00:00<?, ?it/s, loss=9.9]"
        f"\r[fold_0] {e:03d}/012: 100%|████| 4/4 [00:17<00:00,  2.98s/it, loss={t}]\n"
        f"{'  Epoch 4 — Dice: 0.1' if e == 4 else ''}\n"
        for e, t in enumerate(LOSSES, 1)
    )
    run = run_of(tmp_path, text)
    assert (train(run), run.counts_from, run.planned) == (LOSSES, 1, 12)


def test_a_pickled_list_of_histories_is_a_run_each(tmp_path):
    path = tmp_path / "history.pkl"
    histories = [{"loss": LOSSES, "val_loss": [t + k for t in LOSSES]} for k in (1, 2)]
    path.write_bytes(pickle.dumps(histories))
    assert [val(run)[0] for run in read_logs(path)] == [LOSSES[0] + 1, LOSSES[0] + 2]
    path.write_bytes(pickle.dumps(histories[:1]))
    (run,) = read_logs(path)
    assert train(run) == LOSSES


def test_a_line_for_each_trial_is_no_training(tmp_path):
    """FLAML's log: a record for each configuration that was tried."""
    lines = (json.dumps({"record_id": i, "validation_loss": t, "config": {"trees": i}}) for i, t in enumerate(LOSSES))
    with pytest.raises(LogError, match="each line has another configuration"):
        run_of(tmp_path, "\n".join(lines) + "\n", "trials.log")
    same = (json.dumps({"iter": i, "validation_loss": t, "config": {"trees": 4}}) for i, t in enumerate(LOSSES))
    assert val(run_of(tmp_path, "\n".join(same) + "\n", "result.json")) == LOSSES


def wandb_rows(folder, rows):
    history = (proto((1, e + 2), (2, proto(*wandb_items(row), (2, proto((1, e)))))) for e, row in enumerate(rows))
    return wandb_file(folder / "wandb" / "run-1-a1b2" / "run-a1b2.wandb", list(history))


def test_validations_at_one_step_are_an_evaluation(tmp_path):
    rows = [{"epoch": 0, "val/loss": t, "_step": i} for i, t in enumerate(LOSSES)]
    with pytest.raises(LogError, match="an evaluation, not a training"):
        list(read_logs(wandb_rows(tmp_path, rows)))


def test_the_train_loss_of_the_whole_run_of_hugging_face_is_not_that_of_its_last_epoch(tmp_path):
    rows = [{"train/epoch": e, "eval/loss": t} for e, t in enumerate(LOSSES, 1)]
    rows[-1] |= {"train/train_loss": 1.5, "train/train_runtime": 99.0}
    (run,) = read_logs(wandb_rows(tmp_path, rows))
    assert (set(train(run)), val(run)) == ({None}, LOSSES)


def test_a_generator_s_loss_is_not_judged_beside_that_of_its_discriminator(tmp_path):
    rows = "".join(f"{e},{t},{t},0.5\n" for e, t in enumerate(LOSSES))
    with pytest.raises(LogError, match="plays against another loss"):
        run_of(tmp_path, "epoch,gen_losses,val_gen_losses,disc_losses\n" + rows, "log.csv")
    assert val(run_of(tmp_path, "epoch,val_loss,disc_loss,gen_loss\n" + rows, "other.csv")) == LOSSES


def test_an_event_file_with_the_seconds_of_iterations_is_timed_by_its_clock(tmp_path):
    """Detectron2's EventStorage writes ``time`` and ``data_time`` of an iteration as scalars."""
    tags = [("total_loss", None), ("time", 0.2), ("data_time", 0.01)]
    scalars = [(1.7e9 + 5 * i, 20 * i, tag, t if v is None else v) for i, t in enumerate(LOSSES) for tag, v in tags]
    event_file(tmp_path, scalars)
    (run,) = read_logs(tmp_path)
    assert run.seconds == pytest.approx(5 * (len(LOSSES) - 1))


def test_losses_of_some_steps_and_their_means_are_one_training(tmp_path):
    """MAE's main_pretrain.py: log.txt by the epoch, and an event file of every so many steps."""
    lines = "".join(json.dumps({"train_lr": 1e-3, "train_loss": t, "epoch": e}) + "\n" for e, t in enumerate(LOSSES))
    (tmp_path / "log.txt").write_text(lines)
    steps = [(1.7e9 + i, 100 * i, "train_loss", LOSSES[i // 5] * (1 + 0.02 * (i % 5 - 2))) for i in range(60)]
    event_file(tmp_path, steps)
    (run,) = read_logs(tmp_path)
    assert train(run) == LOSSES and any("counted once" in note for note in run.notes)


def test_a_console_log_beside_another_file_of_as_many_epochs_says_that_it_may_be_the_same_training(tmp_path):
    (tmp_path / "history.json").write_text(json.dumps([{"epoch": e, "loss": t} for e, t in enumerate(LOSSES)]))
    (tmp_path / "train.log").write_text("".join(f"Epoch {e} loss={2 * t}\n" for e, t in enumerate(LOSSES)))
    assumed = {run.format: assumed_in(run) for run in read_logs(tmp_path)}
    assert "history.json may be of the same training in other numbers" in assumed["console log"]


def test_an_epoch_that_comes_after_gaps_is_no_line_that_was_cut(tmp_path):
    epochs = [1, 2, 4, 62, 63, 65]
    run = run_of(tmp_path, "".join(f"Epoch {e} loss: {t}\n" for e, t in zip(epochs, LOSSES, strict=False)))
    assert train(run) == LOSSES[:6]


def test_an_evaluation_after_the_training_is_not_of_its_last_epoch(tmp_path):
    line = "{0}/{0} [==============================] - 2s 4ms/step - loss: {1}\n".format
    text = "".join(f"Epoch {e}/12\n{line(2394, t)}" for e, t in enumerate(LOSSES, 1))
    run = run_of(tmp_path, text + line(482, 1.6))
    assert train(run) == LOSSES


def test_numbers_of_darknet_are_those_before_their_names(tmp_path):
    """Darknet's detector.c prints the loss of the batch, its running mean, and the rate; and a line for each layer."""
    text = "yolov3_training\nmini_batch = 4, batch = 64, time_steps = 1, train = 1 \n\0\0\n" + "".join(
        f"v3 (mse loss, Normalizer: (iou: 0.75) Region 82 Avg (IOU: 0.5), count: 6, total_loss = 9.5 \n"
        f" {i}: {t}, 999.0 avg loss, 0.001000 rate, 8.3 seconds, {64 * i} images, 7.0 hours left\n"
        for i, t in enumerate(LOSSES, 1)
    )
    run = run_of(tmp_path, text)
    assert (train(run), run.observations[-1].lr) == (LOSSES, 0.001)


def test_a_measure_without_a_counter_is_no_training(tmp_path):
    lines = "".join(f"12:00:{i:02d} INFO Metrics for training data: {{'rmse': {t}}}\n" for i, t in enumerate(LOSSES))
    with pytest.raises(LogError, match="count nothing, and name no loss"):
        run_of(tmp_path, lines)


def test_models_that_were_saved_are_no_curve(tmp_path):
    lines = (f"Saved model at epoch {e} with loss: {t}\n" for e, t in enumerate(LOSSES, 1))
    with pytest.raises(LogError):
        run_of(tmp_path, "".join(lines))


def test_trainings_of_other_lengths_are_planned_by_none_of_them(tmp_path):
    path = tmp_path / "train.log"
    parts = [(50, LOSSES), (12, LOSSES[:1]), (20, LOSSES[:5])]
    path.write_text("".join(f"Epoch: {e}/{n}, loss: {t}\n" for n, losses in parts for e, t in enumerate(losses)))
    runs = list(read_logs(path))
    assert [train(run) for run in runs] == [LOSSES, LOSSES[:1], LOSSES[:5]]
    assert {run.planned for run in runs} == {None}


def test_event_files_of_processes_that_overlapped_are_two_trainings(tmp_path):
    for pid, begins, losses in ((25198, 1.7e9, LOSSES), (26492, 1.7e9 + 6, LOSSES[:4])):
        for part, more in (("train", 0.0), ("validation", 1.0)):
            scalars = [(begins + i + more, i, "epoch_loss", t + more) for i, t in enumerate(losses)]
            file = event_file(tmp_path / part, scalars)
            file.rename(file.with_name(f"events.out.tfevents.{begins + more:.0f}.host.{pid}.{more:.0f}.v2"))
    assert [(train(run), val(run)) for run in read_logs(tmp_path)] == [
        (losses, [t + 1 for t in losses]) for losses in (LOSSES, LOSSES[:4])
    ]


def test_a_history_in_the_first_protocol_of_pickle_is_read(tmp_path):
    path = tmp_path / "history.pkl"
    path.write_bytes(pickle.dumps({"loss": LOSSES, "val_loss": LOSSES}, protocol=0))
    (run,) = read_logs(path)
    assert train(run) == LOSSES


def test_epochs_with_a_list_beside_their_numbers_are_one_training(tmp_path):
    records = [{"epoch": e, "train_loss": t, "grad_norms": [0.1, 0.2]} for e, t in enumerate(LOSSES)]
    assert train(run_of(tmp_path, json.dumps(records), "metrics.json")) == LOSSES


def test_losses_in_the_middle_of_many_bars_are_found(tmp_path):
    bars = "".join(f"\r {i:3d}%|#### | {i}/100 [00:10<00:10, 10.0it/s]" for i in range(100)) * 40
    lines = "".join(f"{{'loss': {t}, 'epoch': {e}}}\n" for e, t in enumerate(LOSSES))
    assert train(run_of(tmp_path, f"{bars}\n{lines}{bars}\n")) == LOSSES
