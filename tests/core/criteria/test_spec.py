"""Criteria are built from what YAML can hold, and a mistake is reported."""

from dataclasses import dataclass

import pytest

from convergence_callbacks import Criterion, Default, Patience, SettingsError, TargetLoss, TimeBudget
from convergence_callbacks.core.spec import criteria_from, known_criteria


@pytest.mark.parametrize(
    ("spec", "criterion"),
    [
        (None, None),
        (Patience(3), Patience(3)),
        ("default", Default()),
        ({"patience": 7}, Patience(7)),
        ({"patience": None}, Patience()),
        ({"patience": {"patience": 7, "min_delta": "1%"}}, Patience(7, min_delta="1%")),
        ([{"patience": 7}, {"time_budget": {"hours": 2}}], Patience(7) | TimeBudget(hours=2)),
        ({"all_of": [{"patience": 7}, {"target_loss": 0.1}]}, Patience(7) & TargetLoss(0.1)),
        ([{"all_of": ["default", {"target_loss": 0.1}]}, "patience"], (Default() & TargetLoss(0.1)) | Patience()),
    ],
)
def test_a_specification_is_built(spec, criterion):
    assert criteria_from(spec) == criterion


@pytest.mark.parametrize(
    ("spec", "message", "at"),
    [
        ("pateince", "unknown criterion 'pateince'; did you mean 'patience'?", ("pateince",)),
        ([{"patience": 3}, "defualt"], "did you mean 'default'?", (1, "defualt")),
        (
            {"patience": {"patiense": 3}},
            "unknown setting 'patiense' of patience; did you mean 'patience'?",
            ("patience", "patiense"),
        ),
        ({"patience": 0}, "patience must be at least 1, got 0", ("patience", "patience")),
        ({"patience": "3"}, "patience must be a whole number, got '3'", ("patience", "patience")),
        ({"patience": True}, "patience must be a whole number, got True", ("patience", "patience")),
        ({"target_loss": None}, "target_loss needs target", ("target_loss",)),
        ({"time_budget": {}}, "time_budget needs hours", ("time_budget",)),
        ({"all_of": []}, "all_of needs a list of criteria", ("all_of",)),
        ({"any_of": 3}, "any_of needs a list of criteria, got 3", ("any_of",)),
        ([], "criteria needs a list of criteria", ()),
        ([None], "criteria joins criteria, got nothing", (0,)),
        (
            {"all_of": ["patience", {"target_loss": "low"}]},
            "target must be a number, got 'low'",
            ("all_of", 1, "target_loss", "target"),
        ),
        ({"patience": 3, "target_loss": 1}, "write '- ' before each of patience, target_loss", ()),
        (3, "a criterion is a name, or one name with its settings, got 3", ()),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_mend(spec, message, at):
    with pytest.raises(SettingsError) as error:
        criteria_from(spec)
    assert message in str(error.value)
    assert error.value.at == at


def test_every_criterion_is_known_by_its_class_in_snake_case():
    by_name = known_criteria()
    assert by_name["generalization_loss"].__name__ == "GeneralizationLoss"
    assert all(kind.name == name for name, kind in by_name.items())


def test_a_class_of_the_users_can_not_take_the_name_of_a_criterion_that_ships():
    with pytest.raises(SettingsError, match=r"Patience has the name 'patience' .*core\.criteria\.patience\.Patience"):
        type("Patience", (Criterion,), {"__module__": "mine"})
    assert known_criteria()["patience"] is Patience


def test_two_classes_of_the_users_with_one_name_are_both_refused():
    def defined_in(module):
        members = {"__module__": module, "step": Patience.step, "finding": Patience.finding}
        return dataclass(frozen=True)(type("TwiceDefined", (Criterion,), members))

    kinds = [defined_in("mine"), defined_in("yours")]
    with pytest.raises(SettingsError, match=r"'twice_defined' is the name of both mine\.TwiceDefined and yours\."):
        criteria_from("twice_defined")
    assert [kind.name for kind in kinds] == ["twice_defined"] * 2


def test_a_class_that_is_defined_anew_in_its_place_takes_it():
    members = {"__module__": "notebook", "step": Patience.step, "finding": Patience.finding}
    kinds = [dataclass(frozen=True)(type("DefinedAnew", (Criterion,), members)) for _ in range(2)]
    assert isinstance(criteria_from("defined_anew"), kinds[1])
