"""Readings that public logs were got wrong by, each on a small input by the rules of its format."""

import json

import pytest

from convergence_callbacks.logs import ColumnChoice, LogError, read_logs
from convergence_callbacks.logs.readers import tensorboard
from tests.logs.make import assumed_in, event_file

LOSSES = [2.5, 2.25, 2.0, 1.75, 1.5, 1.375, 1.25, 1.125, 1.0, 0.75, 0.5, 0.25]


def run_of(tmp_path, text, name="train.log", choice=None):
    path = tmp_path / name
    path.write_text(text)
    (run,) = read_logs(path, choice)
    return run


def train(run):
    return [each.train_loss for each in run.observations]


def test_seconds_in_brackets_behind_a_counter_are_no_bar(tmp_path):
    run = run_of(tmp_path, "".join(f"Epoch {e}/12 [38.7s] | Train Loss: {t}\n" for e, t in enumerate(LOSSES, 1)))
    assert train(run) == LOSSES
    assert run.planned == 12


@pytest.mark.parametrize("setting", ["  END_EPOCH: 520", "num_epoch: 520", "number of epoch: 520"])
def test_a_setting_that_says_when_to_end_is_no_epoch(setting, tmp_path):
    lines = "".join(f"Epoch: [{e}/520] Loss: {t}\n" for e, t in enumerate(LOSSES))
    run = run_of(tmp_path, f"{setting}\n{lines}")
    assert (train(run), run.counts_from, run.planned) == (LOSSES, 0, 520)


def test_a_comma_ends_thousands(tmp_path):
    lines = (f"[epoch:  0, iter: {500 * i:8,d}, lr:(1.0e-04,)] l_pix: {t:.4e}\n" for i, t in enumerate(LOSSES, 1))
    run = run_of(tmp_path, "".join(lines), choice=ColumnChoice(step="step", epoch=None))
    assert sum(train(run)) / len(train(run)) == pytest.approx(sum(LOSSES) / len(LOSSES))
    assert run.columns.train == "loss_pix"
    big = run_of(tmp_path, "".join(f"step {i} loss {1000 * t:,.1f}\n" for i, t in enumerate(LOSSES)))
    assert train(big) == [1000 * t for t in LOSSES]


def test_a_decimal_comma_is_refused_not_cut(tmp_path):
    with pytest.raises(LogError, match="no known format"):
        run_of(tmp_path, "".join(f"epoch {i} loss 0,{5321 - i}\n" for i in range(20)))


def test_two_losses_of_other_kinds_are_not_chosen_between(tmp_path):
    rows = (
        json.dumps({"epoch": e, "train_loss": t, "val_loss_mse": t, "val_loss_l2re": 1.0}) for e, t in enumerate(LOSSES)
    )
    with pytest.raises(LogError, match="'val_loss_mse', 'val_loss_l2re' may each be the validation loss"):
        run_of(tmp_path, "\n".join(rows) + "\n", "log.jsonl")


def test_the_only_loss_is_taken_however_it_is_called_unless_it_is_a_part(tmp_path):
    text = "epoch,{}\n" + "".join(f"{e},{t}\n" for e, t in enumerate(LOSSES))
    assert train(run_of(tmp_path, text.format("contrastive_loss"), "log.csv")) == LOSSES
    for part in ("kl_loss", "d_loss", "loss/weight"):
        with pytest.raises(LogError):
            run_of(tmp_path, text.format(part), "log.csv")


def test_a_loss_without_a_counter_that_lines_of_batches_have_too_is_left_out_and_that_is_reported(tmp_path):
    lines = (f"Epoch: [{e}/12] Iter:[0/9], Loss: {t}\nLoss: 9.5, MeanIU: 0.5\n" for e, t in enumerate(LOSSES))
    run = run_of(tmp_path, "".join(lines))
    assert train(run) == LOSSES
    assert any(each.startswith("12 lines such as 'Loss: 9.5, MeanIU: 0.5'") for each in assumed_in(run))
    assert not any("MeanIU" in each for each in run.evidence)


def test_what_was_lost_so_far_is_a_mean_of_the_loss(tmp_path):
    lines = (
        f"Epoch {e}, Step 25, avg loss so far is {t}\nEpoch {e}, val loss is {t + 1}\n" for e, t in enumerate(LOSSES)
    )
    run = run_of(tmp_path, "".join(lines))
    assert train(run) == LOSSES
    assert [each.val_loss for each in run.observations] == [t + 1 for t in LOSSES]


