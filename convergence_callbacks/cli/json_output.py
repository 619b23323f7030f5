"""What the commands print as JSON, and the JSON schemas that scripts can rely on.

Every document is made from data classes, and its schema from the same ones: a field that is added, or changes its
type, changes both. The schemas ship in the folder `schemas` beside this file.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergence_callbacks.compare import Comparison, RuleResult
from convergence_callbacks.core.observation import plain_number
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.ending import NotJudged
from convergence_callbacks.logs.columns import OPTIONS
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.run import Run
from convergence_callbacks.record.verify import Verification
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling.reading import sentence

SCHEMAS = Path(__file__).parent / "schemas"
"""The folder with the schemas as they ship, a file for each document: ``replay.json``, ``compare.json`` and so on."""

Schema = dict[str, Any]

OF_NAME: Mapping[str, Schema] = {
    "verdict": {"enum": [verdict.value for verdict in Verdict]},
    "stop_verdict": {"enum": [*(verdict.value for verdict in Verdict), None]},
    "not_judged": {"type": "array", "items": {"enum": [each.value for each in NotJudged]}},
    "not_known": {"type": "array", "items": {"type": "string"}},
    "assumed": {"type": "array", "items": {"type": "string"}},
}
"""Schemas of fields whose type alone is not enough."""

PLAIN: Mapping[Any, str] = {str: "string", int: "integer", bool: "boolean", float: "number", types.NoneType: "null"}


@dataclass(frozen=True)
class TakenColumn:
    """A column that was taken.

    Args:
        role: What it is: train, val, lr, epoch, step, time or energy.
        column: Its name; null where none was found.
        why: Why it was taken, or why none was.
    """

    role: str
    column: str | None
    why: str


@dataclass(frozen=True)
class HowRead:
    """How a run was read.

    Args:
        run: What it is called.
        path: The file or folder that it was read from.
        format: The name of the reader.
        recognised: Why the log was taken for one of this format.
        unit: What a step is.
        steps: How many steps it took.
        counts_from: The number that the log itself gives the first step.
        planned: Steps that were planned; null if unknown.
        patience: Epochs without improvement after which the project itself would have stopped; null if unknown.
        schedule: The kind of schedule of the learning rate; empty if unknown.
        columns: What was taken for what.
        ignored: The other columns.
        evidence: What of the log itself the reading is from, a line each.
        assumed: What was assumed without a word for it in the log, and what is doubtful, a sentence each.
        notes: What was mended or left out, a sentence each.
    """

    run: str
    path: str
    format: str
    recognised: str
    unit: str
    steps: int
    counts_from: int
    planned: int | None
    patience: int | None
    schedule: str
    columns: tuple[TakenColumn, ...]
    ignored: tuple[str, ...]
    evidence: tuple[str, ...]
    assumed: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, run: Run) -> HowRead:
        """How a run was read."""
        taken = tuple(TakenColumn(role, getattr(run.columns, role), run.columns.why.get(role, "")) for role in OPTIONS)
        own = {"run", "path", "columns", "ignored", "assumed"}
        same = (each.name for each in dataclasses.fields(cls) if each.name not in own)
        return cls(
            run=run.name,
            path=str(run.path),
            columns=taken,
            ignored=run.columns.ignored,
            assumed=tuple(map(sentence, run.assumed)),
            **{name: getattr(run, name) for name in same},
        )


def explained(runs: Iterable[Run], problems: Iterable[LogError]) -> str:
    """The document of ``replay --explain-columns --json``."""
    read = [dataclasses.asdict(HowRead.of(run)) for run in runs]  # before the problems, which are found in reading
    return _text({"runs": read, "problems": list(map(_problem, problems))})


def replayed(summaries: Iterable[Summary], problems: Iterable[LogError]) -> str:
    """The document of ``replay --json``."""
    return _text({"runs": [summary.to_dict() for summary in summaries], "problems": list(map(_problem, problems))})


def compared(comparison: Comparison, lose: float, baseline: str) -> str:
    """The document of ``compare --json``."""
    suited = comparison.suited(lose)
    return _text(
        {
            "runs": comparison.runs,
            "without_gain": comparison.without_gain,
            "rules": [dataclasses.asdict(result) for result in comparison.rules],
            "assumed": [
                {"run": run, "assumed": list(map(sentence, assumed))} for run, assumed in comparison.assumed if assumed
            ],
            "suited": suited.rule if suited else None,
            "baseline": baseline,
            "problems": list(map(_problem, comparison.problems)),
        }
    )


def verified(verification: Verification) -> str:
    """The document of ``replay --verify --json``."""
    return _text({"is_confirmed": verification.is_confirmed, **dataclasses.asdict(verification)})


def schemas() -> dict[str, Schema]:
    """The schema of each document, by the name of its file without the ending."""
    problem = _object({"path": _either("string", "null"), "line": _either("integer", "null"), "message": _of(str)})
    problems = {"type": "array", "items": problem, "description": "What could not be read."}
    count = {"type": "integer", "minimum": 0}
    return {
        "replay": _document(
            "convergence replay --json",
            {"runs": {"type": "array", "items": _of_class(Summary)}, "problems": problems},
        ),
        "explain-columns": _document(
            "convergence replay --explain-columns --json",
            {"runs": {"type": "array", "items": _of_class(HowRead)}, "problems": problems},
        ),
        "compare": _document(
            "convergence compare --json",
            {
                "runs": count | {"description": "How many runs were judged."},
                "without_gain": count | {"description": "How many more gained nothing, and are left out."},
                "rules": {"type": "array", "items": _of_class(RuleResult)},
                "assumed": {
                    "type": "array",
                    "items": _object({"run": _of(str), "assumed": OF_NAME["assumed"]}),
                    "description": "What was assumed in reading a run, of each of which something was.",
                },
                "suited": _either("string", "null") | {"description": "The rule that suits the runs."},
                "baseline": _of(str) | {"description": "The rule that the others are set against; empty for none."},
                "problems": problems,
            },
        ),
        "verify": _document(
            "convergence replay --verify --json",
            {"is_confirmed": _of(bool), **_of_class(Verification)["properties"]},
        ),
    }


def written(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(_plain(document), indent=1, ensure_ascii=True, allow_nan=False)


def _plain(value: Any) -> Any:
    """A value with numbers that JSON knows: those that are not finite become texts."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return plain_number(value) if isinstance(value, float) else value


def _problem(error: LogError) -> dict[str, Any]:
    return {"path": None if error.path is None else str(error.path), "line": error.line, "message": error.message}


def _document(title: str, properties: Mapping[str, Schema]) -> Schema:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_object(properties)}


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _of_class(kind: type[Any]) -> Schema:
    """The schema of a data class, with the descriptions of its docstring."""
    hints, described = typing.get_type_hints(kind), _described(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    return _object({name: {**_of_field(name, hints[name]), "description": described[name]} for name in names})


def _of_field(name: str, kind: Any) -> Schema:
    return OF_NAME.get(name) or _of(kind)


def _of(kind: Any) -> Schema:
    """The schema of a type; a number that is not finite is a text."""
    if kind is float:
        return {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _of_class(kind)
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": _of(arguments[0])}
        return {"type": "array", "prefixItems": [_of(each) for each in arguments], "items": False}
    return {"anyOf": [_of(each) for each in arguments]}


def _either(*names: str) -> Schema:
    return {"type": list(names)}


def _described(kind: type[Any]) -> dict[str, str]:
    """Descriptions of the fields of a data class, from its docstring."""
    _, _, arguments = (inspect.getdoc(kind) or "").partition("Args:\n")
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", arguments, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}
