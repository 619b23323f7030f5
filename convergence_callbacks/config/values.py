"""The values that a setting takes, in words and in JSON schema."""

from __future__ import annotations

import dataclasses
from typing import Any

from convergence_callbacks.core.fields import BOUNDS, about, declared, range_of


def values_of(declaration: Any, name: str) -> str:
    """The values of a setting in words: ``a whole number, at least 1``."""
    field, kind = declared(declaration)[name]
    return ", ".join(filter(None, (kind.words, range_of(field))))


def schema_of(declaration: Any, name: str) -> dict[str, Any]:
    """The JSON schema of a setting, with its description, its range and its default."""
    field, kind = declared(declaration)[name]
    bounds = {bound.schema: field.metadata[key] for key, bound in BOUNDS.items() if key in field.metadata}
    parts = [{**part, **(bounds if part.get("type") in {"number", "integer"} else {})} for part in kind.schemas]
    parts += [{"type": "null"}] if field.default is None else []
    has_default = field.default is not dataclasses.MISSING and field.default is not None
    return {
        "description": about(field),
        **(parts[0] if len(parts) == 1 else {"anyOf": parts}),
        **({"default": field.default} if has_default else {}),
    }
