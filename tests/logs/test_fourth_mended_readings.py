"""A fourth set of readings that public logs were got wrong by, each on a small input by the rules of its format."""

import numpy as np
import pytest

from convergence_callbacks.logs import LogError, Run, read_logs
from tests.logs.make import event_file
from tests.logs.test_mended_readings import LOSSES, run_of, train
from tests.logs.test_third_mended_readings import epochs, val

OTHERS = [t + 1 for t in LOSSES]


def numbers(folder, **files):
    for name, losses in files.items():
        (folder / f"{name}.txt").write_text("".join(f"{loss}\n" for loss in losses))
    return list(read_logs(folder))


@pytest.mark.parametrize("names", [("train_loss", "val_loss"), ("loss_train", "loss_test"), ("trainLoss", "validLoss")])
def test_a_file_of_each_loss_beside_each_other_is_one_run(names, tmp_path):
    (run,) = numbers(tmp_path, **dict(zip(names, (LOSSES, OTHERS), strict=True)))
    assert (train(run), val(run), run.unit) == (LOSSES, OTHERS, "epoch")
    (named,) = read_logs(tmp_path / f"{names[1]}.txt")
    assert val(named) == OTHERS


@pytest.mark.parametrize("form", ["{e}_{t}\n", "epoch{e}\t{t}\n", "{e}, {t}\n"])
def test_a_file_of_one_loss_may_count_its_epochs(form, tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, form), "train_loss.txt")
    assert (train(run), run.counts_from) == (LOSSES, 1)


@pytest.mark.parametrize("name", ["train_loss.txt", "loss_log.txt"])
def test_a_file_of_one_loss_may_be_a_list(name, tmp_path):
    assert train(run_of(tmp_path, repr(LOSSES), name)) == LOSSES


def test_files_of_losses_of_other_numbers_of_epochs_are_refused(tmp_path):
    (error,) = numbers(tmp_path, train_loss=LOSSES * 3, val_loss=OTHERS)
    assert "train_loss 36 and val_loss 12 numbers" in str(error)


def test_a_part_of_a_loss_in_a_file_of_its_own_is_not_the_loss(tmp_path):
    assert not any(isinstance(each, Run) for each in numbers(tmp_path, kl_loss=LOSSES))


@pytest.mark.parametrize(("name", "is_validation"), [("val_loss.txt", True), ("train_loss.txt", False)])
def test_a_loss_without_a_part_is_of_what_its_file_is_called_after(name, is_validation, tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, "epoch: {e} iter: 750 loss: {t}\n"), name)
    assert (val(run) if is_validation else train(run)) == LOSSES
    assert (run.columns.train is None) == is_validation


@pytest.mark.parametrize(
    "form",
    [
        "Loss after epoch {e}: {t}\n",
        "loss at epoch {e} is {t}\n",
        "Cost after iteration {e}: {t}\n",
        "Average train loss for iteration 1-{e}: {t}\n",
        "train loss of iteration {e}:{t}\n",
        "ResNet[{e}/12][12:00:03] bit: 4 train loss: {t}\n",
        "Training loss (for one batch) at step {e}: {t}\n",
        "0m 24s (- 6m 1s) ({e} 6%) {t}\n",
    ],
)
def test_a_counter_behind_the_name_of_a_loss_is_not_its_number(form, tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, form))
    assert (train(run), run.counts_from) == (LOSSES, 1)


def test_models_that_count_their_epochs_in_brackets_are_trainings_of_their_own(tmp_path):
    text = epochs(LOSSES, "ResNet[{e}/12][12:00:03] train loss:{t}\nResNet epoch:{e}, mAP:0.5\n")
    (tmp_path / "train.log").write_text(2 * text)
    assert [train(run) for run in read_logs(tmp_path / "train.log")] == [LOSSES, LOSSES]


def test_what_is_called_train_alone_is_no_loss_where_losses_are_called_so(tmp_path):
    form = "epoch: {e}, lr: 0.1, tr: 1.00\n    recon loss: {t}, style loss: {v}\n"
    with pytest.raises(LogError, match="'recon loss', 'style loss'"):
        run_of(tmp_path, epochs(LOSSES, form))


TEST = "Epoch: [{e}][0/9]\tLoss {t} ({t})\nTest: [%d/9]\tLoss 8.5 (8.5)\n"


def test_the_line_of_a_whole_validation_counts_and_not_the_one_of_its_first_batch(tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, TEST % 0 + " * ERR 24.7 LOSS {v}\n"))
    assert (train(run), val(run)) == (LOSSES, OTHERS)


def test_the_first_batch_of_a_validation_does_not_stand_for_the_whole(tmp_path):
    with pytest.raises(LogError, match="1 of 9 batches"):
        run_of(tmp_path, epochs(LOSSES, TEST % 0))
    assert val(run_of(tmp_path, epochs(LOSSES, TEST % 8))) == [8.5] * 12


def test_a_loss_below_lines_that_count_and_in_ones_that_count_themselves_is_refused(tmp_path):
    form = "[train] step: {e}, speed: 2\n\tlr: 0.1\n\tmlm_loss: {t}, loss: {t}\n"
    evaluation = epochs(LOSSES, "\tstep {e}: mlm_loss: {v}, loss: {v}\n")
    with pytest.raises(LogError, match="again below such lines"):
        run_of(tmp_path, epochs(LOSSES, form) + "Evaluation:\n" + evaluation)
    assert train(run_of(tmp_path, epochs(LOSSES, form))) == LOSSES


