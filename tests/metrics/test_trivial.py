"""What a trivial predictor loses, by the names of the losses."""

import math

import numpy as np
import pytest

from convergence_callbacks.metrics.trivial import Baseline, of_classes, of_frequencies, of_outputs, of_targets

HALF = [0, 1, 1, 0]


@pytest.mark.parametrize("name", ["binary_logloss", "logloss", "mlogloss", "multi_logloss", "log_loss", "Logloss"])
def test_a_cross_entropy_is_that_of_the_class_frequencies(name):
    assert of_targets(name, [0, 0, 0, 1]).loss == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert of_targets(name, HALF) == Baseline(pytest.approx(math.log(2)), "frequencies", 2, "validation")


@pytest.mark.parametrize("name", ["error", "merror", "binary_error", "multi_error", "zero_one_loss"])
def test_a_share_of_errors_is_that_of_the_most_frequent_class(name):
    assert of_targets(name, ["a", "b", "b", "c"]).loss == pytest.approx(0.5)


@pytest.mark.parametrize(("name", "expected"), [("l2", 4.0), ("mean_squared_error", 4.0), ("rmse", 2.0), ("RMSE", 2.0)])
def test_a_squared_error_is_that_of_the_mean(name, expected):
    assert of_targets(name, [1.0, 5.0]) == Baseline(pytest.approx(expected), "mean", None, "validation")


def test_targets_count_by_their_weights():
    assert of_targets("logloss", [0, 1], [3, 1]).loss == pytest.approx(of_targets("logloss", [0, 0, 0, 1]).loss)
    assert of_targets("l2", [0.0, 4.0], [3, 1]).loss == pytest.approx(3.0)


def test_of_several_outputs_it_is_the_mean_over_them():
    assert of_targets("l2", np.array([[0.0, 0.0], [2.0, 4.0]])).loss == pytest.approx((1 + 4) / 2)


@pytest.mark.parametrize("name", ["auc", "quantile", "ndcg", "gamma", "accuracy", "mae", "val_loss"])
def test_of_a_metric_of_which_nothing_is_known_there_is_none(name):
    assert of_targets(name, HALF) is None
    assert of_frequencies(name, [0.5, 0.5], "train") is None
    assert of_outputs(name, 10) is None


@pytest.mark.parametrize("targets", [[], [1, 1, 1], [1.0, math.nan]])
def test_of_targets_that_say_nothing_there_is_none(targets):
    assert of_targets("l2", targets) is None


def test_one_class_is_none():
    assert of_classes(1) is None and of_targets("logloss", [1, 1]) is None
    assert of_outputs("categorical_crossentropy", 1) is None


def test_a_cross_entropy_of_outputs_is_that_of_all_classes_or_of_two():
    assert of_outputs("CrossEntropyLoss", 4).loss == pytest.approx(math.log(4))
    assert of_outputs("binary_crossentropy", 7).loss == pytest.approx(math.log(2))
