import json
import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from convergence_callbacks import AllOf, AnyOf, MaxEpochs, Patience, SettingsError, TargetLoss, TimeBudget, Verdict
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.read import MAX_BYTES, read_settings
from convergence_callbacks.config.template import dump
from convergence_callbacks.core.spec import known_criteria
from tests.core.criteria.test_contract import CRITERIA

each_criterion = pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion.name)


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a text or bytes as convergence.yaml."""
    monkeypatch.chdir(tmp_path)

    def read_content(content):
        if isinstance(content, str):
            content = textwrap.dedent(content).encode()
        (tmp_path / "convergence.yaml").write_bytes(content)
        return read_settings("convergence.yaml")

    return read_content


@pytest.fixture
def complaints(read):
    """What is wrong with a file, a line for each thing."""

    def read_wrong(content):
        with pytest.raises(SettingsError) as caught:
            read(content)
        return str(caught.value).splitlines()

    return read_wrong


def test_only_what_the_file_gives_is_returned(read):
    assert read("tolerance: 0.02\nmode: max\n") == {"tolerance": 0.02, "mode": "max"}


def test_values_are_those_that_python_would_be_given(read):
    given = read("stop_on: [diverged]\ncriteria: [patience: 3, target_loss: 0.5]\nlr_schedule: [0.1, 1]\n")
    assert given == {
        "stop_on": (Verdict.DIVERGED,),
        "criteria": AnyOf.of(Patience(3), TargetLoss(0.5)),
        "lr_schedule": [0.1, 1],
    }


@pytest.mark.parametrize("content", ["", "\n# nothing\n", "---\n", "---\n...\n", "{}", "null", b"\xef\xbb\xbf"])
def test_an_empty_file_gives_nothing(read, content):
    assert read(content) == {}


def test_a_byte_order_mark_is_no_part_of_the_first_name(read):
    assert read(b"\xef\xbb\xbftolerance: 0.02\r\nverbose: false\r\n") == {"tolerance": 0.02, "verbose": False}


@pytest.mark.parametrize(
    ("text", "number"), [("1e-3", 1e-3), ("1E-3", 1e-3), (".5", 0.5), ("0.5", 0.5), ("+1.e-1", 0.1)]
)
def test_numbers_are_those_of_yaml_1_2(read, text, number):
    assert read(f"tolerance: {text}\n") == {"tolerance": number}


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("0o17", 15), ("0x1F", 31), ("007", 7), ("~", None)])
def test_whole_numbers_are_those_of_yaml_1_2(read, text, number):
    assert read(f"max_epochs: {text}\n") == {"max_epochs": number}


def test_a_directive_for_yaml_1_1_changes_no_value(complaints):
    assert complaints("%YAML 1.1\n---\nverbose: off\n") == [
        "convergence.yaml, line 3: verbose must be 0, 1 or 2, or true or false, got 'off'"
    ]


def test_a_whole_number_is_taken_for_a_number(read):
    assert read("baseline_loss: 2\n") == {"baseline_loss": 2}


WRONG = {
    "tolerence: 0.1": "unknown setting 'tolerence'; did you mean 'tolerance'? Known: "
    + ", ".join(sorted(CallbackSettings.__dataclass_fields__)),
    "max_epochs: 0": "max_epochs must be at least 1, got 0",
    'max_epochs: "10"': "max_epochs must be a whole number, got '10'",
    "max_epochs: 1.0": "max_epochs must be a whole number, got 1.0",
    "max_epochs: 1_000": "max_epochs must be a whole number, got '1_000'",
    "max_epochs: 2020-01-01": "max_epochs must be a whole number, got '2020-01-01'",
    "min_epochs: -1": "min_epochs must be at least 0, got -1",
    "tolerance: 0": "tolerance must be above 0, got 0",
    "tolerance: 1": "tolerance must be below 1, got 1",
    "tolerance:": "tolerance must be a number, got nothing",
    "tolerance: '0.1'": "tolerance must be a number, got '0.1'",
    "baseline_loss: true": "baseline_loss must be a number, got True",
    "baseline_loss: .nan": "baseline_loss must be finite, got nan",
    "target_loss: -.inf": "target_loss must be finite, got -inf",
    "target_loss: 1e999": "target_loss must be finite, got inf",
    "verbose: 3": "verbose must be 0, 1 or 2, or true or false, got 3",
    "verbose: yes": "verbose must be 0, 1 or 2, or true or false, got 'yes'",
    "mode: mix": "mode must be 'auto', 'min' or 'max', got 'mix'",
    "val_metric: 3": "val_metric must be a text, got 3",
    "lr_schedule: 0.1": "lr_schedule must be a list of numbers, or in Python a function of the epoch, got 0.1",
    "lr_schedule: [0.1, a]": "item 2 of lr_schedule must be a number, got 'a'",
    "lr_schedule: [.inf]": "item 1 of lr_schedule must be finite, got inf",
    "stop_on: converged": "stop_on must be 'finished', 'any', 'nothing' or a list of verdicts such as [converged], got "
    "'converged'",
    "stop_on: all": "stop_on must be 'finished', 'any', 'nothing' or a list of verdicts, got 'all'",
    "stop_on: [diverging]": "unknown verdict 'diverging'; did you mean 'diverged'? Known: "
    + ", ".join(sorted(Verdict)),
    "criteria: []": "criteria needs a list of criteria, got []",
    "criteria: 3": "a criterion is a name, or one name with its settings, got 3",
    "criteria: [null]": "a criterion is missing here",
    "criteria: {patience: -3}": "patience must be at least 1, got -3",
    "criteria: {patience: {min_delta: 1%%}}": "min_delta must be a number or a percentage such as '0.5%', got '1%%'",
    "criteria: {target_loss: .nan}": "target must be finite, got nan",
    "criteria: {time_budget: {}}": "time_budget needs hours",
    "criteria: {time_budget: {hour: 2}}": "unknown setting 'hour' of time_budget; did you mean 'hours'? Known: hours",
    "5: 5": "the name of a setting is a text, got 5",
    "[a]: 5": "the name of a setting is a text, got a list",
    "verbose: !!python/object/apply:os.system [ls]": "tags (!!python/object/apply:os.system) are not read in a "
    "settings file; write the value alone",
    "tolerance: !!float 0.1": "tags (!!float) are not read in a settings file; write the value alone",
    "tolerance: *other": "aliases (*other) are not read in a settings file; write the value itself",
    f"target_loss: 1{'0' * 5000}": "no number is as large as 100000000000…",
    f"target_loss: 1{'0' * 310}": "no number is as large as 100000000000…",
    "just text": "a settings file holds lines such as 'tolerance: 0.01', not 'just text'",
    "- tolerance: 0.1": "a settings file holds lines such as 'tolerance: 0.01', not a list",
}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[:40])
def test_each_mistake_is_reported_with_its_line_and_what_was_expected(complaints, line):
    assert complaints(f"# a comment\n\n{line}\n") == [f"convergence.yaml, line 3: {WRONG[line]}"]


def test_an_unknown_criterion_is_reported_with_the_nearest_one(complaints):
    (line,) = complaints("criteria: patince\n")
    assert line.startswith("convergence.yaml, line 1: unknown criterion 'patince'; did you mean 'patience'? Known: ")


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(complaints):
    lines = complaints(
        """\
        tolerance: 2
        mode: mix
        tolerance: 0.1
        stop_on:
          - converged
          - diverging
          - exploded
        criteria:
          - patience:
              patience: -3
              warmap: 2
              min_delta: -1
          - all_of:
              - max_epochs: 0
              - any_of:
                  - time_budget:
                      hours: 0
                  - patince
        strict: maybe
        """
    )
    starts = [
        (1, "tolerance must be below 1, got 2"),
        (2, "mode must be 'auto', 'min' or 'max'"),
        (3, "setting 'tolerance' is given twice, first in line 1"),
        (6, "unknown verdict 'diverging'"),
        (7, "unknown verdict 'exploded'"),
        (10, "patience must be at least 1, got -3"),
        (11, "unknown setting 'warmap' of patience; did you mean 'warmup'?"),
        (12, "min_delta must be at least 0, got -1"),
        (14, "epochs must be at least 1, got 0"),
        (17, "hours must be above 0, got 0"),
        (18, "unknown criterion 'patince'"),
        (19, "strict must be true or false, got 'maybe'"),
    ]
    assert len(lines) == len(starts)
    for line, (number, start) in zip(lines, starts, strict=True):
        assert line.startswith(f"convergence.yaml, line {number}: {start}")


def test_a_setting_that_is_wrong_is_not_also_called_missing(complaints):
    assert len(complaints("criteria: {time_budget: {hours: -1}}\n")) == 1


def test_settings_that_do_not_go_together_are_reported_with_their_line(complaints):
    assert complaints("strict: true\nevery_n_steps: 10\nprobe: true\n") == [
        "convergence.yaml, line 2: every_n_steps can't be used together with probe"
    ]


def test_a_single_mistake_knows_the_keys_that_lead_to_it(read):
    with pytest.raises(SettingsError) as caught:
        read("criteria: [default, patience: {patience: 0}]\n")
    assert caught.value.at == ("criteria", 1, "patience", "patience")


@pytest.mark.parametrize(
    ("content", "start"),
    [
        ("mode: min\ntolerance: [0.1\nverbose: true\n", "line 3, column 8: no valid YAML: "),
        ("mode: min\n\ttolerance: 0.1\n", "line 2, column 1: no valid YAML: "),
        ("mode: 'min\n", "line 2, column 1: no valid YAML: while scanning a quoted scalar"),
        ("mode: min\nmode: \x00\n", "line 2, column 7: the character #x00 is not allowed in YAML"),
        (b"\xef\xbb\xbfmode: @\n", "line 1, column 7: no valid YAML: "),
        (b"mode: min\n# gr\xfc\xdfe\n", "line 2, column 5: not written in UTF-8 (byte 0xfc); save it as UTF-8"),
        ("mode: min".encode("utf-16"), "line 1, column 1: not written in UTF-8 (byte 0xff)"),
        ("mode: min\n---\nmode: max\n", "line 2, column 1: a settings file is one document, here begins a second"),
        ('mode: "\\UFFFFFFFF"\n', "line 1, column 1: no valid YAML: "),
        ("[" * 100_000, "line 1, column 22: nested more than 20 levels deep"),
        ("criteria: " + "{all_of: [" * 50, "nested more than 20 levels deep"),
        ("- " * 50_000, "nested more than 20 levels deep"),
        (b"#" * (MAX_BYTES + 1), "line 1, column 1: larger than 256 kB, no settings file is"),
    ],
)
def test_what_is_no_yaml_is_reported_with_line_and_column(complaints, content, start):
    (line,) = complaints(content)
    assert line.startswith("convergence.yaml, line ") and start in line


def test_a_few_bytes_can_not_stand_for_a_billion_values(complaints):
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    messages = complaints("a0: &a0 lol\n" + "\n".join(levels))
    assert sum("aliases (*a" in line for line in messages) == 9 * len(levels)


def test_a_missing_file_is_the_systems_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_settings(tmp_path / "missing.yaml")


@each_criterion
def test_a_criterion_written_to_yaml_is_read_back_the_same(read, criterion):
    assert read(f"criteria: {dump(criterion.to_dict())}\n") == {"criteria": criterion}


def test_no_criterion_is_left_out_of_the_round_trip():
    ours = {name for name, kind in known_criteria().items() if kind.__module__.startswith("convergence_callbacks.")}
    assert {criterion.name for criterion in CRITERIA} == ours


@pytest.mark.parametrize(
    "composition",
    [
        Patience(3, min_delta="0.5%") & TargetLoss(-0.5) | TimeBudget(0.25),
        Patience() & (TargetLoss(1e-9) | MaxEpochs(7)),
        AllOf.of(AnyOf.of(Patience(1), Patience(2)), AnyOf.of(Patience(3))),
        AnyOf.of(*CRITERIA),
    ],
    ids=["or", "and", "nested", "all known"],
)
def test_a_composition_written_to_yaml_is_read_back_the_same(read, composition, tmp_path):
    with (tmp_path / "other.yaml").open("w") as file:
        YAML().dump({"criteria": composition.to_dict()}, file)
    assert read((tmp_path / "other.yaml").read_bytes()) == {"criteria": composition}


def test_reading_settings_needs_no_framework():
    code = (
        "import sys, convergence_callbacks.config.read; print({'torch', 'keras', 'typer', 'rich'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


NAMES = [*CallbackSettings.__dataclass_fields__, *known_criteria(), "epochs", "hours", "converged", "", "é"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NAMES) | st.text(max_size=5)
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
CONTENTS = (
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text(alphabet="ab:-[]{},*&!|>'\"\\#%?\n\t 01.", max_size=40).map(str.encode)
    | st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=4).map(lambda values: json.dumps(values).encode())
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=CONTENTS)
def test_any_file_is_read_or_refused_and_nothing_else(tmp_path, content):
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    try:
        found = read_settings(path)
    except SettingsError as error:
        assert all(line.startswith(f"{path}, line ") for line in str(error).split("\n"))
    else:
        CallbackSettings(**found)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), value=NESTED)
def test_a_file_is_refused_where_python_refuses_the_value(tmp_path, name, value):
    path = tmp_path / "any.yaml"
    path.write_text(json.dumps({name: value}))
    value = json.loads(json.dumps(value), parse_constant=str)  # YAML writes .nan: JSON's NaN is a text there
    try:
        CallbackSettings(**{name: value})
    except (SettingsError, TypeError):
        with pytest.raises(SettingsError):
            read_settings(path)
    else:
        assert list(read_settings(path)) == [name]


def test_an_error_of_a_criterion_among_the_settings_has_its_place(tmp_path):
    path = tmp_path / "convergence.yaml"
    path.write_text("patience: 10\n")
    with pytest.raises(SettingsError, match=r"line 1: 'patience' is a criterion; it belongs below 'criteria:'"):
        read_settings(path)