def test_lines_that_count_and_name_no_loss_say_what_may_be_named(tmp_path):
    text = "".join(
        f"(epoch: {e}, iters: 20, time: 0.3, data: 0.7) G_GAN: {t} G_L1: {2 * t} \n" for e, t in enumerate(LOSSES)
    )
    with pytest.raises(LogError, match=r"name what to judge with --val-metric. They name .*'g_l1'"):
        run_of(tmp_path, text, "loss_log.txt")
    judged = run_of(tmp_path, text, "loss_log.txt", ColumnChoice(val="g_l1"))
    assert [each.val_loss for each in judged.observations] == [2 * t for t in LOSSES]


def test_parts_of_a_loss_are_summed_in_a_folder_of_dvclive(tmp_path):
    for part in ("train/box_loss", "train/cls_loss", "val/box_loss", "val/cls_loss"):
        file = tmp_path / "dvclive/plots/metrics" / f"{part}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        name = part.rsplit("/", 1)[1]
        file.write_text(f"step\t{name}\n" + "".join(f"{e}\t{t}\n" for e, t in enumerate(LOSSES)))
    (run,) = read_logs(tmp_path / "dvclive")
    assert train(run) == [2 * t for t in LOSSES]
    assert "'train/loss' is the sum of 'train/box_loss', 'train/cls_loss'" in assumed_in(run)


def test_how_many_steps_llama_factory_is_to_take_is_the_budget(tmp_path):
    rows = (
        json.dumps({"current_steps": 10 * i, "total_steps": 300, "loss": t, "epoch": i / 10})
        for i, t in enumerate(LOSSES, 1)
    )
    assert run_of(tmp_path, "\n".join(rows) + "\n", "trainer_log.jsonl").planned == 30


def test_a_dash_of_a_typesetter_stands_before_a_name(tmp_path):
    run = run_of(
        tmp_path, "".join(f"Epoch {e} — Train MSE {t}, Val MSE {t + 1}, lr 1e-3\n" for e, t in enumerate(LOSSES))
    )
    assert (train(run), run.columns.val) == (LOSSES, "val mse")


def test_what_an_estimator_saves_of_its_evaluation_is_no_train_loss(tmp_path):
    steps = "".join(f"INFO:tensorflow:loss = {t}, step = {100 * i} (9.5 sec)\n" for i, t in enumerate(LOSSES))
    saved = "INFO:tensorflow:Saving dict for global step 1200: eval_loss = 9.5, global_step = 1200, loss = 9.75\n"
    assert train(run_of(tmp_path, steps + saved)) == LOSSES


def test_batches_of_a_validation_beside_its_mean_are_not_chosen_between(tmp_path):
    lines = (
        f"INFO : train --- Current batch:1/2 loss:[ {t}]\nINFO : Epoch [{e}]/[11] \t Training Phase Loss: {t}\n"
        f"INFO : val --- Current batch:1/1 loss:[ {t}]\nINFO : Epoch [{e}]/[11] \t Validation Phase Loss: {t + 1}\n"
        for e, t in enumerate(LOSSES)
    )
    text = "".join(lines)
    with pytest.raises(LogError, match="'validation phase loss' may each be the validation loss"):
        run_of(tmp_path, text)
    choice = ColumnChoice(train="training phase loss", val="validation phase loss")
    run = run_of(tmp_path, text, choice=choice)
    assert train(run) == LOSSES
    assert [each.val_loss for each in run.observations] == [t + 1 for t in LOSSES]


@pytest.mark.parametrize("name", ["train.log", "logging.jsonl"])
def test_ms_swift_counts_steps_of_how_many(name, tmp_path):
    quote = "'" if name == "train.log" else '"'
    lines = (
        f"{{'loss': {t}, 'learning_rate': 0.001, 'epoch': 0.0, 'global_step/max_steps': '{10 * i}/120'}}\n"
        for i, t in enumerate(LOSSES, 1)
    )
    settings = "learning_rate=0.0001\n" if name == "train.log" else ""
    run = run_of(tmp_path, settings + "".join(lines).replace("'", quote) + '{"epoch": 0.01}\n', name)
    assert train(run) == LOSSES


