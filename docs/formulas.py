"""Formulas of the docs, TeX between dollars, as MathML: browsers draw it without a script, and GitHub knows it too."""

from __future__ import annotations

import re
from typing import Any

from latex2mathml.converter import convert

BLOCK = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<![\w$])\$([^$\n]+)\$(?![\w$])")


def on_page_markdown(markdown: str, **page: Any) -> str:
    """MkDocs asks this of each page before it becomes HTML; a page without a block has no formulas."""
    if not BLOCK.search(markdown):
        return markdown
    with_blocks = BLOCK.sub(lambda found: convert(found[1], display="block"), markdown)
    return INLINE.sub(
        lambda found: f"<span>{convert(found[1])}</span>", with_blocks
    )  # no block, at the start of a line neither
