"""The sidebar of the site has what docs/index.md lists, under the same headings."""

import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"^## ([^:\n]+).*\n((?:(?!## ).*\n?)*)", re.MULTILINE)
LISTED = re.compile(r"^- \[([^\]]+)\]\(([^)#]+)\.md\)", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", _add_toctrees)
    return {"parallel_read_safe": True}


def _add_toctrees(app: Sphinx, page: str, source: list[str]) -> None:
    if page == app.config.root_doc:
        source[0] += "".join(toctrees(source[0]))


def toctrees(index: str) -> Iterator[str]:
    """One directive for each section of the index that lists pages."""
    for heading, text in SECTION.findall(index):
        pages = [f"{title.replace('`', '')} <{page}>" for title, page in LISTED.findall(text)]
        if pages:
            yield "\n".join(
                ["\n```{toctree}", ":hidden:", f":caption: {heading}", "", *pages, "```\n"]
            )
