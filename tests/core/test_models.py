"""The fitted models ship as data, fit to the code that asks them, and say so where they do not."""

from importlib import resources

import numpy as np
import pytest

from convergence_callbacks.core.errors import ModelError
from convergence_callbacks.core.models import stored
from convergence_callbacks.core.models.diagnosis import model as diagnosis
from convergence_callbacks.core.models.further_gain import model as further_gain
from convergence_callbacks.forecast import model as loss_forecast

MODELS = {"further_gain": further_gain, "diagnosis": diagnosis, "loss_forecast": loss_forecast}


@pytest.fixture(params=MODELS)
def name(request):
    MODELS[request.param].fitted.cache_clear()
    yield request.param
    MODELS[request.param].fitted.cache_clear()


def test_a_model_is_small_and_states_where_it_comes_from(name):
    folder = resources.files(MODELS[name].__package__)
    assert len(folder.joinpath("trees.npz").read_bytes()) < 300_000
    provenance = folder.joinpath("PROVENANCE.md").read_text(encoding="utf-8")
    for heading in ("## What was fitted", "## On what data", "## When, and by which command", "## Figures"):
        assert heading in provenance


def test_a_feature_that_the_code_does_not_compute_is_named_with_the_nearest(name, monkeypatch):
    arrays = dict(stored.read(MODELS[name].__package__))
    (key, *_) = [key for key in arrays if key.endswith("_features")]
    right = arrays[key].tolist()
    folder = MODELS[name].__package__.replace(".", "/")
    arrays[key] = np.array([*right[:-1], f"{right[-1]}_of_old"])
    monkeypatch.setattr(stored, "read", lambda package: arrays)
    with pytest.raises(
        ModelError, match=rf"{folder}/trees.npz .*'{right[-1]}_of_old' \(did you mean '{right[-1]}'\?\)"
    ):
        MODELS[name].fitted()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut short", b"no such file"])
def test_a_file_that_is_missing_or_damaged_is_reported_by_its_path(content, name, tmp_path, monkeypatch):
    if content is not None:
        (tmp_path / "trees.npz").write_bytes(content)
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    with pytest.raises(ModelError, match=r"cannot read .*trees\.npz.*install convergence-callbacks anew"):
        stored.read(MODELS[name].__package__)


def test_the_trees_have_a_sum_for_each_verdict():
    assert len(diagnosis.fitted().starts) == len(diagnosis.VERDICTS)
    assert len(diagnosis.fitted().before) % len(diagnosis.VERDICTS) == 0


def test_intervals_of_the_forecast_are_widened_by_loss_and_stage():
    model = loss_forecast.fitted()
    assert model.level_wider.shape == model.left_wider.shape == (2, len(loss_forecast.STAGES) + 1)
    assert len(model.level.starts) == len(model.left.starts) == 3