def test_the_last_values_that_the_client_of_wandb_prints_are_no_curve(tmp_path):
    form = "Epoch {e}\nLoss: {t}\n"
    summary = "wandb: Run summary:\nwandb: epoch 12\nwandb: train_loss 0.5\nwandb: val_loss 3.9\n"
    assert train(run_of(tmp_path, epochs(LOSSES, form) + 3 * summary)) == LOSSES


@pytest.mark.parametrize("short", ["loss", "t_loss"])
def test_v_loss_beside_the_loss_is_the_validation_s(short, tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, f"epoch {{e}} {short} {{t}} v_loss {{v}}\n"))
    assert (train(run), val(run)) == (LOSSES, OTHERS)


def test_v_loss_of_an_agent_is_none(tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, "epoch {e} loss {t} policy_loss 0.1 v_loss {v}\n"))
    assert (train(run), run.columns.val) == (LOSSES, None)


@pytest.mark.parametrize("metric", ["l2", "multi_logloss"])
def test_lightgbm_prints_the_data_set_before_its_metric(metric, tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, f"[{{e}}]\ttraining's {metric}: {{t}}\tvalid_1's {metric}: {{v}}\n"))
    assert (train(run), val(run)) == (LOSSES, OTHERS)


def test_what_catboost_prints_says_no_metric_so_it_is_to_be_named(tmp_path):
    form = "{e}:\tlearn: {t}\ttest: {v}\tbest: {v} ({e})\ttotal: 1.2s\tremaining: 3s\n"
    with pytest.raises(LogError, match="They name 'learn', 'test', 'best'"):
        run_of(tmp_path, epochs(LOSSES, form))


def test_a_table_that_names_no_loss_is_passed_over_in_a_folder(tmp_path):
    numbers(tmp_path, train_loss=LOSSES)
    (tmp_path / "summary.csv").write_text("name,params\n" + "".join(f"layer{n},{n}\n" for n in range(9)))
    assert [train(each) for each in read_logs(tmp_path)] == [LOSSES]


def test_zeros_behind_the_losses_of_an_array_are_none(tmp_path):
    np.save(tmp_path / "train_loss.npy", np.array([*LOSSES, 0.0, 0.0, 0.0]))
    (run,) = read_logs(tmp_path)
    assert train(run) == LOSSES


def test_the_time_of_an_epoch_in_another_language_is_no_counter(tmp_path):
    form = "Epoch: {e}/12 시작\nstep: 0/9, loss: {t}\nstep: 0/9, val_loss: {v}\n1 epoch에 걸린 시간 : 5.6139\n"
    run = run_of(tmp_path, epochs(LOSSES, form))
    assert (train(run), val(run), run.counts_from) == (LOSSES, OTHERS, 1)


def test_validation_losses_of_batches_are_not_evaluations(tmp_path):
    form = "Epoch {e}\n" + 3 * "train_loss tensor({t}, device='cpu')\n" + 3 * "val_loss tensor({v}, device='cpu')\n"
    with pytest.raises(LogError, match="is there 3 times after the training of each epoch"):
        run_of(tmp_path, epochs(LOSSES, form))


def test_an_epoch_may_be_counted_with_its_share_and_the_planned_ones_are_no_counter(tmp_path):
    text = epochs(LOSSES, "{e}/12 - 8.33%\n[train] loss: {t}, acc: 78.75\n[test] loss: {v}, acc: 81.2\n")
    (tmp_path / "train.log").write_text(2 * (">>> num_epoch: 12\n" + text))
    found = list(read_logs(tmp_path / "train.log"))
    assert [(train(run), val(run)) for run in found] == [(LOSSES, OTHERS)] * 2


@pytest.mark.parametrize("folder", ["loss/{}_loss", "loss_{}"])
def test_scalars_that_were_added_together_are_one_run(folder, tmp_path):
    event_file(tmp_path / "run", [(1.7e9, 0, "rank1", 0.5)])
    for part, losses in (("train", LOSSES), ("val", OTHERS)):
        event_file(tmp_path / "run" / folder.format(part), [(1.7e9 + s, s, "loss", t) for s, t in enumerate(losses)])
    (run,) = read_logs(tmp_path)
    assert (train(run), val(run)) == (LOSSES, OTHERS)


def test_a_loss_that_a_line_tells_of_each_part_of_the_data_is_told_twice(tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, "Epoch {e}, train: loss {t} acc 0.5, val: loss {v} acc 0.4\n"))
    assert (train(run), val(run)) == (LOSSES, OTHERS)


def test_the_least_loss_of_an_epoch_is_not_its_loss(tmp_path):
    assert train(run_of(tmp_path, epochs(LOSSES, "Epoch {e} loss min 0.1 loss {t}\n"))) == LOSSES
    with pytest.raises(LogError, match="'loss min'"):
        run_of(tmp_path, epochs(LOSSES, "Epoch {e} loss min {t} loss max 9\n"))


@pytest.mark.parametrize(
    "form", ["[0] epoch: {e}, loss: {t}\n", "[{e}] iter: 20, loss: {t}\n[{e}] iter: 40, loss: {t}\n"]
)
def test_a_number_in_brackets_is_no_round_where_a_counter_has_a_name(form, tmp_path):
    run = run_of(tmp_path, epochs(LOSSES, form))
    assert (train(run), run.counts_from) == (LOSSES, 1)


@pytest.mark.parametrize(
    "form", ["tensor({}, device='cuda:0')", "tf.Tensor({}, shape=(), dtype=float32)", "tensor({})"]
)
def test_a_tensor_in_a_table_is_the_number_in_it(form, tmp_path):
    rows = "".join(f'{e},"{form.format(t)}"\n' for e, t in enumerate(LOSSES))
    assert train(run_of(tmp_path, "epoch,train_loss\n" + rows, "loss.csv")) == LOSSES
