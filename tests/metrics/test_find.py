"""Losses are found among what trainings log; the names are those of real projects."""

import pytest

from convergence_callbacks.metrics.find import (
    find_counterpart,
    find_named,
    find_train_loss,
    find_validation_loss,
    find_validation_scores,
    is_epoch_mean,
    not_found,
)


@pytest.mark.parametrize(
    ("logged", "train", "validation"),
    [
        (["loss", "val_loss"], "loss", "val_loss"),
        (["loss", "accuracy", "val_loss", "val_accuracy"], "loss", "val_loss"),
        (["train_loss", "val_loss", "val_acc"], "train_loss", "val_loss"),
        (["train/loss", "val/loss", "test/loss"], "train/loss", "val/loss"),
        (["train_loss_step", "train_loss_epoch", "valid_loss"], "train_loss_epoch", "valid_loss"),
        (["Loss/train", "Loss/validation"], "Loss/train", "Loss/validation"),
        (["training_loss", "validation_loss"], "training_loss", "validation_loss"),
        (["trainLoss", "valLoss"], "trainLoss", "valLoss"),
        (["TRAIN_LOSS", "VAL_LOSS"], "TRAIN_LOSS", "VAL_LOSS"),
        (["loss", "eval_loss", "eval_runtime"], "loss", "eval_loss"),
        (["train_loss", "dev_loss"], "train_loss", "dev_loss"),
        (["val_loss/dataloader_idx_0"], None, "val_loss/dataloader_idx_0"),
        (["train/box_loss", "train/cls_loss", "train/loss", "val/box_loss", "val/loss"], "train/loss", "val/loss"),
        (["acc", "val_acc", "lr", "epoch"], None, None),
        (["test_loss"], None, None),
        (["lossless_ratio", "val_lossy"], None, None),
        ([], None, None),
    ],
)
def test_the_losses_are_found(logged, train, validation):
    assert (find_train_loss(logged), find_validation_loss(logged)) == (train, validation)
    assert (find_train_loss(logged[::-1]), find_validation_loss(logged[::-1])) == (train, validation)


@pytest.mark.parametrize(
    ("validation", "logged", "train"),
    [
        ("val_accuracy", ["loss", "accuracy", "val_accuracy"], "accuracy"),
        ("val/acc", ["train/acc_step", "train/acc_epoch", "train/loss", "val/acc"], "train/acc_epoch"),
        ("val_acc", ["train_loss", "train_top_acc", "val_acc", "test_acc"], None),
        ("val_loss", ["loss", "val_loss"], None),
    ],
)
def test_the_counterpart_of_a_validation_metric_is_found(validation, logged, train):
    assert find_counterpart(validation, logged) == train
    assert find_counterpart(validation, logged[::-1]) == train


def test_a_part_of_the_loss_is_taken_only_where_there_is_no_whole():
    assert find_validation_loss(["val_kl_loss", "val_loss"]) == "val_loss"
    assert find_validation_loss(["val_kl_loss"]) == "val_kl_loss"


def test_a_name_says_whether_it_is_of_the_epoch():
    assert is_epoch_mean("train_loss_epoch")
    assert not is_epoch_mean("train_loss")


def test_a_name_that_was_not_found_is_reported_with_the_nearest_one_and_the_remedy():
    assert str(not_found("val_los", ["train_loss", "val_loss"], "val_metric")) == (
        "unknown metric 'val_los'; did you mean 'val_loss'? Known: train_loss, val_loss (name it with val_metric=…)"
    )
    assert "nothing was" in str(not_found("val_loss", [], "val_metric"))


def test_scores_on_the_validation_data_are_found():
    logged = ["val_loss", "accuracy", "val_accuracy", "train/f1", "valid/f1", "val_acc_step", "val_lr"]
    assert find_validation_scores(logged) == ["val_accuracy", "valid/f1"]


@pytest.mark.parametrize(
    ("wanted", "logged", "found"),
    [
        ("val_loss", ["loss", "val_loss"], "val_loss"),
        ("val_loss", ["val/loss"], "val/loss"),
        ("valid_0's auc", ["valid_0/auc", "valid_0/l2"], "valid_0/auc"),
        ("validation_1-logloss", ["validation_0/logloss", "validation_1/logloss"], "validation_1/logloss"),
        ("auc", ["train/auc", "valid/auc"], "valid/auc"),
        ("accuracy", ["eval_loss", "eval_accuracy"], "eval_accuracy"),
        ("accuracy", ["accuracy", "val_accuracy"], "accuracy"),
        ("auc", ["valid_0/auc", "valid_1/auc"], None),
        ("val_acc", ["val_accuracy"], None),
        ("nothing", ["val_loss"], None),
        ("train_acc", ["val_acc"], None),
    ],
)
def test_a_metric_is_found_in_its_usual_spellings_and_never_guessed(wanted, logged, found):
    assert find_named(wanted, logged) == found


def test_a_metric_of_several_data_sets_is_reported_with_all_of_them():
    logged = ["train_loss", "val_loss/dataloader_idx_0", "val_loss/dataloader_idx_1"]
    assert str(not_found("val_loss", logged, "val_metric")) == (
        "metric 'val_loss' was logged of 2 data sets: 'val_loss/dataloader_idx_0', 'val_loss/dataloader_idx_1' "
        "(name it with val_metric=…)"
    )


def test_the_train_loss_is_not_suggested_for_a_validation_loss():
    message = str(not_found("val_loss", ["train_loss", "val_score"], "val_metric"))
    assert message == "unknown metric 'val_loss'. Known: train_loss, val_score (name it with val_metric=…)"
