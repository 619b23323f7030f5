import copy
import dataclasses
import json
import math
import pickle

import pytest

from convergence_callbacks import Observation
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.observation import as_number
from convergence_callbacks.telling.observation import line


def test_an_observation_survives_json_with_values_that_are_not_finite():
    seen = Observation(step=3, train_loss=math.inf, val_loss=0.25, lr=None, elapsed=7.5, metrics={"acc": -math.inf})
    text = json.dumps(seen.to_dict(), allow_nan=False)
    assert Observation.from_dict(json.loads(text)) == seen


def test_nan_comes_back_from_json_as_nan():
    back = Observation.from_dict(Observation(step=0, val_loss=math.nan).to_dict())
    assert back.val_loss is not None and math.isnan(back.val_loss)


def test_an_observation_can_not_be_changed():
    metrics = {"acc": 0.5}
    seen = Observation(step=1, metrics=metrics)
    metrics["acc"] = 0.9
    assert seen.metrics == {"acc": 0.5}
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen.step = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        seen.metrics["acc"] = 1.0  # type: ignore[index]


def test_an_observation_can_be_copied_and_pickled():
    seen = Observation(step=1, val_loss=0.5, metrics={"acc": 0.5})
    assert copy.deepcopy(seen) == seen == pickle.loads(pickle.dumps(seen))


def test_it_prints_as_one_line_with_what_was_measured():
    assert str(Observation(step=2, val_loss=0.125, metrics={"acc": 0.5})) == "epoch 2: val_loss 0.125, acc 0.5"
    assert str(Observation(step=2)) == "epoch 2: nothing was measured"
    assert line(Observation(step=2, lr=0.5), Counter("round", first=1)) == "round 3: lr 0.5"


class Tensor:
    """What frameworks hand over: a thing that float() takes, or refuses for lack of a single element."""

    def __init__(self, *values: float) -> None:
        self.values = values

    def __float__(self) -> float:
        if len(self.values) != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.values[0]


@pytest.mark.parametrize(
    ("value", "number"),
    [(None, None), (1, 1.0), (True, 1.0), ("0.5", 0.5), (Tensor(2.0), 2.0), (float("inf"), math.inf)],
)
def test_whatever_is_a_number_is_read_as_one(value, number):
    assert as_number(value) == number


class Lazy:
    """A number that can't be computed, for a reason of its own."""

    def __float__(self) -> float:
        raise KeyError("loss")


@pytest.mark.parametrize("value", ["low", [1.0, 2.0], {}, object(), Tensor(1.0, 2.0), Lazy(), 10**400, 1j])
def test_what_is_no_number_is_nan_and_no_error(value):
    assert math.isnan(as_number(value))