def test_the_bars_of_a_whole_validation_before_its_loss_in_one_line_do_not_hide_it(tmp_path):
    bars = "".join(f"\r {i:3d}%|#### | {i}/100 [00:10<00:10, 10.0it/s]" for i in range(100))
    lines = (
        f"{{'loss': {t}, 'epoch': {e}}}\n{bars}\r   \r{{'eval_loss': {t + 1}, 'epoch': {e}}}\n"
        for e, t in enumerate(LOSSES)
    )
    run = run_of(tmp_path, "".join(lines))
    assert [each.val_loss for each in run.observations] == [t + 1 for t in LOSSES]


def test_a_single_evaluation_without_a_counter_is_no_training(tmp_path):
    bar = "1375/1375 [==============================] - 17s - loss: 0.5165\nValidation loss: 0.5215\n"
    with pytest.raises(LogError, match="an evaluation, not a training"):
        run_of(tmp_path, bar)


def test_a_folder_of_many_event_files_is_looked_into_once(monkeypatch, tmp_path):
    opened = []
    (tmp_path / "train").mkdir()
    (tmp_path / "validation").mkdir()
    for i in range(30):
        event_file(tmp_path / "train", [(1.7e9 + i, i, "epoch_loss", 1.0 / (i + 1))])
        event_file(tmp_path / "validation", [(1.7e9 + i, i, "epoch_loss", 1.0 / (i + 1))])
    scalars_in = tensorboard.scalars_in
    monkeypatch.setattr(tensorboard, "scalars_in", lambda file, *rest: opened.append(file) or scalars_in(file, *rest))
    assert [len(run.observations) for run in read_logs(tmp_path)] == [30]
    assert len(opened) < 60 * 6


def test_what_a_comment_says_of_epochs_is_no_counter(tmp_path):
    settings = "  # LR reduced at the 28 epoch and 34 epoch, end at 37 epoch.\n"
    run = run_of(tmp_path, settings + "".join(f"iter: {20 * i}  total_loss: {t}\n" for i, t in enumerate(LOSSES)))
    assert train(run) == LOSSES


def test_the_summaries_of_two_trainings_of_hugging_face_are_no_curve(tmp_path):
    steps = "".join(f"{{'loss': {t}, 'epoch': {(i + 1) / 4}}}\n" for i, t in enumerate(LOSSES))
    path = tmp_path / "train.log"
    path.write_text(2 * (steps + "{'train_runtime': 9.5, 'train_loss': 0.5, 'epoch': 3.0}\n"))
    assert [train(run) for run in read_logs(path)] == [LOSSES, LOSSES]


def test_a_table_that_counts_nothing_and_differs_in_words_may_hold_a_run_a_row(tmp_path):
    rows = [("False", 1.0, 2.29), ("True", 0.5, 2.57), ("False", 0.01, 3.23), ("True", 1.0, 2.27)]
    text = ",pretrained,train_size,loss\n" + "".join(f"{i},{a},{b},{c}\n" for i, (a, b, c) in enumerate(rows))
    with pytest.raises(LogError, match=r"'pretrained' differs in words: each row may be another run.*epoch or step"):
        run_of(tmp_path, text, "results.csv")
    counted = "epoch,best,loss\n" + "".join(f"{i},{a},{c}\n" for i, (a, _, c) in enumerate(rows))
    assert train(run_of(tmp_path, counted, "log.csv")) == [2.29, 2.57, 3.23, 2.27]
    dated = "date,loss\n" + "".join(f"2024-05-01T12:00:0{i},{c}\n" for i, (_, _, c) in enumerate(rows))
    assert train(run_of(tmp_path, dated, "log.csv")) == [2.29, 2.57, 3.23, 2.27]


def test_a_count_that_goes_back_into_its_first_epoch_begins_another_training(tmp_path):
    first = "".join(f"{{'loss': {2 - part}, 'epoch': {part}}}\n" for part in (0.25, 0.5, 0.75, 1.0, 1.25, 1.5))
    second = "".join(f"{{'eval_loss': {1 / epoch}, 'epoch': {epoch}.0}}\n" for epoch in (1, 2, 3, 4))
    path = tmp_path / "train.log"
    path.write_text(f"{first}{{'eval_loss': 0.5, 'epoch': 2.0}}\n{{'eval_loss': 0.4, 'epoch': 3.0}}\n{second}")
    assert len(list(read_logs(path))) == 2
