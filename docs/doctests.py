"""Doctests of docstrings as code: without a heading of their own they would be taken for text."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

STORY = re.compile(r"^( *)>>> .*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


class Doctests(Extension):
    """Griffe asks this of each thing that it has read."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Put each story of a docstring between fences."""
        if obj.docstring:
            obj.docstring.value = STORY.sub(r"\1```pycon\n\g<0>\n\1```", obj.docstring.value)
