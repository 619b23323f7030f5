"""A logged name says on which data something was measured, what it is, and which way it improves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.metrics import direction_of, meaning
from convergence_callbacks.metrics.vocabulary import LIBRARIES


@pytest.mark.parametrize(
    ("name", "role", "direction", "per"),
    [
        ("val_loss", "validation", "min", None),
        ("Loss/train", "train", "min", None),
        ("trainLoss", "train", "min", None),
        ("loss", None, "min", None),
        ("val_loss_step", "validation", "min", "step"),
        ("val/loss_epoch", "validation", "min", "epoch"),
        ("val_loss/dataloader_idx_0", "validation", "min", None),
        ("test-auc-mean", "test", "max", None),
        ("valid_1's auc", "validation", "max", None),
        ("validation_0-logloss", "validation", "min", None),
        ("learn/Logloss", "train", "min", None),
        ("eval_rougeLsum", "validation", "max", None),
        ("MulticlassAccuracy/val", "validation", "max", None),
    ],
)
def test_the_parts_of_a_name(name, role, direction, per):
    found = meaning(name)
    assert (found.role, found.direction, found.per) == (role, direction, per)


RISES = """
    val_acc val_head_accuracy acc1 top1 val_top5 ROC-AUC val_f1_macro F1Score r2 val_mIoU valDice dice dice_coefficient
    mean_fg_dice hit@5 val_hit@10 val_pck val_vmaf
    metrics/mAP50-95(B) metrics/precision(error) error/AP coco/bbox_mAP_50 map@10 NDCG:top=10;type=Base val.hits@1
    precision@recall=0.9 auc_mu validation_1-aucpr psnr ssim eval_bleu-4 eval_exact_match eval_matthews_correlation
    neg_mean_squared_error val_neg_mse d2_log_loss_score best_val_acc explained_variance success_rate
    reward return rollout/ep_rew_mean eval/mean_reward charts/episodic_return rewards/accuracies fitness
"""
FALLS = """
    mape rmse l2 hinge log_loss error merror macro_error top1_err nll val_ppl perplexity wer val_cer fid kl val_kl
    gamma-deviance binary_logloss val/bits_per_byte brier_score ece val_abs_rel hd95 mpjpe regret
    val_decoder_loss lr_loss val_f1_loss loss_dice dice_loss val/map_loss reward_model_loss box_loss rank_loss
    val_niqe val_levenshtein val_rmsd
"""
NEITHER = """
    val_score elbo loss_scale train/loss_scale loss/scale loss_weight loss/val_acc acc_std accuracy_gap std_reward
    test-auc-std val_1-acc
    val_precision_error neg_loss neg_acc 1-acc one_minus_acc val_quantile_coverage map_head lossless_ratio val_lossy
    lr learning_rate epoch step time fps grad_norm ep_len_mean entropy rewards/chosen true_positives eval_runtime
"""


@pytest.mark.parametrize(
    ("name", "direction"),
    [(name, way) for names, way in ((RISES, "max"), (FALLS, "min"), (NEITHER, None)) for name in names.split()],
)
def test_which_way_a_name_improves(name, direction):
    assert meaning(name).direction == direction


def test_a_class_named_after_an_error_makes_no_loss_of_a_score():
    assert meaning("metrics/precision(error)").kind == meaning("error/AP").kind == "score"


def test_what_the_framework_states_goes_before_the_name():
    assert meaning("ERR").direction == "min"
    stated = meaning("ERR", rises=True)
    assert (stated.direction, stated.kind, stated.certainty) == ("max", "score", "stated")
    assert meaning("val_auc", rises=False).kind == "error" and meaning("val_loss", rises=False).kind == "loss"


def test_it_is_reported_how_a_direction_is_known():
    assert [meaning(name).certainty for name in ("val_acc", "val_head_accuracy", "val_quality")] == [
        *("listed", "likely"),
        None,
    ]


def test_a_part_of_the_loss_has_words_that_the_whole_has_not():
    assert meaning("val_total_loss").special == frozenset()
    assert meaning("val_kl_loss").special == {"kl"}


def test_the_user_goes_before_all_and_an_unknown_direction_names_the_setting():
    assert direction_of("val_loss", mode="max", rises=False) == "max"
    assert direction_of("val_quality", rises=True) == "max"
    with pytest.raises(SettingsError, match=r"'val_quality'.*mode='min' or mode='max'") as error:
        direction_of("val_quality")
    assert error.value.at == ("mode",)


@given(st.text(max_size=30))
def test_no_name_is_too_odd(name):
    assert meaning(name).direction in ("min", "max", None)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_no_library_contradicts_another(library):
    names = {name: way for way in ("rises", "falls") for name in getattr(library, way).split()}
    for name, way in names.items():
        assert meaning(name).direction == {"rises": "max", "falls": "min"}[way], name
    for name in library.either.split():
        assert meaning(name).direction is None, name
