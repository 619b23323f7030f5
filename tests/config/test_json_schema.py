"""The published schema takes what is read, refuses what is not, and is up to date."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from convergence_callbacks.config.json_schema import json_schema
from convergence_callbacks.config.template import template
from convergence_callbacks.core.spec import known_criteria
from tests.core.criteria.test_contract import CRITERIA

jsonschema = pytest.importorskip("jsonschema", reason="needs pip install 'convergence-callbacks[dev]'")
PUBLISHED = Path(__file__).parents[2] / "docs" / "convergence.schema.json"


@pytest.fixture(scope="module")
def checker():
    kind = jsonschema.Draft202012Validator
    kind.check_schema(json_schema())
    return kind(json_schema())


def test_what_is_published_is_what_the_code_says():
    assert json.loads(PUBLISHED.read_text()) == json_schema(), "run python -m docs.generate"


def test_it_takes_the_file_that_is_written_for_users(checker):
    lines = template().splitlines()
    switched_on = "\n".join(line[1:] if line.startswith("#") and line[1:2] not in {" ", ""} else line for line in lines)
    checker.validate(YAML(typ="safe").load(template()))
    content = YAML(typ="safe").load(switched_on)
    assert len(content["criteria"]) == sum(kind.__module__.startswith("conv") for kind in known_criteria().values())
    checker.validate(content)


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)
def test_it_takes_every_criterion_as_it_describes_itself(checker, criterion):
    checker.validate({"criteria": criterion.to_dict()})
    checker.validate({"criteria": [criterion.to_dict()]})


@pytest.mark.parametrize(
    "content",
    [
        {"patience": 3},
        {"tolerance": 2},
        {"min_epochs": "five"},
        {"stop_on": ["convergd"]},
        {"criteria": "patince"},
        {"criteria": [{"patience": {"patience": 0}}]},
        {"criteria": [{"patience": {"patince": 3}}]},
        {"criteria": ["target_loss"]},
        {"criteria": [{"patience": 3, "plateau": {}}]},
        {"criteria": {"all_of": []}},
    ],
    ids=str,
)
def test_it_refuses_what_is_wrong(checker, content):
    assert not checker.is_valid(content)
