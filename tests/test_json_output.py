"""What the commands print as JSON is what the schemas that ship say."""

import gc
import json

import jsonschema
import pytest
from typer.testing import CliRunner

from convergence_callbacks import Monitor, Observation
from convergence_callbacks.cli import app
from convergence_callbacks.cli.json_output import SCHEMAS, schemas, written
from convergence_callbacks.record import DecisionRecord
from tests.logs.make import write_csv
from tests.logs.test_cases import CASES


def printed(*arguments, status=0):
    gc.collect()  # what another test left prints its last line now, not in between
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code in {status, 4}, result.output
    return json.loads(result.stdout)


def shipped(name):
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def test_what_ships_is_what_the_classes_say():
    files = {path.stem: path.read_text(encoding="utf-8") for path in SCHEMAS.iterdir()}
    assert files == {name: written(schema) for name, schema in schemas().items()}


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(shipped(name))


def test_a_replay_keeps_to_its_schema(tmp_path):
    content = printed("replay", CASES, "--baseline", "patience:3", "--json", status=1)
    assert len(content["runs"]) > 5 and len(content["problems"]) > 2
    jsonschema.validate(content, shipped("replay"))


def test_a_replay_of_what_is_no_number_keeps_to_its_schema(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["epoch", "val_loss"], [(e, "nan") for e in range(9)])
    jsonschema.validate(printed("replay", path, "--json"), shipped("replay"))


def test_the_explained_columns_keep_to_their_schema():
    content = printed("replay", CASES, "--explain-columns", "--json", status=1)
    jsonschema.validate(content, shipped("explain-columns"))
    assert len(content["runs"]) > 5 and len(content["problems"]) > 2
    read = next(each for each in content["runs"] if each["path"].endswith("tb_two_counters"))
    assert read["format"] == "TensorBoard" and any("by the epoch" in each for each in read["assumed"])
    assert {each["role"]: each["column"] for each in read["columns"]}["energy"] is None


def test_a_comparison_keeps_to_its_schema():
    options = ["--rules", "default,patience:3", "--engine", "none", "--baseline", "patience:10", "--json"]
    content = printed("compare", CASES, *options, status=1)
    assert content["baseline"] == "patience:10" and content["problems"]
    jsonschema.validate(content, shipped("compare"))


def test_a_verification_keeps_to_its_schema(tmp_path):
    monitor = Monitor()
    record = DecisionRecord(tmp_path / "record.jsonl", monitor)
    for step in range(5):
        seen = Observation(step=step, val_loss=1 / (step + 1))
        record(seen, monitor.observe(seen))
    record.close()
    jsonschema.validate(printed("replay", tmp_path / "record.jsonl", "--verify", "--json"), shipped("verify"))


def test_another_field_is_seen():
    schema = shipped("compare") | {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"runs": 1}, schema)
