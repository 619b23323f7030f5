"""Constructors that take declared settings, with their parameters and docstrings: they come from the declaration."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from griffe import Docstring, Extension, Function, Parameter, ParameterKind, Parameters


class Constructors(Extension):
    """Griffe asks this of each function that it has read."""

    def on_function(self, *, func: Function, **kwargs: Any) -> None:
        """Give a constructor that ``takes`` a declaration what it has when the program runs."""
        if not any(str(decorator.value).startswith("takes(") for decorator in func.decorators) or func.parent is None:
            return
        owner = getattr(importlib.import_module(func.module.path), func.parent.name)
        func.docstring = Docstring(inspect.getdoc(owner.__init__) or "", parent=func)
        signature = inspect.signature(owner.__init__, eval_str=False)
        func.parameters = Parameters(*map(_parameter, signature.parameters.values()))


def _parameter(parameter: inspect.Parameter) -> Parameter:
    kind = getattr(ParameterKind, parameter.kind.name.lower())
    has_default = parameter.default is not inspect.Parameter.empty
    annotation = inspect.formatannotation(parameter.annotation)
    return Parameter(
        parameter.name,
        kind=kind,
        annotation=None if parameter.name == "self" else annotation.replace("convergence_callbacks.core.", ""),
        default=repr(parameter.default) if has_default else None,
    )
