"""The JSON schema of a settings file, with which editors complete and check it."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.values import schema_of
from convergence_callbacks.core.criterion import Composition, Criterion
from convergence_callbacks.core.fields import fields_of
from convergence_callbacks.core.settings import A_CRITERION
from convergence_callbacks.core.spec import known_criteria


def json_schema() -> dict[str, Any]:
    """The schema of a settings file, from the same declarations that it is read by."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of convergence-callbacks",
        "type": "object",
        "properties": _properties(CallbackSettings),
        "additionalProperties": False,
        "$defs": {"Criterion": _a_criterion()},
    }


def _a_criterion() -> dict[str, Any]:
    shipped = [
        kind for _, kind in sorted(known_criteria().items()) if kind.__module__.startswith("convergence_callbacks.")
    ]
    by_name = {
        "type": "object",
        "properties": {kind.name: _settings(kind) for kind in shipped},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"enum": [kind.name for kind in shipped if not _required(kind)]}, by_name]}


def _settings(kind: type[Criterion]) -> dict[str, Any]:
    """The schema of what follows a criterion's name: its settings, or the first of them alone."""
    summary = (inspect.getdoc(kind) or "").splitlines()[0]
    if issubclass(kind, Composition):
        return {"type": "array", "items": A_CRITERION, "minItems": 1, "description": summary}
    properties, required = _properties(kind), _required(kind)
    named = {"type": "object", "properties": properties, "additionalProperties": False}
    named |= {"required": required} if required else {}
    nothing = [] if required else [{"type": "null"}]
    return {"anyOf": [named, *list(properties.values())[:1], *nothing], "description": summary}


def _properties(declaration: Any) -> dict[str, Any]:
    return {field.name: schema_of(declaration, field.name) for field in fields_of(declaration)}


def _required(kind: type[Criterion]) -> list[str]:
    if issubclass(kind, Composition):
        return ["criteria"]
    return [field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]  # type: ignore[arg-type]
