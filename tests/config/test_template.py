import dataclasses
import re

import pytest
from ruamel.yaml import YAML

from convergence_callbacks import AnyOf
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.read import read_settings
from convergence_callbacks.config.template import WIDTH, template
from convergence_callbacks.core.spec import criteria_from, known_criteria

FIELDS = dataclasses.fields(CallbackSettings)
SWITCHED_OFF = re.compile(r"^#(?=\S)", re.MULTILINE)
OFF_LINES = [line[1:] for line in template().splitlines() if SWITCHED_OFF.match(line)]
CRITERIA_LINES = [line for line in OFF_LINES if line.startswith("- ")]
OURS = [name for name, kind in known_criteria().items() if kind.__module__.startswith("convergence_callbacks.")]
PROSE = " ".join(line.removeprefix("#").strip() for line in template().splitlines())


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "convergence.yaml").write_text(text, encoding="utf-8")
        return read_settings(tmp_path / "convergence.yaml")

    return read_text


def test_it_reads_back_as_exactly_the_defaults(read):
    given = read(template())
    assert CallbackSettings(**given) == CallbackSettings()
    assert set(given) == {field.name for field in FIELDS if field.default is not None}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_setting_is_there_with_its_description_and_range(field):
    lines = [line for line in template().splitlines() if re.match(rf"#?{field.name}:", line)]
    assert len(lines) == 1
    assert field.name == "criteria" or field.metadata["description"][1:] in PROSE
    for bound, words in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below")):
        if bound in field.metadata:
            assert f"{words} {field.metadata[bound]:g}" in PROSE


@pytest.mark.parametrize("line", [line for line in OFF_LINES if not line.startswith("- ")])
def test_a_line_that_is_switched_on_is_valid(read, line):
    name = line.split(":")[0]
    given = read(template().replace(f"#{line}\n", f"{line}\n"))
    assert given.keys() - read(template()).keys() == {name}
    assert name == "criteria" or given[name] is not None


@pytest.mark.parametrize("line", CRITERIA_LINES)
def test_a_criterion_that_is_switched_on_is_valid(read, line):
    text = template().replace("#criteria:\n", "criteria:\n").replace(f"#{line}\n", f"{line}\n")
    (alone,) = YAML(typ="safe").load(line)
    assert read(text)["criteria"] == AnyOf.of(criteria_from(alone))


def test_all_lines_can_be_switched_on_together(read):
    given = read(SWITCHED_OFF.sub("", template().replace("#act:", "# act:")))  # which goes with no counting by steps
    assert set(given) == {field.name for field in FIELDS} - {"act"}


def test_every_criterion_is_listed_with_its_settings():
    assert [line.split()[1].rstrip(":") for line in CRITERIA_LINES] == sorted(OURS)
    for line in CRITERIA_LINES:
        kind = known_criteria()[line.split()[1].rstrip(":")]
        if kind.name not in ("any_of", "all_of"):
            own = [field.name for field in dataclasses.fields(kind) if not field.kw_only]  # and what all of a kind take
            assert re.findall(r"(\w+): ", line)[1:] == own
            assert all(field.metadata["description"] in PROSE for field in dataclasses.fields(kind))


def test_an_example_is_given_of_just_those_that_have_no_default():
    assert {field.name for field in FIELDS if "example" in field.metadata} == (
        {field.name for field in FIELDS if field.default is None} - {"criteria"}
    )


def test_its_explanations_fit_the_width():
    assert max(len(line) for line in template().splitlines() if line.startswith("# ")) <= WIDTH
