"""The JSON schema of a settings file, with which editors complete and check it."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from typing import Any

from pydantic import Field, create_model

from convergence_callbacks.config.schema import schema
from convergence_callbacks.core.criterion import Composition, Criterion
from convergence_callbacks.core.spec import known_criteria

_CRITERION = {"$ref": "#/$defs/Criterion"}


def json_schema() -> dict[str, Any]:
    """The schema of a settings file, from the same declarations that it is read by."""
    made = schema().model_json_schema()
    kinds = [
        kind for _, kind in sorted(known_criteria().items()) if kind.__module__.startswith("convergence_callbacks.")
    ]
    made["$defs"]["Criterion"] = {
        "anyOf": [
            {"enum": [kind.name for kind in kinds if not _required(kind)]},
            {
                "type": "object",
                "properties": {kind.name: _settings(kind) for kind in kinds},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }
    about = made["properties"]["criteria"]["description"]
    several = {"type": "array", "items": _CRITERION, "minItems": 1}
    made["properties"]["criteria"] = {"anyOf": [{"type": "null"}, _CRITERION, several], "description": about}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "Settings of convergence-callbacks",
    }


def _required(kind: type[Criterion]) -> list[str]:
    if issubclass(kind, Composition):
        return ["criteria"]
    return [field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]  # type: ignore[arg-type]


def _settings(kind: type[Criterion]) -> dict[str, Any]:
    """What may stand behind a criterion's name: its settings, or the first of them alone."""
    about = (inspect.getdoc(kind) or "").splitlines()[0]
    if issubclass(kind, Composition):
        return {"type": "array", "items": _CRITERION, "minItems": 1, "description": about}
    hints = typing.get_type_hints(kind)
    fields: dict[str, Any] = {
        field.name: (
            hints[field.name],
            Field(... if field.name in _required(kind) else field.default, **field.metadata),
        )
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]  # every criterion is a dataclass
    }
    named = create_model(kind.__name__, **fields).model_json_schema() | {"additionalProperties": False}
    alone = [named["properties"][name] for name in list(fields)[:1]]
    nothing = [] if _required(kind) else [{"type": "null"}]
    return {"anyOf": [named, *alone, *nothing], "description": about}
